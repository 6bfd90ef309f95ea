/* The engine netem: what of a fault the kernel's own emulator takes, and what it tells of it. */
#include <linux/netlink.h>
#include <net/if_arp.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "engines/netem_in.h"
#include "net_emulate.h"

#define PACKETS 1000000 /* that a netem without a rate holds at most */
#define FRAME	1514	/* bytes of a frame, where a limit of bytes becomes one of frames */
#define AROUND	18	/* bytes of an Ethernet header with a VLAN's tag */

/* As large as where nothing was said. */
static bool as_given(const struct inj_step *step, const char *name)
{
	const struct ord_fault *f = step->args->fault;
	struct ord_err err;
	int64_t v;

	for (size_t i = 0; i < f->n_params; i++)
		if (strcmp(f->params[i].name, name) == 0)
			return ord_parse_size(f->params[i].def, &v, &err) == 0 &&
			       v == ord_arg_int(step->args, name);
	return false;
}

/* What this process would do, and the kernel does not. */
static int beyond(const struct inj_step *step, const struct fate_params *p, struct ord_err *err)
{
	static const struct {
		const char *name;
		int64_t unless;
	} ours[] = {{"spin", 0}, {"realtime", 0}, {"tolerance", ORD_MS}, {"queues", 0}};

	for (size_t i = 0; i < ORD_COUNT(ours); i++)
		if (ord_arg_int(step->args, ours[i].name) != ours[i].unless)
			return ord_fail(err, ORD_USAGE,
					"engine netem does not take '%s': it is for packets that "
					"ordeal itself holds",
					ours[i].name);
	if (as_given(step, "limit"))
		return 0;
	if (!p->burst)
		return ord_fail(err, ORD_USAGE,
				"engine netem does not take 'limit': it counts packets, not bytes, "
				"but for those that wait for a bucket ('burst')");
	if (p->delay_ns || ord_arg_int(step->args, "limit") > UINT32_MAX)
		return ord_fail(err, ORD_USAGE,
				"engine netem does not take 'limit' beside a delay, or above "
				"4 GiB: only what waits for the bucket is counted");
	return 0;
}

/* tbf drops for ever what is larger than its bucket. */
static int room(const struct net_emulate *s, const struct fate_params *p, struct ord_err *err)
{
	for (size_t i = 0; p->burst && i < s->out.n; i++)
		if (p->burst < s->out.v[i].mtu + AROUND)
			return ord_fail(
				err, ORD_USAGE,
				"engine netem: a packet of %s of up to %u bytes would never "
				"leave a bucket of %llu",
				s->out.v[i].name, s->out.v[i].mtu + AROUND,
				(unsigned long long)p->burst);
	return 0;
}

static bool any_inbound(const struct net_emulate *s)
{
	for (size_t i = 0; i < s->out.n; i++)
		if (s->inbound[i])
			return true;
	return false;
}

int net_emulate_open_netem(const struct inj_step *step, struct net_emulate *s, json_t *report,
			   struct ord_err *err)
{
	const struct fate_params *p = &s->emulate.p.fate;
	const uint64_t limit = (uint64_t)ord_arg_int(step->args, "limit");
	struct netem_ask *a = &s->netem.ask;
	const bool seeded = ord_arg_set(step->args, "seed");

	if (beyond(step, p, err) < 0 || netem_can(p, err) < 0 || room(s, p, err) < 0 ||
	    netem_table(&s->emulate.fates[0], a, err) < 0)
		return -1;
	if (seeded && p->slot_max_ns > p->slot_min_ns)
		return ord_fail(err, ORD_USAGE,
				"engine netem does not draw slots by the seed: leave 'seed' out");
	a->p = p;
	a->bytes = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
	a->packets = p->rate && !p->burst ? (uint32_t)(limit / FRAME) : PACKETS;
	if (netem_open(&s->netem, seeded, any_inbound(s), err) < 0)
		return -1;
	return net_tell(report, "notes", err,
			"netem draws in the kernel, holds at most %u packets, and loses those it "
			"holds when the fault ends",
			a->packets);
}

int net_emulate_choose_in_netem(struct inj_step *step, struct net_emulate *s, json_t *report,
				struct ord_err *err)
{
	struct links all;

	if (net_devices(step, &s->route, LINKS_TOP, &all, report, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct link *l = &all.v[i];

		if (l->loopback || l->master || l->type != ARPHRD_ETHER)
			return ord_fail(
				err, ORD_USAGE,
				"engine netem cannot take the incoming packets of %s: it is "
				"loopback, a port, or carries no Ethernet frames",
				l->name);
		if (s->out.n == LINKS_MAX)
			return ord_fail(err, ORD_USAGE, "engine netem takes %d ways at most",
					LINKS_MAX);
		if (netem_in_free(&s->route, l, err) < 0)
			return -1;
		s->inbound[s->out.n] = true;
		s->out.v[s->out.n++] = *l;
	}
	return 0;
}

int net_emulate_create_netem(struct net_emulate *s, struct ord_err *err)
{
	for (size_t i = 0; i < s->out.n; i++) {
		const struct tap *near = &s->emulate.taps[i];

		if (netem_create(&s->netem, near, &s->route, err) < 0)
			return -1;
		if (s->inbound[i] && netem_in_turn(&s->route, near->index, s->out.v[i].index,
						   s->detours[i].mark, err) < 0)
			return -1;
	}
	return 0;
}

int net_emulate_try_netem(struct ord_err *err)
{
	static const struct fate_params p = {.delay_ns = ORD_MS};
	static struct netem n = {.ns = -1, .ask = {.p = &p, .packets = 1}};
	struct nl_talk route = {.fd = -1};
	struct tap near;

	if (netem_open(&n, false, true, err) < 0 || netem_draw(&near, err) < 0 ||
	    talk_open(&route, NETLINK_ROUTE, err) < 0)
		return -1;
	return netem_create(&n, &near, &route, err);
}

/* The kernel has one counter for what it loses, marks and has no room for. */
void net_emulate_netem_figures(struct net_emulate *s, json_t *out)
{
	const struct fate_params *p = &s->emulate.p.fate;
	uint64_t lost = 0;

	for (size_t i = 0; i < s->out.n; i++)
		lost += netem_lost(&s->netem, &s->emulate.taps[i]);
	net_figure(out,
		   p->loss == FATE_LOSS_NONE ? "dropped_limit"
		   : p->ecn		     ? "lost_or_marked"
					     : "lost",
		   lost);
}
