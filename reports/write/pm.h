/*
 * What the files of the post-mortem share: a writer of Markdown or HTML that keeps what people
 * wrote, the questions at the gaps, the sections and the rules of wording (docs/formats/
 * postmortem.md).
 */
#ifndef ORDEAL_REPORTS_WRITE_PM_H
#define ORDEAL_REPORTS_WRITE_PM_H

#include <stdio.h>

#include "ordeal/report.h"
#include "reports/analysis.h"
#include "reports/write/rows.h"

struct ord_pm {
	FILE *out;
	bool html;
	const char *old; /* the Markdown that stands there now, NULL: none; borrowed */
	const struct ord_analysis *const *runs;
	size_t n;			 /* the first is the incident */
	const struct ord_analysis *main; /* runs[0] */
	const struct ord_rep *rep;	 /* its most telling repetition */
	const struct ord_postmortem_options *options;
};

/* ---- pm_out.c */

/* id: a place to go to, in HTML. */
void ord_pm_heading(const struct ord_pm *pm, unsigned level, const char *text, const char *id);
__attribute__((format(printf, 2, 3))) void ord_pm_text(const struct ord_pm *pm, const char *fmt,
						       ...);
void ord_pm_list(const struct ord_pm *pm, bool begin);
__attribute__((format(printf, 2, 3))) void ord_pm_item(const struct ord_pm *pm, const char *fmt,
						       ...);
/* Lines that are shown as they stand. */
void ord_pm_code(const struct ord_pm *pm, const char *text);
/* heads: NULL-ended. */
void ord_pm_table(const struct ord_pm *pm, const char *caption, const char *const *heads);
/* The cells of a row, NULL-ended. noted: one more, which people fill; it is kept. */
void ord_pm_row(const struct ord_pm *pm, const char *const *cells, bool noted);
void ord_pm_table_end(const struct ord_pm *pm);
/* A place for people, with a question; what they wrote there is kept. */
void ord_pm_blank(const struct ord_pm *pm, const char *id, const char *question);
/* The same with words of ours that people may change. */
void ord_pm_default(const struct ord_pm *pm, const char *id, const char *text);

/* ---- pm_written.c: what people wrote, from Markdown to HTML */

void ord_pm_written(const char *text, size_t len, FILE *out);

/* ---- pm_gaps.c: where the timeline is silent, pure */

#define ORD_PM_QUESTIONS_MAX 8

enum ord_pm_gap {
	ORD_PM_GAP_LONGEST,    /* between two rows while the impact lasted */
	ORD_PM_GAP_NO_PERSON,  /* from the impact to the first word of a person */
	ORD_PM_GAP_SUPPRESSED, /* an alert that nobody was told of */
};

struct ord_pm_question {
	enum ord_pm_gap gap;
	int64_t from, to;  /* ns on the run's clock */
	bool unnoticed;	   /* no channel had reported by then */
	bool no_end;	   /* nobody ever: `to` is the repetition's end */
	const char *alert; /* of a suppressed one */
};

/* In the order of the enum; how many. */
size_t ord_pm_find_gaps(const struct ord_analysis *a, const struct ord_rep *r,
			const struct ord_rows *rows,
			struct ord_pm_question ret[static ORD_PM_QUESTIONS_MAX]);

/* ---- pm_lint.c: words that a post-mortem does without */

/* The first such word in the text, NULL: none; *ret_at is where. What stands in backquotes is
 * another's, and is passed over. */
const char *ord_pm_lint(const char *text, const char **ret_at);

/* ---- the sections (pm_facts.c, pm_timeline.c), by name */

typedef void ord_pm_part(const struct ord_pm *pm);

ord_pm_part ord_pm_meta, ord_pm_summary, ord_pm_promises, ord_pm_impact, ord_pm_trigger,
	ord_pm_cause, ord_pm_detection, ord_pm_response, ord_pm_recovery, ord_pm_well, ord_pm_wrong,
	ord_pm_lucky, ord_pm_actions, ord_pm_timeline, ord_pm_support, ord_pm_covered;

/* "2026-11-21 07:33:30" of an instant of the run; out of 32 bytes. */
const char *ord_pm_utc(const struct ord_analysis *a, int64_t t, char out[static 32]);

#endif
