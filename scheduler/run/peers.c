/* Peers of faults that are named: looked up when the run begins, and followed where `resolve` asks
 * for it. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/peers.h"
#include "scheduler/run/fault.h"

/* The addresses that it has now, to who holds it. */
void run_peers_send(struct run_fault *f)
{
	ord_auto(json) json_t *request = NULL;
	struct ord_err err;

	f->stale = false;
	if (run_fault_args(f, &err) < 0) {
		run_note(f->run, "fault '%s' keeps its addresses: %s", f->spec->name, err.msg);
		return;
	}
	request = ord_holder_change(f->lease, f->args);
	/* Where it does not take requests any more, its end of file settles it. */
	if (request && f->holder)
		(void)ord_holder_send(f->holder, request, NULL);
}

static int on_found(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct run_fault *f = arg;
	struct run *r = f->run;
	const bool changed = ord_peers_take(f->peers);

	(void)source;
	(void)fd;
	(void)events;
	if (*ord_peers_told(f->peers))
		run_note(r, "fault '%s': %s", f->spec->name, ord_peers_told(f->peers));
	if (changed && !r->placebo && f->state == FAULT_INJECTED)
		run_peers_send(f);
	else if (changed && !r->placebo && f->state < FAULT_INJECTED)
		f->stale = true;
	return 0;
}

/* A fault that names nobody has what it was asked with. */
static int open_one(struct run *r, size_t i, struct ord_err *err)
{
	struct run_fault *f = &r->faults[i];
	const struct ord_fault_spec *spec = &r->spec->faults[i];
	const struct ord_peers_ask ask = {.args = spec->args,
					  .peer = &spec->peer,
					  .target = &spec->target,
					  .place = &f->resolved.place,
					  .cluster = r->cluster,
					  .seed = ord_plan_seed(r->plan, i, 1)};
	int fd, e;

	f->named = spec->args;
	if (!ord_peers_wanted(spec->args, &spec->peer))
		return 0;
	f->run = r;
	f->spec = spec;
	f->state = FAULT_OVER;
	if (ord_peers_find(&ask, &f->peers, err) < 0)
		return -1;
	f->named = ord_peers_args(f->peers);
	run_note(r, "fault '%s': %s", spec->name, ord_peers_told(f->peers));
	if (ord_peers_watch(f->peers, &fd, err) < 0)
		return -1;
	e = fd < 0 ? 0 : sd_event_add_io(r->loop, &f->found, fd, EPOLLIN, on_found, f);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "watch its names");
}

int run_peers_open(struct run *r, struct ord_err *err)
{
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (open_one(r, i, err) < 0)
			return ord_wrap(err, "fault '%s'", r->spec->faults[i].name);
	return 0;
}

void run_peers_close(struct run_fault *f)
{
	f->found = sd_event_source_disable_unref(f->found);
	ord_peers_close(f->peers);
	f->peers = NULL;
}
