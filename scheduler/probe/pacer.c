/*
 * The pacer: fires slots at their absolute instants, gives each a deadline, bounds what is in
 * flight, and counts as skipped what it could not send. It never waits for an answer before the
 * next slot.
 */
#include "scheduler/probe/pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/units.h"

/* A slot that we reach later than this is not sent: its sample would tell of us, not of the system.
 */
#define LATE_NS (50 * ORD_MS)

const char *ord_outcome_name(enum ord_outcome o)
{
	static const char *const names[] = {
		[ORD_OUTCOME_OK] = "ok",
		[ORD_OUTCOME_WRONG] = "wrong",
		[ORD_OUTCOME_REFUSED] = "refused",
		[ORD_OUTCOME_RESET] = "reset",
		[ORD_OUTCOME_TIMEOUT] = "timeout",
		[ORD_OUTCOME_SKIPPED] = "skipped",
		[ORD_OUTCOME_LOCAL_ERROR] = "local-error",
	};

	return names[o];
}

static uint64_t usec_up(uint64_t ns)
{
	return (ns + ORD_US - 1) / ORD_US;
}

static void unlink_sample(struct pace *p, struct prb_sample *s)
{
	*(s->prev ? &s->prev->next : &p->head) = s->next;
	*(s->next ? &s->next->prev : &p->tail) = s->prev;
	p->in_flight--;
	s->next = p->idle;
	s->prev = NULL;
	p->idle = s;
}

/*
 * For the oldest in flight. An answer leaves the timer alone: it fires once a timeout at most,
 * finds nothing due, and is armed again for the oldest of then.
 */
static void arm_deadline(struct pace *p)
{
	p->armed = p->head;
	if (!p->armed) {
		(void)sd_event_source_set_enabled(p->deadline, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(p->deadline,
				       usec_up(p->head->s.due + p->probe.spec->timeout_ns));
	(void)sd_event_source_set_enabled(p->deadline, SD_EVENT_ONESHOT);
}

/* Hands the sample out and keeps it for reuse. */
static void tell(struct pace *p, struct prb_sample *s)
{
	struct ord_sample out = s->s;

	unlink_sample(p, s);
	p->all->on_sample(p->all->arg, &out);
}

void pace_answered(struct prb_sample *s, enum ord_outcome o, const char *why)
{
	struct pace *p = (struct pace *)(void *)s->probe;

	s->s.done = ord_now_ns();
	if (s->s.done - s->s.due > p->probe.spec->timeout_ns && o != ORD_OUTCOME_LOCAL_ERROR) {
		o = ORD_OUTCOME_TIMEOUT;
		why = "answered after its time was up";
	}
	s->s.outcome = o;
	if (o == ORD_OUTCOME_OK)
		prb_judge(p->probe.spec, &p->probe.expect, s);
	else
		(void)snprintf(s->s.why, sizeof s->s.why, "%s", why ? why : ord_outcome_name(o));
	tell(p, s);
}

bool pace_keep(struct prb_sample *s, const char *data, size_t n)
{
	if (n > PRB_BODY_MAX - s->body_n)
		n = PRB_BODY_MAX - s->body_n;
	if (s->body_n + n >= s->body_size) { /* one more, for the NUL */
		size_t size = s->body_size ? s->body_size : 4096;
		char *body;

		while (size <= s->body_n + n)
			size *= 2;
		body = realloc(s->body, size);
		if (!body)
			return false;
		s->body = body;
		s->body_size = size;
	}
	memcpy(s->body + s->body_n, data, n);
	s->body_n += n;
	s->body[s->body_n] = '\0';
	return true;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *arg)
{
	struct pace *p = arg;
	uint64_t now = ord_now_ns();
	char text[32];

	(void)source;
	(void)usec;
	while (p->head && p->head->s.due + p->probe.spec->timeout_ns <= now) {
		struct prb_sample *s = p->head;

		p->kind->cancel(&p->probe, s);
		s->s.done = ord_now_ns();
		s->s.outcome = ORD_OUTCOME_TIMEOUT;
		(void)snprintf(s->s.why, sizeof s->s.why, "no answer within %s",
			       ord_format_duration((int64_t)p->probe.spec->timeout_ns, text));
		tell(p, s);
	}
	arm_deadline(p);
	return 0;
}

static void skip(struct pace *p, uint64_t n, uint64_t due, uint64_t now, const char *why)
{
	struct ord_sample s = {.probe = p->index,
			       .n = n,
			       .due = due,
			       .sent = now,
			       .done = now,
			       .outcome = ORD_OUTCOME_SKIPPED};

	(void)snprintf(s.why, sizeof s.why, "%s", why);
	p->all->on_sample(p->all->arg, &s);
}

static struct prb_sample *take_idle(struct pace *p)
{
	struct prb_sample *s = p->idle;

	if (!s) {
		s = calloc(1, sizeof *s);
		if (s)
			s->probe = &p->probe;
		return s;
	}
	p->idle = s->next;
	return s;
}

static void fire(struct pace *p, uint64_t n, uint64_t due)
{
	uint64_t now = ord_now_ns(), half = p->probe.spec->timeout_ns / 2;
	bool late = now - due > (half < LATE_NS ? half : LATE_NS);
	struct prb_sample *s = !late && p->in_flight < p->cap ? take_idle(p) : NULL;

	if (!s) {
		skip(p, n, due, now,
		     late		     ? "ordeal itself was too late"
		     : p->in_flight < p->cap ? "out of memory"
					     : "too many in flight");
		return;
	}
	s->s = (struct ord_sample){.probe = p->index, .n = n, .due = due, .sent = now};
	s->body_n = 0;
	s->exit_status = 0;
	if (s->header)
		s->header[0] = '\0';
	s->next = NULL;
	s->prev = p->tail;
	*(p->tail ? &p->tail->next : &p->head) = s;
	p->tail = s;
	p->in_flight++;
	p->kind->sample(&p->probe, s);
	if (!p->armed)
		arm_deadline(p);
}

/* Fires all slots that are due; returns when the next is. */
static uint64_t fire_due(struct pace *p, uint64_t now)
{
	uint64_t every = p->probe.spec->every_ns;
	uint64_t due = p->first_due + p->n * every;

	for (; due <= now; due += every)
		fire(p, p->n++, due);
	return due;
}

uint64_t pace_fire_one(struct pace *p, uint64_t now)
{
	uint64_t every = p->probe.spec->every_ns;
	uint64_t due = p->first_due + p->n * every;

	if (due > now)
		return due;
	fire(p, p->n++, due);
	return due + every;
}

static int on_due(sd_event_source *source, uint64_t usec, void *arg)
{
	uint64_t due = fire_due(arg, ord_now_ns());

	(void)usec;
	(void)sd_event_source_set_time(source, usec_up(due));
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int pace_open_timers(struct pace *p, struct ord_err *err)
{
	sd_event *loop = p->probe.host->loop;
	int r = sd_event_add_time(loop, &p->due, CLOCK_MONOTONIC, 0, 1, on_due, p);

	if (r >= 0)
		r = sd_event_source_set_enabled(p->due, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(loop, &p->deadline, CLOCK_MONOTONIC, 0, 1, on_deadline, p);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->deadline, SD_EVENT_OFF);
	if (r >= 0)
		return 0;
	errno = -r;
	return ord_fail_sys(err, "timer of probe '%s'", p->probe.spec->name);
}

int pace_begin(struct pace *p, uint64_t first_due, bool timer, struct ord_err *err)
{
	int r = 0;

	p->first_due = first_due;
	p->n = 0;
	if (timer)
		r = sd_event_source_set_time(p->due, usec_up(first_due));
	if (timer && r >= 0)
		r = sd_event_source_set_enabled(p->due, SD_EVENT_ONESHOT);
	if (r >= 0)
		return 0;
	errno = -r;
	return ord_fail_sys(err, "timer of probe '%s'", p->probe.spec->name);
}

static void free_sample(struct pace *p, struct prb_sample *s)
{
	if (s->io && p->kind->drop)
		p->kind->drop(&p->probe, s);
	free(s->body);
	free(s->header);
	free(s);
}

void pace_close(struct pace *p)
{
	for (struct prb_sample *s = p->head, *next; s; s = next) {
		next = s->next;
		p->kind->cancel(&p->probe, s);
		free_sample(p, s);
	}
	for (struct prb_sample *s = p->idle, *next; s; s = next) {
		next = s->next;
		free_sample(p, s);
	}
	if (p->kind)
		p->kind->close(&p->probe);
	(void)sd_event_source_disable_unref(p->due);
	(void)sd_event_source_disable_unref(p->deadline);
	prb_expect_close(&p->probe.expect);
}
