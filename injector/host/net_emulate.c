/*
 * The life of a fault whose packets are held by this process.
 *
 * What leaves a device takes a detour through a TAP of ours; what comes in, and everything on
 * loopback, waits in a packet queue. Everything hangs on descriptors of this process.
 */
#include "net_emulate.h"

#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "engines/nft_read.h"

#define QUEUE_TRIES 16

const int net_emulate_syscalls[] = {
	SCMP_SYS(sendto), SCMP_SYS(recvfrom),		SCMP_SYS(getsockname),	 SCMP_SYS(sendmsg),
	SCMP_SYS(ioctl),  SCMP_SYS(sched_setscheduler), SCMP_SYS(clock_gettime), -1,
};

/* ---- check ---- */

static int read_tables(const struct inj_step *step, struct net_emulate *s, struct fate_params *p,
		       struct ord_err *err)
{
	p->table = s->table;
	p->slot_table = s->slot_table;
	if (p->distribution == FATE_TABLE &&
	    net_effect_table(step->args, "distribution-file", s->table, &p->table_n, err) < 0)
		return -1;
	if (p->slot_distribution == FATE_TABLE &&
	    net_effect_table(step->args, "slot-distribution-file", s->slot_table, &p->slot_table_n,
			     err) < 0)
		return -1;
	return 0;
}

int net_emulate_check(struct inj_step *step, const struct fate_params *fate, json_t *undo,
		      json_t *report, struct ord_err *err)
{
	struct fate_params p = *fate;
	struct net_emulate *s = calloc(1, sizeof *s);

	if (!s)
		return ord_fail_nomem(err);
	s->nft.fd = s->route.fd = s->emulate.queue.fd = -1;
	s->netem.ns = s->netem.route.fd = s->netem.nft.fd = -1;
	s->sender.seat = s->sender.events = -1;
	for (size_t i = 0; i < LINKS_MAX; i++)
		s->detours[i].seat = -1;
	step->state = s;
	p.seed = ord_arg_set(step->args, "seed") ? (uint64_t)ord_arg_int(step->args, "seed")
						 : step->seed;
	if (read_tables(step, s, &p, err) < 0 || net_enter(step, net_effect_cuts(&p), err) < 0)
		return -1;
	return net_emulate_prepare(step, s, &p, undo, report, err);
}

/* ---- inject ---- */

static int take_queue(const struct inj_step *step, struct net_emulate *s, struct ord_err *err)
{
	bool taken = false;

	if (!s->in.n)
		return 0;
	for (int i = 0; i < QUEUE_TRIES; i++) {
		if (queue_bind(&s->emulate.queue, s->emulate.queue.number, &taken, err) < 0)
			return -1;
		if (!taken)
			return 0;
		net_emulate_draw_queue(s, (uint16_t)(s->emulate.queue.number * 7u + 13u));
		net_emulate_build(step, s);
	}
	return ord_fail(err, ORD_SKIP,
			"no packet queue is free, or CAP_NET_ADMIN is missing in the target's "
			"network namespace");
}

static int load(struct net_emulate *s, struct net_emulate_table *t, struct ord_err *err)
{
	if (nft_send(&t->batch, &s->nft, err) == 0)
		return 0;
	if (t->family == NFPROTO_NETDEV && err->sys_errno == EOPNOTSUPP)
		return net_emulate_no_egress(err);
	return t->family == NFPROTO_INET ? net_sender_explain(&s->sender, err) : -1;
}

int net_emulate_begin(struct inj_step *step, struct ord_err *err)
{
	struct net_emulate *s = step->state;

	return lanes_begin(&s->lanes, err);
}

int net_emulate_inject(struct inj_step *step, struct ord_err *err)
{
	struct net_emulate *s = step->state;

	if (s->by_netem && net_emulate_create_netem(s, err) < 0)
		return -1;
	for (unsigned i = 0; i < s->emulate.n_taps; i++)
		if (tap_create(&s->emulate.taps[i], &s->route, err) < 0)
			return -1;
	if (lanes_run(&s->lanes, &s->emulate, err) < 0 || take_queue(step, s, err) < 0)
		return -1;
	for (unsigned i = 0; i < s->n_tables; i++)
		if (load(s, &s->tables[i], err) < 0)
			return -1;
	for (unsigned i = 0; i < s->n_tables; i++)
		if (nft_prove(&s->nft, &s->tables[i].batch, err) < 0)
			return -1;
	return 0;
}

/* ---- hold ---- */

unsigned net_emulate_wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	struct net_emulate *s = step->state;

	return emulate_wait(&s->emulate, fds, max, due_ns);
}

int net_emulate_wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		     struct ord_err *err)
{
	struct net_emulate *s = step->state;

	(void)ret_over;
	return emulate_run(&s->emulate, fds, n, err) < 0 ? -1 : lanes_watch(&s->lanes, err);
}

/* All tables in one transaction: no packet sees half of it. */
int net_emulate_change(struct inj_step *step, struct ord_err *err)
{
	struct net_emulate *s = step->state;
	const struct match m = net_match(step), in = detour_queue_match(&s->in, &m);
	struct nft_batch b = {0};
	struct match out = m;
	int r;

	if (!s->out.n && net_change_fits(step, &s->in, err) < 0)
		return -1;
	for (unsigned i = 0; i < s->n_tables; i++) {
		const struct net_emulate_table *t = &s->tables[i];

		/* With a sender the table that marks has the filter, and it alone. */
		if (sender_asked(&s->sender) != (t->family == NFPROTO_INET))
			continue;
		/* Those of the detours are the first, in their order. */
		out.direction = i < s->out.n && s->inbound[i] ? MATCH_INGRESS : MATCH_EGRESS;
		nft_in_table(&b, t->family, t->name);
		match_change(&b, t->family == NFPROTO_NETDEV ? &out
				 : t->family == NFPROTO_INET ? &m
							     : &in);
	}
	r = nft_send(&b, &s->nft, err);
	nft_batch_done(&b);
	return r;
}

/* What was asked for, however often it came about. */
static void count_effects(const struct emulate *e, json_t *out)
{
	const struct fate_params *p = &e->p.fate;
	const struct emulate_count *c = &e->count;
	const struct {
		const char *name;
		uint64_t value;
		bool asked;
	} all[] = {
		{"packets", c->packets, fate_by_packet(&e->fates[0])},
		{"lost", c->lost, p->loss != FATE_LOSS_NONE},
		{"marked", c->marked, p->ecn},
		{"duplicated", c->duplicated, p->duplicate.ppm},
		{"corrupted", c->corrupted, p->corrupt.ppm},
		{"reordered", c->reordered, p->reorder.ppm},
		{"unchanged", c->unchanged, c->unchanged},
		{"split_frames", c->split, c->split},
	};

	for (size_t i = 0; i < ORD_COUNT(all); i++)
		if (all[i].asked)
			net_figure(out, all[i].name, all[i].value);
}

/* Of all the emulators. */
static void count_lateness(const struct net_emulate *s, json_t *out)
{
	static struct late late; /* 4 KiB */
	uint64_t dropped = s->emulate.dropped_limit, refused = s->emulate.refused;
	unsigned used = s->emulate.hold.arrivals > 0;

	late = s->emulate.late;
	for (unsigned i = 0; i < s->lanes.n; i++) {
		const struct emulate *e = &s->lanes.v[i].emulate;

		late_merge(&late, &e->late);
		dropped += e->dropped_limit;
		refused += e->refused;
		used += e->hold.arrivals > 0;
	}
	net_figure(out, "late_p50_ns", late_quantile(&late, 500000));
	net_figure(out, "late_p99_ns", late_quantile(&late, 990000));
	net_figure(out, "late_max_ns", late.max_ns);
	net_figure(out, "dropped_limit", dropped);
	net_figure(out, "refused", refused);
	if (s->lanes.n)
		net_figure(out, "queues_used", used);
}

void net_emulate_figures(struct inj_step *step, json_t *out)
{
	struct net_emulate *s = step->state;
	const struct emulate *e = &s->emulate;
	uint64_t packets = 0, bytes = 0;

	lanes_end(&s->lanes); /* they count no more; what they hold goes with the end, which is next
			       */
	for (unsigned i = 0; i < s->n_tables; i++) {
		struct nft_count c;
		struct ord_err err;

		if (nft_read_counters(&s->nft, s->tables[i].family, s->tables[i].name, MATCH_HIT,
				      &c, 1, &err) != 1)
			continue;
		packets += c.packets;
		bytes += c.bytes;
	}
	net_figure(out, "matched_packets", packets);
	net_figure(out, "matched_bytes", bytes);
	if (sender_gone(&s->sender))
		net_figure(out, "cgroup_gone", 1);
	if (s->by_netem) {
		net_emulate_netem_figures(s, out);
		return;
	}
	count_effects(e, out);
	count_lateness(s, out);
	net_figure(out, "late_tolerance_ns", (uint64_t)ord_arg_int(step->args, "tolerance"));
	net_figure(out, "held_max_bytes", atomic_load(&s->room.used_max));
	net_figure(out, "engine_cpu_ns", ord_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	if (e->realtime_given_up)
		net_figure(out, "realtime_given_up", 1);
}

/* ---- end ---- */

/* First nothing new is taken, while the way back stays; removing a hook would drop all that a queue
 * holds. */
static int stop_taking(struct net_emulate *s, struct ord_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < s->n_tables; i++) {
		struct nft_batch b = {0};

		nft_in_table(&b, s->tables[i].family, s->tables[i].name);
		nft_flush(&b, MATCH_HIT);
		if (nft_send(&b, &s->nft, err) < 0)
			rc = -1;
		nft_batch_done(&b);
	}
	return rc;
}

/* False: a thread of ours goes on using the struct. */
static bool close_all(struct net_emulate *s)
{
	bool all;

	talk_close(&s->nft);
	all = lanes_done(&s->lanes);
	emulate_done(&s->emulate);
	netem_close(&s->netem);
	talk_close(&s->route);
	sender_close(&s->sender);
	for (size_t i = 0; i < LINKS_MAX; i++)
		detour_leave(&s->detours[i]);
	return all;
}

/* Whatever fails here: closing takes the effect away, and residue tells whether it did. */
int net_emulate_end(struct inj_step *step, struct ord_err *err)
{
	struct net_emulate *s = step->state;

	if (s->nft.fd < 0)
		return 0;
	lanes_end(&s->lanes);
	if (stop_taking(s, err) == 0) {
		(void)emulate_flush(&s->emulate, err);
		(void)lanes_flush(&s->lanes, err);
	}
	for (size_t i = 0; s->by_netem && i < s->out.n; i++)
		(void)netem_remove(&s->emulate.taps[i], &s->route, err);
	(void)close_all(s);
	return 0;
}

void net_emulate_done(struct inj_step *step)
{
	struct net_emulate *s = step->state;

	if (!s)
		return;
	for (unsigned i = 0; i < NET_EMULATE_TABLES; i++)
		nft_batch_done(&s->tables[i].batch);
	if (close_all(s))
		free(s);
	step->state = NULL;
}
