/* What people decided and said, and what the runs saw, in one order. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/gameday/module/figures.h"
#include "scheduler/gameday/module/report.h"

/* The last three figures that a timestamp has are its milliseconds. */
struct row {
	int64_t at_ns;
	size_t order;	 /* of equal instants, as they were told */
	const char *who; /* "session", or "run" */
	char *text;	 /* owned */
};

struct rows {
	struct row *v; /* owned */
	size_t n, room;
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void add(struct rows *rows, const char *utc, const char *who, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct rows *rows, const char *utc, const char *who, const char *fmt, ...)
{
	struct row row = {.order = rows->n, .who = who};
	va_list ap;

	if (ord_parse_utc(utc, &row.at_ns))
		return;
	if (rows->n == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 64;
		struct row *more = reallocarray(rows->v, room, sizeof *more);

		if (!more)
			return;
		rows->v = more;
		rows->room = room;
	}
	va_start(ap, fmt);
	if (vasprintf(&row.text, fmt, ap) < 0)
		row.text = NULL;
	va_end(ap);
	if (row.text)
		rows->v[rows->n++] = row;
}

static void add_events(const struct day_report *r, struct rows *rows)
{
	const json_t *e;
	size_t i;

	json_array_foreach (r->events, i, e) {
		const char *kind = text_of(e, "e"), *by = text_of(e, "by");
		int step = (int)json_integer_value(json_object_get(e, "step"));
		char number[24] = "";

		/* The runs tell the rest. */
		if (!strcmp(kind, "session") || !strcmp(kind, "phase") || !strcmp(kind, "run"))
			continue;
		if (step)
			(void)snprintf(number, sizeof number, "step %d: ", step);
		add(rows, text_of(e, "at"), "session", "%s%s%s%s%s%s%s%s%s%s%s%s%s", number,
		    strcmp(kind, "left") != 0 ? kind : "the steady state is not waited for",
		    *text_of(e, "check") ? " " : "", text_of(e, "check"),
		    *text_of(e, "what") ? " " : "", text_of(e, "what"),
		    *text_of(e, "result") ? " " : "", text_of(e, "result"),
		    json_is_true(json_object_get(e, "overrule")) ? " although a check failed" : "",
		    *by ? " by " : "", by, *text_of(e, "text") ? ": " : "", text_of(e, "text"));
	}
}

static void add_instant(struct rows *rows, size_t step, const json_t *rep, const char *key,
			const char *words)
{
	const json_t *at = json_object_get(rep, key);

	if (json_is_object(at))
		add(rows, text_of(at, "utc"), "run", "step %zu, repetition %d: %s", step + 1,
		    (int)json_integer_value(json_object_get(rep, "rep")), words);
}

static void add_run(const struct day_report *r, size_t step, struct rows *rows)
{
	const json_t *rep, *list, *d;
	size_t i;

	for (size_t n = 0; (rep = figures_repetition(r->runs[step], n)); n++) {
		add_instant(rows, step, rep, "in_force", "the fault is in force");
		add_instant(rows, step, rep, "impact", "the first impact");
		list = json_object_get(rep, "detections");
		json_array_foreach (list, i, d)
			if (json_is_object(json_object_get(d, "at")))
				add(rows, text_of(json_object_get(d, "at"), "utc"), "run",
				    "step %zu, repetition %d: detected by %s", step + 1,
				    (int)json_integer_value(json_object_get(rep, "rep")),
				    text_of(d, "channel"));
		add_instant(rows, step, rep, "rollback_requested", "the fault is being taken back");
		add_instant(rows, step, rep, "cleared", "the fault is gone");
		add_instant(rows, step, rep, "recovered", "recovered");
	}
}

static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void day_report_timeline(const struct day_report *r, bool notes, FILE *out)
{
	struct rows rows = {0};
	char at[32];

	add_events(r, &rows);
	for (size_t i = 0; i < r->s->state.n; i++)
		add_run(r, i, &rows);
	if (rows.n)
		qsort(rows.v, rows.n, sizeof *rows.v, by_time);
	(void)fprintf(out, "| UTC | Source | What |%s\n| --- | --- | --- |%s\n",
		      notes ? " Annotations |" : "", notes ? " --- |" : "");
	for (size_t i = 0; i < rows.n; i++) {
		ord_format_utc((uint64_t)rows.v[i].at_ns, at);
		(void)fprintf(out, "| %s | %s | ", at, rows.v[i].who);
		figures_text(out, rows.v[i].text);
		(void)fputs(notes ? " | |\n" : " |\n", out);
		free(rows.v[i].text);
	}
	free(rows.v);
}
