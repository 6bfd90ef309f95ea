#include "reports/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/feed.h"
#include "reports/member.h"
#include "reports/value.h"

#define CHUNK	    ((size_t)256 << 10) /* what fits into a cache beside what is made of it */
#define SAMPLES_MAX ((size_t)64 << 20)
#define EVENTS_MAX  ((size_t)1 << 20)

static const char *const kinds[] = {
	[ORD_EVENT_RESOLVED] = "resolved",
	[ORD_EVENT_PHASE] = "phase",
	[ORD_EVENT_FAULT] = "fault",
	[ORD_EVENT_STEADY] = "steady",
	[ORD_EVENT_ABORT] = "abort",
	[ORD_EVENT_MARK] = "mark",
	[ORD_EVENT_NOTE] = "note",
	[ORD_EVENT_END] = "end",
	[ORD_EVENT_BASELINE] = "baseline",
	[ORD_EVENT_KUBE] = "kube",
	[ORD_EVENT_CHANNEL] = "channel",
	[ORD_EVENT_STAGE] = "stage",
	[ORD_EVENT_RULES] = "rules",
	[ORD_EVENT_CLOCK] = "clock",
	[ORD_EVENT_INJECTION_PHASE] = "injection-phase",
	[ORD_EVENT_SEQUENTIAL] = "sequential",
	[ORD_EVENT_POLICY] = "policy",
};

int ord_tl_outcome_parse(const char *text, size_t len)
{
	for (int i = 0; i < ORD_TL_OUTCOMES; i++) {
		const char *name = ord_tl_outcome_name((enum ord_tl_outcome)i);

		if (strlen(name) == len && !memcmp(name, text, len))
			return i;
	}
	return -1;
}

size_t ord_timeline_probe(const struct ord_timeline *t, const char *name, size_t len)
{
	size_t i = 0;

	while (i < t->n_probes &&
	       (strlen(t->probes[i].name) != len || memcmp(t->probes[i].name, name, len)))
		i++;
	return i;
}

uint8_t ord_timeline_why(struct ord_timeline *t, const char *text, size_t len)
{
	if (len > 200)
		len = 200;
	for (size_t i = 1; i <= t->n_why; i++)
		if (strlen(t->why[i]) == len && !memcmp(t->why[i], text, len))
			return (uint8_t)i;
	if (t->n_why >= 254)
		return 255;
	t->why[t->n_why + 1] = strndup(text, len);
	if (!t->why[t->n_why + 1])
		return 255;
	return (uint8_t)++t->n_why;
}

/* since: a kube probe's; where the change that it shows arrived after the sample before, it stands
 * at that arrival. 0: none. */
static int add_to_series(struct ord_timeline *t, uint32_t rep, size_t probe,
			 const struct ord_sample *s, int64_t since, struct ord_err *err)
{
	struct ord_series *q = ord_timeline_series(t, rep, probe);
	struct ord_sample moved = *s;

	if (t->n_samples == SAMPLES_MAX)
		return ord_fail(err, ORD_USAGE, "line %u: more than %zu samples", t->lines,
				SAMPLES_MAX);
	/* A repetition has begun: the one before needs no room to grow any more. */
	for (; t->rep_now < rep; t->rep_now++)
		for (size_t p = 0; p < t->n_probes; p++)
			if (ord_series_rest(ord_timeline_series(t, t->rep_now, p)))
				return ord_fail_nomem(err);
	if (since > 0 && s->state != ORD_SAMPLE_UNKNOWN && q->n && q->last_done < since &&
	    since < s->sent) {
		moved.sent = moved.done = since;
		moved.due = since < s->due ? since : s->due;
	}
	if (ord_series_add(q, &moved))
		return ord_fail_nomem(err);
	t->n_samples++;
	if (s->done > t->last_t)
		t->last_t = s->done;
	return 0;
}

static int add_sample(struct ord_timeline *t, const json_t *j, struct ord_err *err)
{
	const char *name = ord_member_text(j, "p", ""), *o = ord_member_text(j, "o", "");
	const char *trace = ord_member_text(j, "trace", "");
	const char *why = ord_member_text(j, "why", NULL),
		   *value = ord_member_text(j, "value", NULL);
	int64_t rep = ord_member_int(j, "rep", -1);
	int outcome = ord_tl_outcome_parse(o, strlen(o));
	const json_t *good = json_object_get(j, "good");
	size_t probe = ord_timeline_probe(t, name, strlen(name));
	struct ord_sample s = {.line = t->lines};

	if (rep < 0 || rep > t->repetitions || probe == t->n_probes || outcome < 0)
		return ord_fail(err, ORD_USAGE, "line %u: sample of an unknown %s", t->lines,
				outcome < 0	       ? "outcome"
				: probe == t->n_probes ? "probe"
						       : "repetition");
	s.due = ord_member_int(j, "due", ord_member_int(j, "t", 0));
	s.sent = ord_member_int(j, "sent", s.due);
	s.done = ord_member_int(j, "done", s.sent);
	if (s.due < 0 || s.sent < 0 || s.done < s.due || s.done < s.sent || s.done > ORD_TIME_MAX)
		return ord_fail(err, ORD_USAGE, "line %u: the sample's times are out of order",
				t->lines);
	s.outcome = (uint8_t)outcome;
	s.state =
		!json_is_boolean(good) || outcome == ORD_TL_SKIPPED || outcome == ORD_TL_LOCAL_ERROR
			? ORD_SAMPLE_UNKNOWN
		: json_is_true(good) ? ORD_SAMPLE_GOOD
				     : ORD_SAMPLE_BAD;
	s.why = why ? ord_timeline_why(t, why, strlen(why)) : 0;
	if ((value && s.state != ORD_SAMPLE_UNKNOWN &&
	     ord_value_add(t, (uint32_t)rep, probe, s.done, value)) ||
	    (strlen(trace) == ORD_TRACE_DIGITS && ord_timeline_trace(t, &s, trace)))
		return ord_fail_nomem(err);
	return add_to_series(t, (uint32_t)rep, probe, &s, ord_member_int(j, "since", 0), err);
}

static int add_event(struct ord_timeline *t, enum ord_event_kind kind, json_t *j,
		     struct ord_err *err)
{
	int64_t rep = ord_member_int(j, "rep", 0), at = ord_member_int(j, "t", -1);

	if (rep < 0 || rep > t->repetitions)
		return ord_fail(err, ORD_USAGE, "line %u: no repetition %lld in the plan", t->lines,
				(long long)rep);
	if (at < 0 || at > ORD_TIME_MAX)
		return ord_fail(err, ORD_USAGE, "line %u: `t` is missing or out of range",
				t->lines);
	if (t->n_events == t->room_events) {
		size_t room = t->room_events ? t->room_events * 2 : 64;
		struct ord_event *v;

		if (room > EVENTS_MAX)
			return ord_fail(err, ORD_USAGE, "line %u: more than %zu events", t->lines,
					EVENTS_MAX);
		v = reallocarray(t->events, room, sizeof *v);
		if (!v)
			return ord_fail_nomem(err);
		t->events = v;
		t->room_events = room;
	}
	t->events[t->n_events++] = (struct ord_event){.kind = kind,
						      .rep = (uint32_t)rep,
						      .line = t->lines,
						      .t = at,
						      .json = json_incref(j)};
	if (at > t->last_t)
		t->last_t = at;
	t->ended |= kind == ORD_EVENT_END;
	return 0;
}

static int first_line(struct ord_timeline *t, json_t *j, struct ord_err *err)
{
	int64_t version = ord_member_int(j, "version", -1);

	if (strcmp(ord_member_text(j, "e", ""), "run"))
		return ord_fail(err, ORD_USAGE, "line 1: a timeline begins with a `run` line");
	if (version != ORD_TL_VERSION)
		return ord_fail(err, ORD_USAGE,
				"line 1: timeline version %lld; this program reads version %d",
				(long long)version, ORD_TL_VERSION);
	t->run = json_incref(j);
	return ord_timeline_plan(t, err);
}

static int add_line(struct ord_timeline *t, json_t *j, struct ord_err *err)
{
	const char *e = ord_member_text(j, "e", NULL);

	if (!e)
		return ord_fail(err, ORD_USAGE, "line %u: no `e`, the line's type", t->lines);
	if (!t->run)
		return first_line(t, j, err);
	if (!strcmp(e, "sample"))
		return add_sample(t, j, err);
	for (size_t i = 0; i < ORD_COUNT(kinds); i++)
		if (!strcmp(e, kinds[i]))
			return add_event(t, (enum ord_event_kind)i, j, err);
	t->ignored++;
	return 0;
}

/* What was planned and is not missing: the run was ended early. A line that something of a later
 * repetition belies is not believed. */
static void end_early(struct ord_timeline *t)
{
	uint32_t last = t->rep_now, decided = 0, line = 0;

	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];

		if (e->rep > last)
			last = e->rep;
		if (e->kind == ORD_EVENT_SEQUENTIAL && ord_member_text(e->json, "decision", NULL)) {
			decided = e->rep;
			line = e->line;
		}
	}
	if (!decided || decided < last || decided >= t->repetitions)
		return;
	t->repetitions = decided;
	t->early_line = line;
}

/* Samples are written when they are done; they are read in the order in which they were sent. */
static int seal(struct ord_timeline *t, struct ord_err *err)
{
	for (size_t i = 0; t->series && i < (size_t)(t->repetitions + 1) * t->n_probes; i++)
		if (ord_series_seal(&t->series[i]))
			return ord_fail_nomem(err);
	ord_value_sort(t);
	end_early(t);
	return 0;
}

static int read_json(struct ord_timeline *t, const char *line, size_t len, bool torn,
		     struct ord_err *err)
{
	json_error_t why;
	json_t *j = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	int r;

	if (!j && torn && t->run) {
		t->torn = true;
		t->lines--;
		return 0;
	}
	if (!j || !json_is_object(j)) {
		json_decref(j);
		return ord_fail(err, ORD_USAGE, "line %u: not a JSON object%s%.120s", t->lines,
				j ? "" : ": ", j ? "" : why.text);
	}
	r = add_line(t, j, err);
	json_decref(j);
	return r;
}

static int read_chunk(struct ord_timeline *t, const struct ord_chunk *chunk, struct ord_err *err)
{
	for (size_t i = 0; i < chunk->n; i++) {
		const struct ord_scanned *line = &chunk->lines[i];
		struct ord_sample s = line->s;

		t->lines++;
		if (!line->is_sample) {
			if (read_json(t, chunk->text + line->at, line->len,
				      chunk->torn && i + 1 == chunk->n, err))
				return -1;
			continue;
		}
		s.line = t->lines;
		if (line->has_why)
			s.why = ord_timeline_why(t, chunk->text + line->why_at, line->why_len);
		if (add_to_series(t, line->rep, line->probe, &s, line->since, err))
			return -1;
		if (line->trace_at && ord_timeline_trace(t, &s, chunk->text + line->trace_at))
			return ord_fail_nomem(err);
	}
	return 0;
}

static int read_all(struct ord_timeline *t, struct ord_feed *feed, bool quick, struct ord_err *err)
{
	struct ord_chunk chunk;
	int got;

	while ((got = ord_feed_next(feed, &chunk, err)) > 0) {
		bool first = !t->run;

		if (read_chunk(t, &chunk, err))
			return -1;
		if (first)
			ord_feed_scan(feed, quick);
	}
	return got;
}

int ord_timeline_read_by(FILE *in, size_t chunk, bool quick, struct ord_timeline *ret,
			 struct ord_err *err)
{
	struct ord_timeline t = {0};
	struct ord_feed *feed;
	int r;

	if (ord_feed_open(in, &t, chunk, &feed, err))
		return -1;
	r = read_all(&t, feed, quick, err);
	ord_feed_close(feed);
	if (!r && !t.run)
		r = ord_fail(err, ORD_USAGE, "the timeline is empty");
	if (r || seal(&t, err)) {
		ord_timeline_done(&t);
		return -1;
	}
	*ret = t;
	return 0;
}

int ord_timeline_read(FILE *in, struct ord_timeline *ret, struct ord_err *err)
{
	return ord_timeline_read_by(in, CHUNK, true, ret, err);
}

void ord_timeline_done(struct ord_timeline *t)
{
	for (size_t i = 0; t->series && i < (size_t)(t->repetitions + 1) * t->n_probes; i++)
		ord_series_done(&t->series[i]);
	for (size_t i = 0; i < t->n_events; i++)
		json_decref(t->events[i].json);
	for (size_t i = 1; i <= t->n_why; i++)
		free(t->why[i]);
	free(t->series);
	free(t->events);
	free(t->probes);
	free(t->objectives);
	free(t->full);
	free(t->values);
	free(t->traces);
	free(t->faults);
	json_decref(t->run);
	*t = (struct ord_timeline){0};
}
