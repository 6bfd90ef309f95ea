/* What did not run, or not to its end, is in the history beside what did. */
#include <stdio.h>
#include <string.h>

#include "ordeal/history.h"
#include "scheduler/serve/serve.h"

/* As `ordeal history` finds it: beside the usual folder of runs, or in another. */
void past_open(struct ord_serve *s, const char *home)
{
	(void)snprintf(s->history_dir, sizeof s->history_dir, "%s",
		       s->options.runs ? s->runs_dir : home);
}

static void miss(struct ord_serve *s, struct ord_missed *m)
{
	const struct ord_history h = {.dir = s->history_dir, .home = s->runs_dir};
	struct ord_err err;

	m->at_ns = (int64_t)ord_wall_ns();
	if (!*s->history_dir || ord_history_miss(&h, m, 1, false, &err) == 0)
		return;
	/* A machine without the history's module runs on, and says so once. */
	if (!s->history_told)
		serve_say(s, "the history does not know what is not run: %s", err.msg);
	s->history_told = true;
}

void past_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		  uint64_t times, const char *reason)
{
	struct entry *e = store_entry(s, ord_agenda_find(s->agenda, name));
	struct ord_missed m = {.outcome = ORD_MISSED_SKIPPED,
			       .name = name,
			       .reason = reason,
			       .labels = e ? e->labels : NULL,
			       .planned_ns = first_ns,
			       .last_ns = last_ns,
			       .times = times};

	miss(s, &m);
}

/* Its reports are made of what it left, and it is entered as every run is. */
void past_interrupted(struct ord_serve *s, const char *name, int64_t planned_ns, const char *dir)
{
	const char *const report[] = {"ordeal", "report", dir, NULL};
	const char *slash = strrchr(dir, '/');
	struct entry *e = store_entry(s, ord_agenda_find(s->agenda, name));
	struct ord_missed m = {.outcome = ORD_MISSED_INTERRUPTED,
			       .name = name,
			       .reason = "interrupted",
			       .text = "the daemon ended before it did",
			       .run = slash ? slash + 1 : NULL,
			       .labels = e ? e->labels : NULL,
			       .planned_ns = planned_ns};

	miss(s, &m);
	if (slash)
		(void)command_start(s, report, NULL);
}
