/* What is to be done about an entry that is due. */
#include "base/auto.h"
#include "scheduler/agenda/agenda.h"

static const char *const skips[] = {
	[ORD_SKIP_CATCH_UP] = "catch-up", [ORD_SKIP_PAUSED] = "paused",
	[ORD_SKIP_NEXT] = "skip-next",	  [ORD_SKIP_HALTED] = "halted",
	[ORD_SKIP_FORBID] = "forbid",	  [ORD_SKIP_QUEUE] = "queue",
	[ORD_SKIP_REPLACED] = "replaced",
};

const char *ord_skip_name(enum ord_skip reason)
{
	return skips[reason];
}

static void skip(struct ord_agenda_due *due, enum ord_skip reason, const struct ord_count *span)
{
	if (span->n)
		due->skipped[due->n_skipped++] =
			(struct ord_agenda_skip){reason, span->n, span->first_ns, span->last_ns};
}

/* Without its first, which has been dealt with. */
static void drop_first(const struct ord_calendar *calendar, struct ord_count *span)
{
	struct ord_due next;

	if (!--span->n || !ord_calendar_next(calendar, span->first_ns, &next))
		return;
	span->first_ns = next.planned_ns;
}

/* How many of the latest are started. */
static size_t to_start(const struct entry *e, uint64_t n, bool on_time)
{
	uint64_t missed = n - on_time;

	switch ((enum ord_catch_up)e->catch_up) {
	case ORD_CATCH_UP_SKIP:
		break;
	case ORD_CATCH_UP_ONCE:
		return 1;
	case ORD_CATCH_UP_ALL:
		return on_time + (size_t)(missed < e->catch_up_max ? missed : e->catch_up_max);
	}
	return on_time;
}

/* Those of an entry that have come by now. */
struct come {
	struct ord_count span;
	int64_t last_at_ns; /* when the last was to run */
};

/* All that are planned by now have come, save the last where its jitter is not over. */
static void come_by(const struct ord_calendar *calendar, int64_t after_ns, int64_t now_ns,
		    struct come *ret)
{
	struct ord_due last = {0};

	ord_calendar_count(calendar, after_ns, now_ns, &ret->span);
	if (ret->span.n)
		(void)ord_calendar_next(calendar, ret->span.last_ns - 1, &last);
	if (ret->span.n && last.at_ns > now_ns) {
		ord_calendar_count(calendar, after_ns, ret->span.last_ns - 1, &ret->span);
		if (ret->span.n)
			(void)ord_calendar_next(calendar, ret->span.last_ns - 1, &last);
	}
	ret->last_at_ns = last.at_ns;
}

/* Starts the latest, and skips those before. */
static void settle(const struct entry *e, const struct ord_calendar *calendar,
		   const struct come *come, int64_t now_ns, struct ord_agenda_due *due)
{
	bool on_time = now_ns - come->last_at_ns <= ORD_AGENDA_LATE_NS;
	size_t n = to_start(e, come->span.n, on_time), from = 0;
	/* One more: the last that is skipped. */
	struct ord_due last[ORD_CATCH_UP_MAX + 2] = {{come->span.last_ns, come->last_at_ns, 0}};
	struct ord_count skipped = come->span;

	if (come->span.n > 1)
		from = ord_calendar_last(calendar, come->span.first_ns - 1, come->span.last_ns,
					 last, come->span.n > n ? n + 1 : n) -
		       n;
	skipped.n -= n;
	if (from)
		skipped.last_ns = last[0].planned_ns;
	skip(due, ORD_SKIP_CATCH_UP, &skipped);
	for (size_t i = 0; i < n; i++)
		due->start[due->n_start++] = (struct ord_agenda_start){
			last[from + i].planned_ns, last[from + i].at_ns, i + 1 < n || !on_time};
}

bool ord_agenda_look(struct ord_agenda *agenda, uint32_t id, int64_t now_ns, bool halted,
		     struct ord_agenda_due *ret)
{
	const struct entry *e = &agenda->entries[id];
	const struct ord_calendar *calendar;
	struct ord_due next;
	struct come come;
	bool known;

	if (e->pos == NONE || agenda->heap.at[e->pos] > now_ns)
		return false;
	calendar = entry_calendar(agenda, e);
	known = ord_calendar_next(calendar, e->planned_ns, &next);
	ret->next = (struct ord_due){0};
	if (known && next.planned_ns > now_ns)
		ret->next = next;
	if (!known || next.planned_ns > now_ns)
		come = (struct come){{1, e->planned_ns, e->planned_ns}, agenda->heap.at[e->pos]};
	else
		come_by(calendar, e->cursor_ns, now_ns, &come);
	ret->id = id;
	ret->cursor_ns = come.span.last_ns;
	ret->skip_next = e->skip_next;
	ret->n_skipped = ret->n_start = 0;
	if (halted || e->paused) {
		skip(ret, halted ? ORD_SKIP_HALTED : ORD_SKIP_PAUSED, &come.span);
		return true;
	}
	if (e->skip_next) {
		struct ord_count one = {1, come.span.first_ns, come.span.first_ns};

		skip(ret, ORD_SKIP_NEXT, &one);
		ret->skip_next = false;
		drop_first(calendar, &come.span);
	}
	if (come.span.n)
		settle(e, calendar, &come, now_ns, ret);
	return true;
}

enum ord_admission ord_agenda_admit(enum ord_concurrency concurrency, size_t running,
				    size_t waiting, enum ord_skip *ret_reason)
{
	if (!running && !waiting)
		return ORD_ADMIT_START;
	switch (concurrency) {
	case ORD_CONCURRENCY_FORBID:
		break;
	case ORD_CONCURRENCY_QUEUE:
		if (waiting < ORD_QUEUE_MAX)
			return ORD_ADMIT_QUEUE;
		*ret_reason = ORD_SKIP_QUEUE;
		return ORD_ADMIT_SKIP;
	case ORD_CONCURRENCY_REPLACE:
		return ORD_ADMIT_REPLACE;
	}
	*ret_reason = ORD_SKIP_FORBID;
	return ORD_ADMIT_SKIP;
}
