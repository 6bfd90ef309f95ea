/*
 * net.delay: packets are late.
 *
 * What leaves a device takes a detour through a TAP of ours; what comes in, and everything on
 * loopback, waits in a packet queue. Everything hangs on descriptors of this process.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <net/if_arp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "engines/delay.h"
#include "engines/detour.h"
#include "engines/nft_read.h"
#include "net.h"

#define TABLES_MAX  (3 * LINKS_MAX)
#define QUEUE_LOW   0x4000u /* numbers below are what people write by hand */
#define QUEUE_TRIES 16

enum way { WAY_DETOUR = 1, WAY_QUEUE = 2 };

struct table {
	struct nft_batch batch;
	uint8_t family;
	char name[NFT_NAME];
};

struct state {
	struct nl_talk nft, route;
	struct delay delay;
	struct links out, in; /* with a detour each; with a queue each */
	struct table tables[TABLES_MAX];
	unsigned n_tables;
	uint32_t mark;
	bool xtables; /* nftables has no queue of its own here */
	char comment[128];
};

static const int syscalls[] = {
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(getsockname),
	SCMP_SYS(ioctl),
	SCMP_SYS(sched_setscheduler),
	SCMP_SYS(clock_gettime),
	-1,
};

/* ---- check ---- */

static unsigned ways(const struct inj_step *step)
{
	return strcmp(step->engine, "detour") == 0  ? WAY_DETOUR
	       : strcmp(step->engine, "queue") == 0 ? WAY_QUEUE
						    : WAY_DETOUR | WAY_QUEUE;
}

static int impossible(const struct inj_step *step, const char *why, const char *device,
		      struct ord_err *err)
{
	return ord_fail(err, ORD_USAGE, "engine %s cannot take %s of %s", step->engine, why,
			device);
}

/* What leaves: the devices themselves; loopback goes by the queue. */
static int choose_out(struct inj_step *step, struct state *s, json_t *report, struct ord_err *err)
{
	struct links all;

	if (net_devices(step, &s->route, LINKS_BOTTOM, &all, report, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct link *l = &all.v[i];

		if (l->loopback) {
			if (!(ways(step) & WAY_QUEUE))
				return impossible(step, "loopback, the packets", l->name, err);
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
static int choose_in(struct inj_step *step, struct state *s, json_t *report, struct ord_err *err)
{
	struct links all;

	if (net_devices(step, &s->route, LINKS_TOP, &all, report, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct link *l = &all.v[i];

		if (!(ways(step) & WAY_QUEUE))
			return impossible(step, "the incoming packets", l->name, err);
		if (l->master)
			return ord_fail(err, ORD_SKIP,
					"device %s is a port of a bridge or bond: what comes in is "
					"delayed there",
					l->name);
		if (l->loopback && s->in.n > 0 && s->in.v[0].index == l->index)
			continue; /* chosen for its outgoing packets already, which are the same */
		s->in.v[s->in.n++] = *l;
	}
	return 0;
}

/* A packet on loopback is both: it goes to a peer and comes from one. */
static struct match match_of(const struct inj_step *step, const struct link *l)
{
	struct match m = net_match(step);

	if (!l->loopback && m.direction == MATCH_BOTH)
		m.direction = MATCH_INGRESS;
	return m;
}

static struct table *table_add(struct state *s, uint8_t family, const char *device)
{
	struct table *t = &s->tables[s->n_tables++];

	nft_batch_done(&t->batch);
	t->family = family;
	detour_table_name(device, t->name);
	return t;
}

/* Again where the queue's number or kind turns out to be another. */
static void build(const struct inj_step *step, struct state *s)
{
	static const uint8_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};

	s->n_tables = 0;
	for (size_t i = 0; i < s->out.n; i++) {
		const struct match m = net_match(step);
		struct table *t = table_add(s, NFPROTO_NETDEV, s->out.v[i].name);

		detour_build(&t->batch, s->comment, &s->out.v[i], &s->delay.taps[i], s->mark, &m);
	}
	for (size_t i = 0; i < s->in.n; i++) {
		for (size_t f = 0; f < ORD_COUNT(families); f++) {
			const struct match m = match_of(step, &s->in.v[i]);
			struct table *t = table_add(s, families[f], s->in.v[i].name);

			detour_queue_build(&t->batch, families[f], s->comment, &s->in.v[i],
					   s->delay.queue.number, s->xtables, &m);
		}
	}
}

static int held_by_another(struct state *s, const struct table *t, struct ord_err *err)
{
	struct nft_seen seen;

	if (nft_read_table(&s->nft, t->family, t->name, &seen, err) < 0)
		return -1;
	if (!seen.found)
		return 0;
	return ord_fail(err, ORD_GUARD, "device %s has a delay already: table %s is held by '%s'",
			t->name + strlen("ordeal-delay-"), t->name,
			seen.comment[0] ? seen.comment : "somebody else");
}

static void draw_queue(struct state *s, uint16_t draw)
{
	s->delay.queue.number = (uint16_t)(QUEUE_LOW + draw % (UINT16_MAX - QUEUE_LOW));
}

static int open_sources(struct state *s, struct ord_err *err)
{
	uint32_t draw[2];

	if (getrandom(draw, sizeof draw, 0) != (ssize_t)sizeof draw)
		return ord_fail_sys(err, "getrandom");
	s->mark = draw[0] ? draw[0] : 1;
	for (size_t i = 0; i < s->out.n; i++) {
		if (tap_open(&s->delay.taps[i], err) < 0)
			return -1;
		s->delay.n_taps++;
	}
	if (s->in.n && queue_open(&s->delay.queue, err) < 0)
		return -1;
	draw_queue(s, (uint16_t)draw[1]);
	return 0;
}

static int describe(const struct state *s, json_t *undo, json_t *report, struct ord_err *err)
{
	const char *engine = s->out.n && s->in.n ? "detour+queue" : s->out.n ? "detour" : "queue";

	if (json_object_set_new(report, "engine", json_string(engine)) < 0)
		return ord_fail_nomem(err);
	for (unsigned i = 0; i < s->delay.n_taps; i++)
		if (net_undo_link(undo, s->delay.taps[i].name, err) < 0 ||
		    net_tell(report, "objects", err,
			     "TAP %s beside %s; the kernel removes it with the process",
			     s->delay.taps[i].name, s->out.v[i].name) < 0)
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
			     : s->tables[i].family == NFPROTO_IPV4 ? "ip"
								   : "ip6",
			     s->tables[i].name) < 0)
			return -1;
	return 0;
}

static int note_effects(const struct inj_step *step, const struct state *s, json_t *report,
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
	if (ord_arg_int(step->args, "delay") >= (int64_t)(10 * ORD_MS) &&
	    net_tell(report, "notes", err,
		     "with default buffers one TCP connection is bound by its window: about 6 MB a "
		     "round trip") < 0)
		return -1;
	return 0;
}

/* Parameters, and what they need of this process while it may still do that. */
static int set_pace(const struct inj_step *step, struct delay_params *p, json_t *report,
		    struct ord_err *err)
{
	const struct sched_param fifo = {.sched_priority = 50};

	*p = (struct delay_params){
		.delay_ns = (uint64_t)ord_arg_int(step->args, "delay"),
		.jitter_ns = (uint64_t)ord_arg_int(step->args, "jitter"),
		.spin_ns = (uint64_t)ord_arg_int(step->args, "spin"),
		.limit = (uint64_t)ord_arg_int(step->args, "limit"),
		.seed = step->seed,
	};
	if (p->jitter_ns > p->delay_ns)
		return ord_fail(err, ORD_USAGE,
				"jitter is more than the delay: a packet cannot be early");
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	net_first_in_line();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
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

static int prepare(struct inj_step *step, struct state *s, json_t *undo, json_t *report,
		   struct ord_err *err)
{
	const struct match m = net_match(step);
	struct delay_params params;

	if (set_pace(step, &params, report, err) < 0 || delay_init(&s->delay, &params, err) < 0 ||
	    talk_open(&s->route, NETLINK_ROUTE, err) < 0)
		return -1;
	if ((match_egress(&m) && choose_out(step, s, report, err) < 0) ||
	    (match_ingress(&m) && choose_in(step, s, report, err) < 0))
		return -1;
	if (s->out.n + s->in.n == 0)
		return ord_fail(err, ORD_SKIP, "no device here can be delayed");
	/*
	 * When a process dies the kernel lets go of its descriptors from the highest number down.
	 * The tables must go first: a TAP takes 50 ms, and until the rules are gone packets would
	 * still be sent to it.
	 */
	if (open_sources(s, err) < 0 || talk_open(&s->nft, NETLINK_NETFILTER, err) < 0)
		return -1;
	net_comment(step, s->comment);
	build(step, s);
	for (unsigned i = 0; i < s->n_tables; i++)
		if (held_by_another(s, &s->tables[i], err) < 0 ||
		    nft_batch_end(&s->tables[i].batch, err) < 0 ||
		    nft_make_room(&s->tables[i].batch, &s->nft, err) < 0)
			return -1;
	if (net_undo(undo, step, err) < 0 || describe(s, undo, report, err) < 0)
		return -1;
	return note_effects(step, s, report, err);
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct state *s;

	if (net_enter(step, false, err) < 0)
		return -1;
	s = calloc(1, sizeof *s);
	if (!s)
		return ord_fail_nomem(err);
	s->nft.fd = s->route.fd = s->delay.queue.fd = -1;
	step->state = s;
	return prepare(step, s, undo, report, err);
}

/* ---- inject ---- */

static int take_queue(const struct inj_step *step, struct state *s, struct ord_err *err)
{
	bool taken = false;

	if (!s->in.n)
		return 0;
	for (int i = 0; i < QUEUE_TRIES; i++) {
		if (queue_bind(&s->delay.queue, s->delay.queue.number, &taken, err) < 0)
			return -1;
		if (!taken)
			return 0;
		draw_queue(s, (uint16_t)(s->delay.queue.number * 7u + 13u));
		build(step, s);
	}
	return ord_fail(err, ORD_SKIP,
			"no packet queue is free, or CAP_NET_ADMIN is missing in the target's "
			"network namespace");
}

/* The kernel knows neither expression: which option is missing. */
static int no_queue(struct ord_err *err)
{
	return ord_fail(
		err, ORD_SKIP,
		"nftables cannot queue packets here (CONFIG_NFT_QUEUE, or CONFIG_NFT_COMPAT with "
		"CONFIG_NETFILTER_XT_TARGET_NFQUEUE)");
}

static int no_egress(struct ord_err *err)
{
	return ord_fail(err, ORD_SKIP,
			"this kernel has no hook where packets leave a device "
			"(CONFIG_NETFILTER_EGRESS, Linux 5.16): only "
			"loopback and direction ingress can be delayed");
}

static int load(struct state *s, struct table *t, struct ord_err *err)
{
	if (nft_send(&t->batch, &s->nft, err) == 0)
		return 0;
	if (err->sys_errno == EEXIST && held_by_another(s, t, err) < 0)
		return -1;
	if (t->family == NFPROTO_NETDEV && err->sys_errno == EOPNOTSUPP)
		return no_egress(err);
	return -1;
}

/* The tables of the queue come last; the first of them tells which expression the kernel has. */
static int load_all(const struct inj_step *step, struct state *s, struct ord_err *err)
{
	unsigned i = 0;

	while (i < s->n_tables) {
		if (load(s, &s->tables[i], err) == 0) {
			i++;
			continue;
		}
		if (s->tables[i].family == NFPROTO_NETDEV || err->sys_errno != ENOENT)
			return -1;
		if (s->xtables)
			return no_queue(err);
		s->xtables = true;
		build(step, s);
	}
	return 0;
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct state *s = step->state;

	for (unsigned i = 0; i < s->delay.n_taps; i++)
		if (tap_create(&s->delay.taps[i], &s->route, err) < 0)
			return -1;
	if (take_queue(step, s, err) < 0 || load_all(step, s, err) < 0)
		return -1;
	for (unsigned i = 0; i < s->n_tables; i++)
		if (nft_prove(&s->nft, &s->tables[i].batch, err) < 0)
			return -1;
	return 0;
}

/* ---- hold ---- */

static unsigned wait_for(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	struct state *s = step->state;

	return delay_wait(&s->delay, fds, max, due_ns);
}

static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct state *s = step->state;

	(void)ret_over;
	return delay_run(&s->delay, fds, n, err);
}

static void figures(struct inj_step *step, json_t *out)
{
	struct state *s = step->state;
	const struct delay *d = &s->delay;
	uint64_t packets = 0, bytes = 0;

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
	net_figure(out, "late_p50_ns", late_quantile(&d->late, 500000));
	net_figure(out, "late_p99_ns", late_quantile(&d->late, 990000));
	net_figure(out, "late_max_ns", d->late.max_ns);
	net_figure(out, "dropped_limit", d->dropped_limit);
	net_figure(out, "refused", d->refused);
	net_figure(out, "held_max_bytes", d->hold.used_max);
	net_figure(out, "engine_cpu_ns", ord_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	if (d->realtime_given_up)
		net_figure(out, "realtime_given_up", 1);
}

/* ---- end ---- */

/* First nothing new is taken, while the way back stays; removing a hook would drop all that a queue
 * holds. */
static int stop_taking(struct state *s, struct ord_err *err)
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

static void close_all(struct state *s)
{
	talk_close(&s->nft);
	delay_done(&s->delay);
	talk_close(&s->route);
}

/* Whatever fails here: closing takes the effect away, and residue tells whether it did. */
static int end(struct inj_step *step, struct ord_err *err)
{
	struct state *s = step->state;

	if (s->nft.fd < 0)
		return 0;
	if (stop_taking(s, err) == 0)
		(void)delay_flush(&s->delay, err);
	close_all(s);
	return 0;
}

static void done(struct inj_step *step)
{
	struct state *s = step->state;

	if (!s)
		return;
	close_all(s);
	for (unsigned i = 0; i < TABLES_MAX; i++)
		nft_batch_done(&s->tables[i].batch);
	free(s);
	step->state = NULL;
}

/* ---- doctor ---- */

static const struct ord_endpoints nobody;
static const struct match everything = {
	.to = &nobody, .exclude = &nobody, .direction = MATCH_EGRESS};

static int try_detour(struct ord_err *err)
{
	const struct link lo = {.index = 1,
				.name = "lo"}; /* as if it were a real device, for its egress */
	struct nl_talk nft = {.fd = -1}, route = {.fd = -1};
	struct table t = {.family = NFPROTO_NETDEV};
	struct tap tap;

	if (tap_open(&tap, err) < 0 || talk_open(&route, NETLINK_ROUTE, err) < 0 ||
	    tap_create(&tap, &route, err) < 0 || talk_open(&nft, NETLINK_NETFILTER, err) < 0)
		return -1;
	detour_build(&t.batch, "trial", &lo, &tap, 1, &everything);
	if (nft_send(&t.batch, &nft, err) == 0)
		return 0;
	if (err->sys_errno == ENOENT)
		return ord_fail(err, ORD_SKIP,
				"this kernel cannot forward packets between devices in nftables "
				"(CONFIG_NFT_FWD_NETDEV)");
	return no_egress(err);
}

static int try_queue(struct ord_err *err)
{
	const struct link lo = {.index = 1, .name = "lo", .loopback = true};
	struct nl_talk nft = {.fd = -1};
	struct queue q = {.fd = -1};
	bool taken;

	if (queue_open(&q, err) < 0 || queue_bind(&q, QUEUE_LOW, &taken, err) < 0 ||
	    talk_open(&nft, NETLINK_NETFILTER, err) < 0)
		return -1;
	for (int xtables = 0; xtables < 2; xtables++) {
		struct nft_batch b = {0};

		detour_queue_build(&b, NFPROTO_IPV4, "trial", &lo, QUEUE_LOW, xtables, &everything);
		if (nft_send(&b, &nft, err) == 0)
			return 0;
		nft_batch_done(&b);
	}
	return no_queue(err);
}

/* Both engines; or one, and why not the other. The children that try leave nothing to free. */
static int available(const char **ret_engine, struct ord_err *err)
{
	static char text[sizeof err->msg + 64];
	struct ord_err queue_err;
	bool detour, queue;

	if (net_capable(err) < 0)
		return -1;
	detour = net_trial(try_detour, err) == 0;
	if (!detour && err->code == ORD_GUARD) {
		*ret_engine = "detour, queue (not tried: that takes CAP_SYS_ADMIN)";
		return 0;
	}
	queue = net_trial(try_queue, &queue_err) == 0;
	if (!detour && !queue)
		return ord_wrap(err, "%s; detour", queue_err.msg);
	*ret_engine = text;
	if (detour && queue)
		*ret_engine = "detour, queue (loopback, ingress)";
	else if (detour)
		(void)snprintf(text, sizeof text, "detour (neither loopback nor ingress: %s)",
			       queue_err.msg);
	else
		(void)snprintf(text, sizeof text, "queue (loopback and ingress only: %s)",
			       err->msg);
	return 0;
}

const struct ord_injector inj_net_delay = {
	.name = "net.delay",
	.syscalls = syscalls,
	.revert_syscalls = net_residue_syscalls,
	.check = check,
	.inject = inject,
	.wait = wait_for,
	.wake = wake,
	.figures = figures,
	.end = end,
	.residue = net_residue,
	.validate = net_validate,
	.done = done,
	.available = available,
};
