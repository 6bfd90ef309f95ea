/* What an emulator will take, and by which way. */
#include "net_emulate.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if_arp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "engines/nft_can.h"

enum way { WAY_DETOUR = 1, WAY_QUEUE = 2 };

static unsigned ways(const struct inj_step *step)
{
	return strcmp(step->engine, "detour") == 0 || strcmp(step->engine, "netem") == 0
		       ? WAY_DETOUR
	       : strcmp(step->engine, "queue") == 0 ? WAY_QUEUE
						    : WAY_DETOUR | WAY_QUEUE;
}

static int impossible(const struct inj_step *step, const char *why, const char *device,
		      struct ord_err *err)
{
	return ord_fail(err, ORD_USAGE, "engine %s cannot take %s of %s", step->engine, why,
			device);
}

/* The queue gives each packet back once. 1: without it this device is left out, which is told. */
static int beyond_queue(const struct inj_step *step, const struct net_emulate *s, const char *what,
			const struct link *l, bool only, json_t *report, struct ord_err *err)
{
	if (!s->emulate.p.fate.duplicate.ppm)
		return 0;
	if (!only && !ord_arg_set(step->args, "device"))
		return net_tell(report, "notes", err,
				"left out: %s (a packet queue cannot send a packet twice)",
				l->name) < 0
			       ? -1
			       : 1;
	return ord_fail(err, ORD_SKIP,
			"%s of %s can only be taken by a packet queue, which cannot send a packet "
			"twice: duplicate what leaves another device",
			what, l->name);
}

/* What leaves: the devices themselves; loopback goes by the queue. */
static int choose_out(struct inj_step *step, struct net_emulate *s, json_t *report,
		      struct ord_err *err)
{
	struct links all;
	int r;

	if (net_devices(step, &s->route, LINKS_BOTTOM, &all, report, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct link *l = &all.v[i];

		if (l->loopback) {
			if (!(ways(step) & WAY_QUEUE))
				return impossible(step, "loopback, the packets", l->name, err);
			r = beyond_queue(step, s, "the packets", l, all.n == 1, report, err);
			if (r < 0)
				return -1;
			if (r == 0)
				s->in.v[s->in.n++] = *l;
		} else if (!(ways(step) & WAY_DETOUR)) {
			return impossible(step, "the outgoing packets", l->name, err);
		} else if (l->type == ARPHRD_ETHER) {
			s->out.v[s->out.n++] = *l;
		} else if (ord_arg_set(step->args, "device")) {
			return ord_fail(
				err, ORD_SKIP,
				"device %s carries no Ethernet frames: a detour cannot take them",
				l->name);
		} else if (net_tell(report, "notes", err, "left out: %s (no Ethernet frames)",
				    l->name) < 0) {
			return -1;
		}
	}
	return 0;
}

/* What comes in: where the host receives it. */
static int choose_in(struct inj_step *step, struct net_emulate *s, json_t *report,
		     struct ord_err *err)
{
	struct links all;

	if (strcmp(step->engine, "netem") == 0)
		return net_emulate_choose_in_netem(step, s, report, err);
	if (net_devices(step, &s->route, LINKS_TOP, &all, report, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct link *l = &all.v[i];

		if (!(ways(step) & WAY_QUEUE))
			return impossible(step, "the incoming packets", l->name, err);
		if (beyond_queue(step, s, "the incoming packets", l, true, report, err) < 0)
			return -1;
		if (l->master)
			return ord_fail(err, ORD_SKIP,
					"device %s is a port of a bridge or bond: what comes in is "
					"taken there",
					l->name);
		if (l->loopback && s->in.n > 0 && s->in.v[0].index == l->index)
			continue; /* chosen for its outgoing packets already, which are the same */
		s->in.v[s->in.n++] = *l;
	}
	return 0;
}

static struct net_emulate_table *table_add(struct net_emulate *s, uint8_t family)
{
	struct net_emulate_table *t = &s->tables[s->n_tables++];

	nft_batch_done(&t->batch);
	t->family = family;
	return t;
}

static void build_sender(const struct inj_step *step, struct net_emulate *s, const struct match *m)
{
	struct net_emulate_table *t = table_add(s, NFPROTO_INET);

	(void)snprintf(t->name, sizeof t->name, "ordeal-%s", step->lease);
	sender_build(&t->batch, t->name, s->comment, &s->sender, m);
	for (size_t i = 0; i < s->out.n; i++)
		sender_at(&t->batch, &s->sender, &s->out.v[i]);
	for (size_t i = 0; i < s->in.n; i++)
		sender_at(&t->batch, &s->sender, &s->in.v[i]);
}

void net_emulate_build(const struct inj_step *step, struct net_emulate *s)
{
	static const uint8_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};
	const struct match asked = net_match(step);
	const struct match m = sender_asked(&s->sender) ? sender_match(&asked, &s->sender) : asked;

	s->n_tables = 0;
	for (size_t i = 0; i < s->out.n; i++) {
		struct net_emulate_table *t = table_add(s, NFPROTO_NETDEV);

		detour_table_name(s->out.v[i].name, detour_rank(&s->detours[i]), t->name);
		(s->inbound[i] ? detour_in_build : detour_build)(&t->batch, s->comment,
								 &s->out.v[i], &s->emulate.taps[i],
								 &s->detours[i], &m);
	}
	for (size_t f = 0; f < ORD_COUNT(families) && s->in.n; f++) {
		struct net_emulate_table *t = table_add(s, families[f]);

		(void)snprintf(t->name, sizeof t->name, "ordeal-%s", step->lease);
		detour_queue_build(&t->batch, families[f], t->name, s->comment, &s->in,
				   s->emulate.queue.number, s->xtables, &m);
	}
	if (sender_asked(&s->sender))
		build_sender(step, s, &asked);
}

void net_emulate_draw_queue(struct net_emulate *s, uint16_t draw)
{
	s->emulate.queue.number = (uint16_t)(QUEUE_LOW + draw % (UINT16_MAX - QUEUE_LOW));
}

static int open_sources(struct net_emulate *s, struct ord_err *err)
{
	const struct fate_params *p = &s->emulate.p.fate;
	uint16_t draw;

	if (getrandom(&draw, sizeof draw, 0) != (ssize_t)sizeof draw)
		return ord_fail_sys(err, "getrandom");
	for (size_t i = 0; i < s->out.n; i++) {
		if (detour_sit(&s->detours[i], &s->out.v[i], sender_asked(&s->sender), err) < 0)
			return -1;
		if (s->by_netem && netem_draw(&s->emulate.taps[i], err) < 0)
			return -1;
		if (s->by_netem)
			continue;
		if (tap_open(&s->emulate.taps[i], err) < 0)
			return -1;
		s->emulate.taps[s->emulate.n_taps++].by_packet =
			!emulate_keeps_frames(&s->emulate.p);
	}
	if (s->in.n && queue_open(&s->emulate.queue, err) < 0)
		return -1;
	net_emulate_draw_queue(s, draw);
	s->emulate.queue.by_packet = fate_by_packet(&s->emulate.fates[0]);
	s->emulate.queue.whole = p->corrupt.ppm || p->ecn;
	return 0;
}

/*
 * A queue of each TAP for each CPU, where no packet's fate is told by those before it: draws would
 * follow the order in which threads run. Who spins or runs with SCHED_FIFO takes one CPU, not all.
 */
static int open_lanes(const struct inj_step *step, struct net_emulate *s, struct ord_err *err)
{
	const struct emulate_params *p = &s->emulate.p;
	const bool one = fate_by_packet(&s->emulate.fates[0]) || p->spin_ns || p->realtime ||
			 s->by_netem || !s->out.n;
	const unsigned asked = (unsigned)ord_arg_int(step->args, "queues");
	const unsigned n = asked ? asked : one ? 1 : lanes_wanted();

	if (n > 1 && one)
		return ord_fail(err, ORD_USAGE,
				"queues: %u are for a delay by a detour that is the same for all "
				"packets, without spin and realtime",
				n);
	if (n == 1)
		return 0;
	net_first_in_line(true);
	return lanes_open(&s->lanes, n - 1, &s->emulate, err);
}

/* "detour for what leaves eth0, eth1; queue for what lo receives" */
static json_t *engine_why(const struct net_emulate *s)
{
	char text[2048] = "";
	size_t n = 0;

	for (size_t i = 0; i < s->out.n && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s",
				      i		    ? ", "
				      : s->by_netem ? "netem for what leaves "
						    : "detour for what leaves ",
				      s->out.v[i].name);
	for (size_t i = 0; i < s->in.n && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s",
				      i	  ? ", "
				      : n ? "; queue for what this host receives by "
					  : "queue for what this host receives by ",
				      s->in.v[i].name);
	return json_string(text);
}

static int describe(const struct net_emulate *s, json_t *undo, json_t *report, struct ord_err *err)
{
	const char *engine = s->by_netem	   ? "netem"
			     : s->out.n && s->in.n ? "detour+queue"
			     : s->out.n		   ? "detour"
						   : "queue";

	if (json_object_set_new(report, "engine", json_string(engine)) < 0 ||
	    json_object_set_new(report, "why", engine_why(s)) < 0)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < s->out.n; i++)
		if (net_undo_link(undo, s->emulate.taps[i].name, err) < 0 ||
		    net_tell(report, "objects", err,
			     "%s %s beside %s; the kernel removes it with the process",
			     s->by_netem ? "veth pair" : "TAP", s->emulate.taps[i].name,
			     s->out.v[i].name) < 0)
			return -1;
	if (s->in.n &&
	    net_tell(report, "objects", err,
		     "a packet queue; the kernel removes it with the process, and packets pass") <
		    0)
		return -1;
	for (unsigned i = 0; i < s->n_tables; i++)
		if (net_undo_table(undo, s->tables[i].family, s->tables[i].name, err) < 0 ||
		    net_tell(report, "objects", err,
			     "nftables table %s %s; the kernel removes it with the process",
			     s->tables[i].family == NFPROTO_NETDEV ? "netdev"
			     : s->tables[i].family == NFPROTO_INET ? "inet"
			     : s->tables[i].family == NFPROTO_IPV4 ? "ip"
								   : "ip6",
			     s->tables[i].name) < 0)
			return -1;
	return 0;
}

static int note_effects(const struct inj_step *step, const struct net_emulate *s, json_t *report,
			struct ord_err *err)
{
	const struct match m = net_match(step);

	for (size_t i = 0; i < s->in.n; i++)
		if (s->in.v[i].loopback && m.to->n == 0 &&
		    net_tell(report, "notes", err,
			     "without peers, both directions on loopback are late: twice in a "
			     "round trip") < 0)
			return -1;
	if (s->in.n && net_tell(report, "notes", err,
				"what arrives bears the time of before its delay: ping shows that "
				"with -U only") < 0)
		return -1;
	if (s->emulate.p.fate.delay_ns >= 10 * ORD_MS &&
	    net_tell(report, "notes", err,
		     "with default buffers one TCP connection is bound by its window: about 6 MB a "
		     "round trip") < 0)
		return -1;
	return 0;
}

/* Of those that this process may run on: whoever started it may have bound it to one. */
static bool one_cpu(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
}

/* Parameters, and what they need of this process while it may still do that. */
static int set_pace(const struct inj_step *step, const struct fate_params *fate,
		    struct emulate_params *p, json_t *report, struct ord_err *err)
{
	const struct sched_param fifo = {.sched_priority = 50};

	*p = (struct emulate_params){
		.fate = *fate,
		.spin_ns = (uint64_t)ord_arg_int(step->args, "spin"),
	};
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	net_first_in_line(false);
	p->alone = one_cpu();
	if (p->alone) {
		if ((p->spin_ns || ord_arg_int(step->args, "realtime")) &&
		    net_tell(report, "notes", err,
			     "one CPU: neither spin nor realtime, they would starve it") < 0)
			return -1;
		p->spin_ns = 0;
		return 0;
	}
	if (!ord_arg_int(step->args, "realtime"))
		return 0;
	p->realtime = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &fifo) == 0;
	if (!p->realtime &&
	    net_tell(report, "notes", err, "realtime is not allowed here: %s", strerror(errno)) < 0)
		return -1;
	return 0;
}

int net_emulate_prepare(struct inj_step *step, struct net_emulate *s,
			const struct fate_params *fate, json_t *undo, json_t *report,
			struct ord_err *err)
{
	const struct match m = net_match(step);
	struct emulate_params params;

	s->room.limit = (size_t)ord_arg_int(step->args, "limit");
	if (set_pace(step, fate, &params, report, err) < 0 ||
	    emulate_init(&s->emulate, &params, &s->room, err) < 0 ||
	    net_sender(step, &s->sender, report, err) < 0 ||
	    talk_open(&s->route, NETLINK_ROUTE, err) < 0)
		return -1;
	if ((match_egress(&m) && choose_out(step, s, report, err) < 0) ||
	    (match_ingress(&m) && choose_in(step, s, report, err) < 0))
		return -1;
	if (s->out.n + s->in.n == 0)
		return ord_fail(err, ORD_SKIP, "the packets of no device here can be taken");
	/*
	 * When a process dies the kernel lets go of its descriptors from the highest number down.
	 * The tables must go first: a TAP takes 50 ms, and until the rules are gone packets would
	 * still be sent to it. A rank goes last, when nothing of its holder is left.
	 */
	s->by_netem = strcmp(step->engine, "netem") == 0;
	if (s->by_netem && net_emulate_open_netem(step, s, report, err) < 0)
		return -1;
	if (sender_asked(&s->sender) && sender_sit(&s->sender, err) < 0)
		return -1;
	if (open_sources(s, err) < 0 || open_lanes(step, s, err) < 0 ||
	    talk_open(&s->nft, NETLINK_NETFILTER, err) < 0 ||
	    (s->in.n && nft_can_queue(&s->nft, &s->xtables, err) < 0))
		return -1;
	if (sender_asked(&s->sender) && nft_can_cgroup(&s->nft, err) < 0)
		return -1;
	net_comment(step, s->comment);
	net_emulate_build(step, s);
	for (unsigned i = 0; i < s->n_tables; i++)
		if (nft_can_load(&s->tables[i].batch, &s->nft, err) < 0 ||
		    nft_batch_end(&s->tables[i].batch, err) < 0 ||
		    nft_make_room(&s->tables[i].batch, &s->nft, err) < 0)
			return -1;
	if (net_undo(undo, step, err) < 0 || describe(s, undo, report, err) < 0)
		return -1;
	return note_effects(step, s, report, err);
}
