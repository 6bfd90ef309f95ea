#include "netem_qdisc.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Not in the headers before 6.6. */
#define PRNG_SEED 14

#define NETEM TC_H_MAKE(1u << 16, 0)
#define BELOW TC_H_MAKE(1u << 16, 1) /* where what netem lets go of is queued */

/* ---- what it is told ---- */

static uint32_t share(uint32_t ppm)
{
	return (uint32_t)(((uint64_t)ppm * UINT32_MAX + 500000) / 1000000);
}

/* What is left of the share of both once one has its own: together they are never more than all. */
static uint32_t rest(uint32_t ppm, uint32_t other)
{
	return share(ppm + other) - share(other);
}

static struct tc_netem_qopt options(const struct netem_ask *a)
{
	const struct fate_params *p = a->p;

	return (struct tc_netem_qopt){
		.limit = a->packets,
		.loss = p->loss == FATE_LOSS_RANDOM ? share(p->random_loss.ppm) : 0,
		.gap = !p->reorder.ppm	    ? 0
		       : p->reorder_gap > 1 ? p->reorder_gap
					    : 1,
		.duplicate = share(p->duplicate.ppm),
	};
}

static struct tc_netem_rate link_rate(const struct fate_params *p)
{
	if (!p->rate || p->burst)
		return (struct tc_netem_rate){0};
	return (struct tc_netem_rate){.rate = (uint32_t)p->rate,
				      .packet_overhead = p->packet_overhead,
				      .cell_size = p->cell_size,
				      .cell_overhead = p->cell_overhead};
}

static struct tc_netem_gimodel markov(const struct fate_params *p)
{
	return (struct tc_netem_gimodel){.p13 = rest(p->p13, p->p14),
					 .p31 = rest(p->p31, p->p32),
					 .p32 = share(p->p32),
					 .p14 = share(p->p14),
					 .p23 = share(p->p23)};
}

/* Its h is the share that passes. */
static struct tc_netem_gemodel gilbert(const struct fate_params *p)
{
	return (struct tc_netem_gemodel){.p = share(p->p),
					 .r = share(p->r),
					 .h = UINT32_MAX - share(p->one_minus_h),
					 .k1 = share(p->one_minus_k)};
}

static struct tc_netem_slot slots(const struct fate_params *p)
{
	return (struct tc_netem_slot){.min_delay = (int64_t)p->slot_min_ns,
				      .max_delay = (int64_t)p->slot_max_ns};
}

static int put_loss(struct nl_msg *msg, const struct fate_params *p)
{
	const struct tc_netem_gimodel gi = markov(p);
	const struct tc_netem_gemodel ge = gilbert(p);
	struct nlattr *nest;
	int rc;

	if (p->loss != FATE_LOSS_MARKOV && p->loss != FATE_LOSS_GILBERT)
		return 0;
	nest = nla_nest_start(msg, TCA_NETEM_LOSS);
	if (!nest)
		return -1;
	rc = p->loss == FATE_LOSS_MARKOV ? nla_put(msg, NETEM_LOSS_GI, sizeof gi, &gi)
					 : nla_put(msg, NETEM_LOSS_GE, sizeof ge, &ge);
	(void)nla_nest_end(msg, nest);
	return rc;
}

static int put_netem(struct nl_msg *msg, const struct netem_ask *a)
{
	const struct fate_params *p = a->p;
	struct tc_netem_qopt q = options(a);
	const struct tc_netem_reorder reorder = {.probability = share(p->reorder.ppm)};
	const struct tc_netem_rate rate = link_rate(p);
	const struct tc_netem_slot slot = slots(p);
	const int64_t latency = (int64_t)p->delay_ns, jitter = a->deviation_ns;
	struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);

	if (!nest || nlmsg_append(msg, &q, sizeof q, NLA_ALIGNTO) < 0 ||
	    nla_put(msg, TCA_NETEM_LATENCY64, sizeof latency, &latency) < 0 ||
	    nla_put(msg, TCA_NETEM_JITTER64, sizeof jitter, &jitter) < 0 ||
	    nla_put(msg, TCA_NETEM_REORDER, sizeof reorder, &reorder) < 0 ||
	    nla_put_u64(msg, PRNG_SEED, p->seed) < 0 || put_loss(msg, p) < 0 ||
	    (rate.rate && nla_put(msg, TCA_NETEM_RATE, sizeof rate, &rate) < 0) ||
	    (p->slot_max_ns && nla_put(msg, TCA_NETEM_SLOT, sizeof slot, &slot) < 0) ||
	    (p->ecn && nla_put_u32(msg, TCA_NETEM_ECN, 1) < 0) ||
	    (a->table_n && nla_put(msg, TCA_NETEM_DELAY_DIST, (int)(a->table_n * sizeof *a->table),
				   a->table) < 0))
		return -1;
	(void)nla_nest_end(msg, nest);
	return 0;
}

static int put_bucket(struct nl_msg *msg, const struct netem_ask *a)
{
	const struct tc_tbf_qopt q = {
		.rate = {.rate = (uint32_t)a->p->rate, .linklayer = TC_LINKLAYER_ETHERNET},
		.limit = a->bytes,
	};
	struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);

	if (!nest || nla_put(msg, TCA_TBF_PARMS, sizeof q, &q) < 0 ||
	    nla_put_u32(msg, TCA_TBF_BURST, (uint32_t)a->p->burst) < 0)
		return -1;
	(void)nla_nest_end(msg, nest);
	return 0;
}

struct nl_msg *netem_qdisc_msg(int type, int flags, int index, uint32_t parent, uint32_t handle,
			       size_t room)
{
	struct tcmsg t = {.tcm_family = AF_UNSPEC,
			  .tcm_ifindex = index,
			  .tcm_parent = parent,
			  .tcm_handle = handle};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(room);

	if (!msg || !nlmsg_put(msg, 0, 0, type, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(msg, &t, sizeof t, NLMSG_ALIGNTO) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

static int missing(const char *kind, const char *option, struct ord_err *err)
{
	if (err->sys_errno == ENOENT)
		return ord_fail(err, ORD_SKIP, "this kernel has no %s (%s; modprobe %s)", kind,
				option, kind);
	return ord_wrap(err, "put %s at a device", kind);
}

static int add_bucket(struct nl_talk *t, const struct netem_ask *a, int index, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		netem_qdisc_msg(RTM_NEWQDISC, NLM_F_CREATE, index, BELOW, 0, 512);

	if (!msg || nla_put_string(msg, TCA_KIND, "tbf") < 0 || put_bucket(msg, a) < 0)
		return ord_fail_nomem(err);
	if (talk_ask(t, msg, NULL, NULL, err) == 0)
		return 0;
	return missing("sch_tbf", "CONFIG_NET_SCH_TBF", err);
}

int netem_qdisc_add(struct nl_talk *t, const struct netem_ask *a, int index, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		netem_qdisc_msg(RTM_NEWQDISC, NLM_F_CREATE, index, TC_H_ROOT, NETEM,
				512 + a->table_n * sizeof *a->table);

	if (!msg || nla_put_string(msg, TCA_KIND, "netem") < 0 || put_netem(msg, a) < 0)
		return ord_fail_nomem(err);
	if (talk_ask(t, msg, NULL, NULL, err) < 0)
		return missing("sch_netem", "CONFIG_NET_SCH_NETEM", err);
	return a->p->burst ? add_bucket(t, a, index, err) : 0;
}

/* ---- what the kernel says that there is ---- */

struct seen {
	const char *kind; /* that is looked for */
	bool found, seeded;
	struct tc_netem_qopt q;
	int64_t latency, jitter;
	struct tc_netem_reorder reorder;
	struct tc_netem_rate rate;
	struct tc_netem_slot slot;
	struct tc_netem_gimodel gi;
	struct tc_netem_gemodel ge;
	uint32_t ecn;
	struct tc_tbf_qopt bucket;
	uint64_t lost;
};

static void take(struct nlattr *const *tb, int type, void *into, size_t size)
{
	if (tb[type])
		(void)nla_memcpy(into, tb[type], (int)size);
}

static void parse_netem(struct nlattr *a, struct seen *s)
{
	struct nlattr *tb[PRNG_SEED + 1], *loss[NETEM_LOSS_MAX + 1], *first;

	if (nla_len(a) < (int)sizeof s->q)
		return;
	memcpy(&s->q, nla_data(a), sizeof s->q);
	first = (struct nlattr *)(void *)((char *)nla_data(a) + sizeof s->q);
	if (nla_parse(tb, PRNG_SEED, first, nla_len(a) - (int)sizeof s->q, NULL) < 0)
		return;
	s->found = true;
	s->seeded = tb[PRNG_SEED] != NULL;
	take(tb, TCA_NETEM_LATENCY64, &s->latency, sizeof s->latency);
	take(tb, TCA_NETEM_JITTER64, &s->jitter, sizeof s->jitter);
	take(tb, TCA_NETEM_REORDER, &s->reorder, sizeof s->reorder);
	take(tb, TCA_NETEM_RATE, &s->rate, sizeof s->rate);
	take(tb, TCA_NETEM_SLOT, &s->slot, sizeof s->slot);
	take(tb, TCA_NETEM_ECN, &s->ecn, sizeof s->ecn);
	if (!tb[TCA_NETEM_LOSS] ||
	    nla_parse_nested(loss, NETEM_LOSS_MAX, tb[TCA_NETEM_LOSS], NULL) < 0)
		return;
	take(loss, NETEM_LOSS_GI, &s->gi, sizeof s->gi);
	take(loss, NETEM_LOSS_GE, &s->ge, sizeof s->ge);
}

static void parse_bucket(struct nlattr *a, struct seen *s)
{
	struct nlattr *tb[TCA_TBF_MAX + 1];

	if (nla_parse_nested(tb, TCA_TBF_MAX, a, NULL) < 0 || !tb[TCA_TBF_PARMS])
		return;
	s->found = true;
	take(tb, TCA_TBF_PARMS, &s->bucket, sizeof s->bucket);
}

static int on_qdisc(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct nlattr *tb[TCA_MAX + 1], *stats[TCA_STATS_MAX + 1];
	struct gnet_stats_queue queue = {0};
	struct seen *s = arg;

	(void)err;
	if (h->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse(h, sizeof(struct tcmsg), tb, TCA_MAX, NULL) < 0 || !tb[TCA_KIND] ||
	    strcmp(nla_get_string(tb[TCA_KIND]), s->kind) != 0 || !tb[TCA_OPTIONS])
		return 0;
	if (strcmp(s->kind, "tbf") == 0)
		parse_bucket(tb[TCA_OPTIONS], s);
	else
		parse_netem(tb[TCA_OPTIONS], s);
	if (tb[TCA_STATS2] && nla_parse_nested(stats, TCA_STATS_MAX, tb[TCA_STATS2], NULL) == 0 &&
	    stats[TCA_STATS_QUEUE])
		(void)nla_memcpy(&queue, stats[TCA_STATS_QUEUE], sizeof queue);
	s->lost = queue.drops;
	return 0;
}

static int look(struct nl_talk *t, int index, uint32_t parent, const char *kind, struct seen *ret,
		struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		netem_qdisc_msg(RTM_GETQDISC, NLM_F_ECHO, index, parent, 0, 256);

	*ret = (struct seen){.kind = kind};
	if (!msg)
		return ord_fail_nomem(err);
	return talk_ask(t, msg, on_qdisc, ret, err);
}

static bool same_loss(const struct fate_params *p, const struct seen *s)
{
	const struct tc_netem_gimodel gi = markov(p);
	const struct tc_netem_gemodel ge = gilbert(p);

	if (p->loss == FATE_LOSS_MARKOV)
		return memcmp(&gi, &s->gi, sizeof gi) == 0;
	return p->loss != FATE_LOSS_GILBERT || memcmp(&ge, &s->ge, sizeof ge) == 0;
}

static bool same(const struct netem_ask *a, const struct seen *s)
{
	const struct fate_params *p = a->p;
	const struct tc_netem_qopt q = options(a);
	const struct tc_netem_rate rate = link_rate(p);
	const struct tc_netem_slot slot = slots(p);

	return s->found && s->q.limit == q.limit && s->q.loss == q.loss && s->q.gap == q.gap &&
	       s->q.duplicate == q.duplicate && s->latency == (int64_t)p->delay_ns &&
	       s->jitter == a->deviation_ns && s->reorder.probability == share(p->reorder.ppm) &&
	       memcmp(&s->rate, &rate, sizeof rate) == 0 && s->slot.min_delay == slot.min_delay &&
	       s->slot.max_delay == slot.max_delay && (!p->ecn || s->ecn) && same_loss(p, s);
}

int netem_qdisc_prove(struct nl_talk *t, const struct netem_ask *a, int index, bool seeded,
		      struct ord_err *err)
{
	struct seen s, bucket;

	if (look(t, index, TC_H_ROOT, "netem", &s, err) < 0 ||
	    (a->p->burst && look(t, index, BELOW, "tbf", &bucket, err) < 0))
		return -1;
	if (!same(a, &s) ||
	    (a->p->burst && (!bucket.found || bucket.bucket.rate.rate != a->p->rate ||
			     bucket.bucket.limit != a->bytes)))
		return ord_fail(err, ORD_SYS, "the kernel's netem is not what was asked for");
	if (seeded && !s.seeded)
		return ord_fail(err, ORD_SKIP,
				"this kernel's netem takes no seed (Linux 6.6): leave 'seed' out");
	return 0;
}

uint64_t netem_qdisc_lost(struct nl_talk *t, int index)
{
	struct ord_err err;
	struct seen s;

	return look(t, index, TC_H_ROOT, "netem", &s, &err) < 0 ? 0 : s.lost;
}
