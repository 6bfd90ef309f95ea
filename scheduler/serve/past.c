/* What did not run, or not to its end, is in the history beside what did. */
#include <stdio.h>
#include <string.h>

#include "ordeal/history.h"
#include "scheduler/serve/serve.h"

#define DUE_MAX 10000 /* what is kept for a history that takes nothing now */

/* As `ordeal history` finds it: beside the usual folder of runs, or in another. */
void past_open(struct ord_serve *s, const char *home)
{
	(void)snprintf(s->history_dir, sizeof s->history_dir, "%s",
		       s->options.runs ? s->runs_dir : home);
}

static struct ord_history history_of(const struct ord_serve *s)
{
	return (struct ord_history){.dir = s->history_dir, .home = s->runs_dir};
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static json_t *pack(const struct ord_missed *m)
{
	return json_pack("{s:i,s:s,s:s,s:s?,s:s?,s:O?,s:I,s:I,s:I,s:I}", "outcome", (int)m->outcome,
			 "name", m->name, "why", m->reason, "text", m->text, "run", m->run,
			 "labels", m->labels, "first", (json_int_t)m->planned_ns, "last",
			 (json_int_t)m->last_ns, "times", (json_int_t)m->times, "at",
			 (json_int_t)m->at_ns);
}

/* As pack() and the journal have it. Borrowed. */
static struct ord_missed unpack(const json_t *from)
{
	return (struct ord_missed){.outcome = (enum ord_missed_outcome)number_of(from, "outcome"),
				   .name = text_of(from, "name"),
				   .reason = text_of(from, "why"),
				   .text = text_of(from, "text"),
				   .run = text_of(from, "run"),
				   .labels = json_object_get(from, "labels"),
				   .planned_ns = number_of(from, "first"),
				   .last_ns = number_of(from, "last"),
				   .times = (uint64_t)number_of(from, "times"),
				   .at_ns = number_of(from, "at")};
}

/* A machine without the history's module runs on, and says so once. */
static void tell(struct ord_serve *s, const char *why)
{
	if (!s->history_told)
		serve_say(s, "the history does not know what is not run: %s", why);
	s->history_told = true;
}

static void miss(struct ord_serve *s, struct ord_missed *m, bool sync)
{
	const struct ord_history h = history_of(s);
	struct ord_err err;

	m->at_ns = (int64_t)ord_wall_ns();
	s->history_behind = s->history_behind || !sync;
	if (!*s->history_dir || ord_history_miss(&h, m, 1, sync, &err) == 0)
		return;
	tell(s, err.msg);
	if (!s->history_due)
		s->history_due = json_array();
	if (err.code == ORD_SYS && json_array_size(s->history_due) < DUE_MAX)
		(void)json_array_append_new(s->history_due, pack(m));
}

void past_retry(struct ord_serve *s)
{
	const struct ord_history h = history_of(s);
	size_t n = json_array_size(s->history_due), done = 0;
	struct ord_err err;

	for (; done < n; done++) {
		struct ord_missed m = unpack(json_array_get(s->history_due, done));

		if (ord_history_miss(&h, &m, 1, false, &err) < 0)
			break;
	}
	if (!n || done < n) {
		for (size_t i = 0; i < done; i++)
			(void)json_array_remove(s->history_due, 0);
		return;
	}
	(void)json_array_clear(s->history_due);
	serve_say(s, "the history knows what was not run");
	s->history_told = false;
}

void past_sync(struct ord_serve *s)
{
	const struct ord_history h = history_of(s);
	struct ord_err err;

	if (!s->history_behind || !*s->history_dir)
		return;
	s->history_behind = false;
	if (ord_history_miss(&h, NULL, 0, true, &err) < 0)
		tell(s, err.msg);
}

static const json_t *labels_of(const struct ord_serve *s, const char *name)
{
	const struct entry *e = store_entry(s, ord_agenda_find(s->agenda, name));

	return e ? e->labels : NULL;
}

void past_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		  uint64_t times, const char *reason)
{
	struct ord_missed m = {.outcome = ORD_MISSED_SKIPPED,
			       .name = name,
			       .reason = reason,
			       .labels = labels_of(s, name),
			       .planned_ns = first_ns,
			       .last_ns = last_ns,
			       .times = times};

	miss(s, &m, false);
}

/* One of the same name and planned instant takes the earlier one's place. */
void past_again(struct ord_serve *s, const json_t *skips)
{
	const json_t *skip;
	size_t i;

	json_array_foreach (skips, i, skip) {
		const char *name = text_of(skip, "n"), *why = text_of(skip, "why");

		if (name && why)
			past_skipped(s, name, number_of(skip, "first"), number_of(skip, "last"),
				     (uint64_t)number_of(skip, "times"), why);
	}
}

void past_failed(struct ord_serve *s, const char *name, int64_t planned_ns, const char *said)
{
	struct ord_missed m = {.outcome = ORD_MISSED_SKIPPED,
			       .name = name,
			       .reason = "failed",
			       .text = said,
			       .labels = labels_of(s, name),
			       .planned_ns = planned_ns};

	miss(s, &m, false);
}

/* Its reports are made of what it left, and it is entered as every run is. On the disk before the
 * journal forgets it. */
void past_interrupted(struct ord_serve *s, const char *name, int64_t planned_ns, const char *dir)
{
	const char *const report[] = {"ordeal", "report", dir, NULL};
	const char *slash = strrchr(dir, '/');
	struct ord_missed m = {.outcome = ORD_MISSED_INTERRUPTED,
			       .name = name,
			       .reason = "interrupted",
			       .text = "the daemon ended before it did",
			       .run = slash ? slash + 1 : NULL,
			       .labels = labels_of(s, name),
			       .planned_ns = planned_ns};

	miss(s, &m, true);
	if (slash)
		(void)command_start(s, report, NULL);
}
