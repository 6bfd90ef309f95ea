/* What a day came to: facts, and a draft with places for people. */
#ifndef ORDEAL_GAMEDAY_REPORT_H
#define ORDEAL_GAMEDAY_REPORT_H

#include "scheduler/gameday/module/session.h"

#define REPORT_FILE    "report.md"
#define DRAFT_FILE     "postmortem.md"
#define DRAFTS_OF_RUNS "postmortems"

/* A session with the reports of its runs. */
struct day_report {
	const struct session *s;
	json_t *runs[ORD_GAMEDAY_STEPS_MAX]; /* owned; NULL: the step has no run, or no report */
	json_t *events;			     /* owned: the lines of session.jsonl */
};

int day_report_read(const struct session *s, struct day_report *ret, struct ord_err *err);
void day_report_done(struct day_report *r);

/* The table of what was expected and what came. */
void day_report_expected(const struct day_report *r, FILE *out);
/* How each step stands, with its checks. */
void day_report_steps(const struct day_report *r, FILE *out);
/* Session and runs in one, in order; notes: a last column for people. */
void day_report_timeline(const struct day_report *r, bool notes, FILE *out);
/* draft.c: the day's post-mortem. */
void day_report_draft(const struct day_report *r, FILE *out);

/*
 * Writes report.md, the post-mortem drafts of the steps, and the day's where there is none yet;
 * says which on `out`. A part that cannot be written is told on `say`, and leaves the others.
 */
int day_report_write(const struct session *s, FILE *out, FILE *say, struct ord_err *err);

#endif
