/* What a step's run came to, from its report.json: figures are made there, and only told here. */
#ifndef ORDEAL_GAMEDAY_FIGURES_H
#define ORDEAL_GAMEDAY_FIGURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SPAN_TEXT 96

/* The report of the run in that folder; NULL: there is none. Owned. */
json_t *figures_load(const char *dir);
/* The repetitions that were run, without the placebo: the n-th, or NULL. */
const json_t *figures_repetition(const json_t *report, size_t n);

/* "4.77 s [4.77, 4.83]", "not within 19.94 s", "-" */
const char *figures_span(const json_t *span, char out[static SPAN_TEXT]);
/* Of a span and what was expected: "within", "later", "cannot be told"; "" where nothing was. */
const char *figures_compare(const json_t *span, uint64_t expected_ns);

/* The first detection after the impact, of a channel or of a person; NULL: there was none. Owned:
 * a SPAN with `channel`. A censored one where somebody could have told and did not. */
json_t *figures_first_detection(const json_t *repetition);
/* From the instant of the impact to that one: a span; NULL without either. Owned. */
json_t *figures_from_impact(const json_t *repetition, const json_t *instant);

/* Text that Markdown leaves as it is. */
void figures_text(FILE *out, const char *text);

#endif
