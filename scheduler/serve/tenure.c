/*
 * The daemon's Lease: one of several daemons may begin runs. Who has just taken it first reverts
 * what its earlier holder left; who has lost it aborts what runs. What another dealt with while it
 * held the Lease is not made up for.
 */
#include "scheduler/serve/tenure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/auto.h"
#include "ordeal/tenure.h"

#define AGAIN_US   10000000 /* until what was left is tried to be reverted once more */
#define ENDING_US  200000   /* our own runs of an earlier term are on their way out */
#define RESCUE_MAX 160

enum tenure_state {
	TENURE_STANDBY,
	TENURE_SETTLING, /* ours, but what was left is not reverted yet */
	TENURE_READY,
};

struct tenure {
	struct ord_serve *s;
	struct ord_tenure *lease;
	struct ord_tenure_look look;
	enum tenure_state state;
	uint64_t term; /* that the state is of */
	int64_t since_ns;
	bool rescuing;
	uint64_t rescue_term; /* in which it began */
	sd_event_source *told, *expiry, *again;
	const char *rescue[RESCUE_MAX]; /* NULL-ended */
};

static const char *const names[] = {"standby", "settling", "ready"};

bool tenure_is_ready(const struct ord_serve *s)
{
	const struct tenure *t = s->tenure;

	return !t || (t->state == TENURE_READY && ord_tenure_term(t->lease) == t->term);
}

bool ord_serve_is_ready(const struct ord_serve *s)
{
	return tenure_is_ready(s);
}

const char *tenure_refusal(const struct ord_serve *s, char out[static TENURE_TEXT])
{
	const struct tenure *t = s->tenure;

	(void)snprintf(
		out, TENURE_TEXT,
		t->state == TENURE_STANDBY
			? "this daemon is on standby: %s/%s is held by %.200s"
			: "this daemon has just taken the Lease %s/%s, and reverts what was left "
			  "behind",
		s->options.lease->ns, s->options.lease->name,
		*t->look.holder ? t->look.holder : "nobody");
	return out;
}

json_t *tenure_json(const struct ord_serve *s)
{
	const struct tenure *t = s->tenure;

	if (!t)
		return json_null();
	return json_pack("{s:s,s:s,s:s,s:s,s:s?,s:o,s:I,s:s?}", "namespace", s->options.lease->ns,
			 "name", s->options.lease->name, "state", names[t->state], "me",
			 ord_tenure_me(t->lease), "holder", *t->look.holder ? t->look.holder : NULL,
			 "since", show_time(t->since_ns), "terms", (json_int_t)t->look.term,
			 "message", *t->look.why ? t->look.why : NULL);
}

static void set_state(struct tenure *t, enum tenure_state state)
{
	t->state = state;
	t->since_ns = (int64_t)ord_wall_ns();
	serve_emit(t->s, "lease", tenure_json(t->s));
}

static void later(struct tenure *t, uint64_t us)
{
	(void)sd_event_source_set_time(t->again, ord_now_ns() / ORD_US + us);
	(void)sd_event_source_set_enabled(t->again, SD_EVENT_ONESHOT);
}

/* ---- what another did */

/* Instants at which another held the Lease were its own. */
static void leave_to_others(struct tenure *t)
{
	struct ord_serve *s = t->s;
	int64_t at, now = (int64_t)ord_wall_ns();
	int64_t other = t->look.other_ns < now ? t->look.other_ns : now;
	uint32_t id;

	while ((id = ord_agenda_first(s->agenda, &at)) != ORD_AGENDA_NONE && at <= other) {
		struct ord_agenda_due due = {.id = id};
		struct ord_agenda_entry a;

		ord_agenda_entry(s->agenda, id, &a);
		due.cursor_ns = a.planned_ns;
		due.skip_next = a.skip_next;
		ord_agenda_advance(s->agenda, &due);
		(void)state_put(s, json_pack("{s:s,s:s,s:I,s:b}", "c", "cursor", "n",
					     ord_agenda_name(s->agenda, id), "cur",
					     (json_int_t)due.cursor_ns, "skip", due.skip_next));
		show_changed(s, id);
	}
}

/* What is claimed or waits, up to that instant. */
static void give_up(struct ord_serve *s, int64_t until_ns)
{
	for (struct run *r = s->first, *next; r; r = next) {
		next = r->next;
		if ((r->state == RUN_QUEUED || r->state == RUN_CLAIMED) && r->at_ns <= until_ns)
			run_skip(s, r, "standby");
	}
}

/* ---- taking it */

static bool still_ours(const struct tenure *t)
{
	return t->state == TENURE_SETTLING && ord_tenure_term(t->lease) == t->term;
}

static void begin(struct tenure *t, const char *const argv[], command_end *end)
{
	t->rescuing = command_start(t->s, argv, end) == 0;
	if (!t->rescuing)
		later(t, AGAIN_US);
}

static void on_cluster_reverted(struct ord_serve *s, bool ok)
{
	struct tenure *t = s->tenure;

	t->rescuing = false;
	if (!still_ours(t) || t->rescue_term != t->term) {
		later(t, 0);
		return;
	}
	if (!ok) {
		serve_say(s, "nothing begins: what an earlier run left behind is not reverted, see "
			     "above; it is tried again");
		later(t, AGAIN_US);
		return;
	}
	serve_say(s, "ready: nothing is left of earlier runs");
	set_state(t, TENURE_READY);
	s->freed = true;
	due_soon(s);
}

/* What this machine's records say comes first: they know more than the cluster does. */
static void on_reverted(struct ord_serve *s, bool ok)
{
	struct tenure *t = s->tenure;

	if (!ok)
		serve_say(s, "`ordeal rescue` failed, see above; the cluster is looked through");
	begin(t, t->rescue, on_cluster_reverted);
}

/* As soon as what ran in an earlier term has ended. */
static void settle(struct tenure *t)
{
	static const char *const local[] = {"ordeal", "rescue", NULL};

	if (t->rescuing || !still_ours(t))
		return;
	if (t->s->n_running) {
		later(t, ENDING_US);
		return;
	}
	t->rescue_term = t->term;
	begin(t, local, on_reverted);
}

static int on_again(sd_event_source *source, uint64_t at, void *arg)
{
	(void)source;
	(void)at;
	settle(arg);
	return 0;
}

static void take(struct tenure *t)
{
	t->term = t->look.term;
	serve_say(t->s, "the Lease %s/%s is taken, as %s", t->s->options.lease->ns,
		  t->s->options.lease->name, ord_tenure_me(t->lease));
	give_up(t->s, t->look.other_ns);
	set_state(t, TENURE_SETTLING);
	settle(t);
}

/* ---- losing it */

static void lose(struct tenure *t)
{
	struct ord_serve *s = t->s;

	serve_say(s, "the Lease %s/%s is lost%s%s; runs that are aborted: %zu",
		  s->options.lease->ns, s->options.lease->name, *t->look.why ? ": " : "",
		  t->look.why, s->n_running);
	set_state(t, TENURE_STANDBY);
	runs_abort_all(s);
	give_up(s, INT64_MAX);
}

static void arm(struct tenure *t)
{
	if (t->look.until_ns <= ord_boot_ns())
		return;
	(void)sd_event_source_set_time(t->expiry, t->look.until_ns / ORD_US + 1);
	(void)sd_event_source_set_enabled(t->expiry, SD_EVENT_ONESHOT);
}

static void check(struct tenure *t)
{
	uint64_t term;
	char was[sizeof t->look.why];

	(void)snprintf(was, sizeof was, "%s", t->look.why);
	ord_tenure_look(t->lease, &t->look);
	term = ord_tenure_term(t->lease);
	if (*t->look.why && strcmp(was, t->look.why) != 0)
		serve_say(t->s, "the Lease %s/%s: %s", t->s->options.lease->ns,
			  t->s->options.lease->name, t->look.why);
	if (t->state != TENURE_STANDBY && term != t->term)
		lose(t);
	leave_to_others(t);
	if (t->state == TENURE_STANDBY && term && !t->s->stopping)
		take(t);
	arm(t);
}

static int on_told(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	check(arg);
	return 0;
}

static int on_expiry(sd_event_source *source, uint64_t at, void *arg)
{
	(void)source;
	(void)at;
	check(arg);
	return 0;
}

/* ---- */

static void command_of(struct tenure *t, const struct ord_serve_options *o)
{
	static const char *const fixed[] = {"ordeal", "rescue",	     "--kube",	 "--now",
					    "--wait", "--permitted", "--context"};
	size_t n = 0;

	for (size_t i = 0; i < ORD_COUNT(fixed); i++)
		t->rescue[n++] = fixed[i];
	t->rescue[n++] = o->lease->context;
	for (size_t i = 0; o->namespaces && o->namespaces[i] && n + 2 < RESCUE_MAX; i++) {
		t->rescue[n++] = "--namespace";
		t->rescue[n++] = o->namespaces[i];
	}
}

static int listen_to(struct tenure *t, struct ord_err *err)
{
	sd_event *loop = t->s->loop;
	int e = sd_event_add_io(loop, &t->told, ord_tenure_fd(t->lease), EPOLLIN, on_told, t);

	if (e >= 0)
		e = sd_event_add_time(loop, &t->expiry, CLOCK_BOOTTIME, 0, 1000, on_expiry, t);
	if (e >= 0)
		e = sd_event_add_time(loop, &t->again, CLOCK_MONOTONIC, 0, 1000, on_again, t);
	if (e >= 0)
		e = sd_event_source_set_enabled(t->expiry, SD_EVENT_OFF);
	if (e >= 0)
		e = sd_event_source_set_enabled(t->again, SD_EVENT_OFF);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

int tenure_open(struct ord_serve *s, struct ord_err *err)
{
	struct tenure *t;

	if (!s->options.lease)
		return 0;
	t = calloc(1, sizeof *t);
	if (!t)
		return ord_fail_nomem(err);
	*t = (struct tenure){.s = s, .since_ns = (int64_t)ord_wall_ns()};
	s->tenure = t;
	command_of(t, &s->options);
	if (ord_tenure_open(s->options.lease, &t->lease, err))
		return ord_wrap(err, "--lease");
	return listen_to(t, err);
}

void tenure_close(struct ord_serve *s, bool ended)
{
	struct tenure *t = s->tenure;

	if (!t)
		return;
	s->tenure = NULL;
	t->told = sd_event_source_disable_unref(t->told);
	t->expiry = sd_event_source_disable_unref(t->expiry);
	t->again = sd_event_source_disable_unref(t->again);
	/* What still runs is reverted by its guardian, while others wait. */
	ord_tenure_close(t->lease, ended && !t->rescuing);
	free(t);
}
