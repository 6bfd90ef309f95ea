/* What people, and the API, have it do. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/serve/serve.h"
#include "scheduler/serve/tenure.h"

static int find(const struct ord_serve *s, const char *name, uint32_t *ret, struct ord_err *err)
{
	*ret = name ? ord_agenda_find(s->agenda, name) : ORD_AGENDA_NONE;
	if (*ret == ORD_AGENDA_NONE)
		return ord_fail(err, ORD_USAGE, "there is no schedule '%.80s'", name ? name : "");
	return 0;
}

struct run *run_find(const struct ord_serve *s, const char *name, struct ord_err *err)
{
	char key[24];

	for (struct run *r = s->first; r && name; r = r->next) {
		const char *slash = strrchr(r->dir, '/');

		if (!strcmp(name, show_key(r, key)) || (slash && !strcmp(name, slash + 1)))
			return r;
	}
	(void)ord_fail(err, ORD_USAGE, "no run '%.120s' is queued or in progress",
		       name ? name : "");
	return NULL;
}

static int run_now(struct ord_serve *s, const struct ord_serve_order *o, json_t **ret,
		   struct ord_err *err)
{
	int64_t now = (int64_t)ord_wall_ns();
	struct ord_agenda_entry a;
	const struct entry *e;
	enum ord_skip reason;
	char standby[TENURE_TEXT];
	struct run *r;
	uint32_t id;

	if (find(s, o->name, &id, err))
		return -1;
	if (store_entry(s, id)->gameday_steps)
		return ord_fail(err, ORD_USAGE, "'%s' is a game day, which people hold", o->name);
	if (s->halted)
		return ord_fail(err, ORD_USAGE, "all is halted, by %s", s->halted_by);
	if (s->stopping)
		return ord_fail(err, ORD_USAGE, "the daemon is ending");
	if (!tenure_is_ready(s))
		return ord_fail(err, ORD_USAGE, "%s", tenure_refusal(s, standby));
	e = store_entry(s, id);
	ord_agenda_entry(s->agenda, id, &a);
	if (ord_agenda_admit(a.concurrency, e->running, e->waiting, &reason) == ORD_ADMIT_SKIP)
		return ord_fail(err, ORD_USAGE, "'%s' runs already, and is not to run twice (%s)",
				o->name, ord_skip_name(reason));
	r = run_claim(s, id, RUN_NOW, now, now, ORD_NEVER);
	if (!r)
		return ord_fail_nomem(err);
	journal_sync(s->journal);
	*ret = show_run(s, r);
	return 0;
}

/* What of it was claimed already has not come yet, and is the next. */
static void skip_claimed(struct ord_serve *s, uint32_t id, bool *skip_next)
{
	for (struct run *r = s->first; r && *skip_next; r = r->next)
		if (r->id == id && r->state == RUN_CLAIMED && r->reason == RUN_SCHEDULE) {
			run_skip(s, r, ord_skip_name(ORD_SKIP_NEXT));
			*skip_next = false;
			return;
		}
}

static int set_flags(struct ord_serve *s, const struct ord_serve_order *o, json_t **ret,
		     struct ord_err *err)
{
	struct ord_agenda_entry a;
	uint32_t id;

	if (find(s, o->name, &id, err))
		return -1;
	ord_agenda_entry(s->agenda, id, &a);
	if (o->verb == ORD_SERVE_SKIP_NEXT) {
		if (a.at_ns == ORD_NEVER)
			return ord_fail(err, ORD_USAGE, "'%s' has no next run", o->name);
		a.skip_next = true;
		skip_claimed(s, id, &a.skip_next);
	} else {
		a.paused = o->verb == ORD_SERVE_PAUSE;
	}
	ord_agenda_set(s->agenda, id, a.paused, a.skip_next);
	state_seen(s, id);
	journal_sync(s->journal);
	show_changed(s, id);
	*ret = show_entry(s, id);
	return 0;
}

static int abort_run(struct ord_serve *s, const struct ord_serve_order *o, json_t **ret,
		     struct ord_err *err)
{
	struct run *r = run_find(s, o->name, err);

	if (!r)
		return -1;
	if (r->state == RUN_CLAIMED || r->state == RUN_QUEUED) {
		*ret = show_run(s, r);
		run_skip(s, r, "aborted");
		return 0;
	}
	run_abort(s, r);
	*ret = show_run(s, r);
	return 0;
}

static int halt(struct ord_serve *s, const struct ord_serve_order *o, json_t **ret,
		struct ord_err *err)
{
	(void)err;
	if (o->verb == ORD_SERVE_HALT)
		halt_set(s, o->who, true);
	else
		halt_clear(s, o->who, true);
	*ret = ord_serve_status(s);
	return 0;
}

static int reload(struct ord_serve *s, const struct ord_serve_order *o, json_t **ret,
		  struct ord_err *err)
{
	(void)o;
	(void)err;
	watch_all(s->watch);
	*ret = ord_serve_status(s);
	return 0;
}

static int not_here(struct ord_serve *s, const struct ord_serve_order *o, json_t **ret,
		    struct ord_err *err)
{
	(void)s;
	(void)o;
	(void)ret;
	return ord_fail(err, ORD_USAGE, "a run is told by ord_serve_say()");
}

int ord_serve_do(struct ord_serve *s, const struct ord_serve_order *order, json_t **ret,
		 struct ord_err *err)
{
	static const struct {
		const char *name;
		int (*act)(struct ord_serve *s, const struct ord_serve_order *o, json_t **ret,
			   struct ord_err *err);
	} verbs[] = {
		[ORD_SERVE_RUN_NOW] = {"run", run_now},
		[ORD_SERVE_PAUSE] = {"pause", set_flags},
		[ORD_SERVE_RESUME] = {"resume", set_flags},
		[ORD_SERVE_SKIP_NEXT] = {"skip", set_flags},
		[ORD_SERVE_ABORT] = {"abort", abort_run},
		[ORD_SERVE_MARK] = {"mark", not_here},
		[ORD_SERVE_NOTE] = {"note", not_here},
		[ORD_SERVE_HALT] = {"halt", halt},
		[ORD_SERVE_UNHALT] = {"resume-all", halt},
		[ORD_SERVE_RELOAD] = {"reload", reload},
	};
	json_t *answer = NULL;

	if (verbs[order->verb].act(s, order, &answer, err) < 0)
		return -1;
	serve_record(s, verbs[order->verb].name, order->name, order->who);
	if (!answer)
		return ord_fail_nomem(err);
	if (ret)
		*ret = answer;
	else
		json_decref(answer);
	return 0;
}
