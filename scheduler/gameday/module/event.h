/* Events as lines of session.jsonl, and what of them who does not know is told. */
#ifndef ORDEAL_GAMEDAY_EVENT_H
#define ORDEAL_GAMEDAY_EVENT_H

#include <jansson.h>

#include "scheduler/gameday/module/day.h"
#include "scheduler/gameday/module/machine.h"

/* Owned; NULL: out of memory. */
json_t *day_event_json(const struct day_event *e, size_t n_steps);
/* Texts are borrowed from the line. -1: it is no event of a day of so many steps. */
int day_event_read(const json_t *line, size_t n_steps, struct day_event *ret);

/*
 * The same for who does not know; owned, NULL: they are told nothing. s is the session before the
 * event. What of a hidden step they may read is listed, not what they may not.
 */
json_t *day_view(const struct day *day, const struct day_session *s, const struct day_event *e);
/* The first line of either file. */
json_t *day_head(const struct day *day, const char *id, uint64_t at_ns);

/* A line of either file for people. titles: of the head's steps. */
void day_say(const json_t *line, const json_t *head, FILE *out);

#endif
