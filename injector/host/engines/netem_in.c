#include "netem_in.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbedit.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netem_qdisc.h"

#define TCX_INGRESS 46 /* enum bpf_attach_type; not in the headers before 6.6 */
#define AT	    TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

/* ---- turned ---- */

static int put_act(struct nl_msg *msg, int place, const char *kind, int type, const void *parms,
		   size_t size, int more, uint32_t value)
{
	struct nlattr *act = nla_nest_start(msg, place), *nest;

	if (!act || nla_put_string(msg, TCA_ACT_KIND, kind) < 0)
		return -1;
	nest = nla_nest_start(msg, TCA_ACT_OPTIONS);
	if (!nest || nla_put(msg, type, (int)size, parms) < 0 ||
	    (more && nla_put_u32(msg, more, value) < 0))
		return -1;
	(void)nla_nest_end(msg, nest);
	(void)nla_nest_end(msg, act);
	return 0;
}

static int put_filter(struct nl_msg *msg, int into, uint32_t mark)
{
	const struct tc_skbedit edit = {.action = TC_ACT_PIPE};
	const struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN, .eaction = TCA_INGRESS_REDIR, .ifindex = (uint32_t)into};
	struct nlattr *options, *acts;

	if (nla_put_string(msg, TCA_KIND, "matchall") < 0)
		return -1;
	options = nla_nest_start(msg, TCA_OPTIONS);
	acts = options ? nla_nest_start(msg, TCA_MATCHALL_ACT) : NULL;
	if (!acts ||
	    put_act(msg, 1, "skbedit", TCA_SKBEDIT_PARMS, &edit, sizeof edit, TCA_SKBEDIT_MARK,
		    mark) < 0 ||
	    put_act(msg, 2, "mirred", TCA_MIRRED_PARMS, &mirred, sizeof mirred, 0, 0) < 0)
		return -1;
	(void)nla_nest_end(msg, acts);
	(void)nla_nest_end(msg, options);
	return 0;
}

static struct nl_msg *filter_msg(int type, int flags, int index)
{
	struct tcmsg t = {.tcm_family = AF_UNSPEC,
			  .tcm_ifindex = index,
			  .tcm_parent = AT,
			  .tcm_info = type == RTM_NEWTFILTER ? TC_H_MAKE(1u << 16, htons(ETH_P_ALL))
							     : 0};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(512);

	if (!msg || !nlmsg_put(msg, 0, 0, type, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(msg, &t, sizeof t, NLMSG_ALIGNTO) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

static int on_filter(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct nlattr *tb[TCA_MAX + 1], *o[TCA_MATCHALL_MAX + 1], *acts[3];

	(void)err;
	if (h->nlmsg_type == RTM_NEWTFILTER &&
	    nlmsg_parse(h, sizeof(struct tcmsg), tb, TCA_MAX, NULL) == 0 && tb[TCA_OPTIONS] &&
	    nla_parse_nested(o, TCA_MATCHALL_MAX, tb[TCA_OPTIONS], NULL) == 0 &&
	    o[TCA_MATCHALL_ACT] && nla_parse_nested(acts, 2, o[TCA_MATCHALL_ACT], NULL) == 0)
		*(bool *)arg = *(bool *)arg || (acts[1] && acts[2]);
	return 0;
}

static void none(void *arg)
{
	*(bool *)arg = false;
}

static int missing(struct ord_err *err)
{
	if (err->sys_errno == ENOENT)
		return ord_fail(err, ORD_SKIP,
				"this kernel cannot give packets in at a device: sch_ingress, "
				"cls_matchall, act_skbedit or act_mirred is missing");
	return ord_wrap(err, "classify at a device");
}

int netem_in_turn(struct nl_talk *t, int index, int into, uint32_t mark, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *q =
		netem_qdisc_msg(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index, TC_H_CLSACT,
				TC_H_MAKE(TC_H_CLSACT, 0), 256);
	ord_auto(msg) struct nl_msg *f =
		filter_msg(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, index);
	ord_auto(msg) struct nl_msg *look = filter_msg(RTM_GETTFILTER, NLM_F_DUMP, index);
	bool there = false;

	if (!q || !f || !look || nla_put_string(q, TCA_KIND, "clsact") < 0 ||
	    put_filter(f, into, mark) < 0)
		return ord_fail_nomem(err);
	if (talk_ask(t, q, NULL, NULL, err) < 0 || talk_ask(t, f, NULL, NULL, err) < 0)
		return missing(err);
	if (talk_dump(t, look, on_filter, none, &there, err) < 0)
		return -1;
	return there ? 0 : ord_fail(err, ORD_SYS, "the kernel did not keep the classifier");
}

/* ---- free ---- */

static int on_qdisc(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct nlattr *tb[TCA_MAX + 1];

	(void)err;
	if (h->nlmsg_type == RTM_NEWQDISC &&
	    nlmsg_parse(h, sizeof(struct tcmsg), tb, TCA_MAX, NULL) == 0 && tb[TCA_KIND])
		*(bool *)arg = *(bool *)arg || !strcmp(nla_get_string(tb[TCA_KIND]), "clsact") ||
			       !strcmp(nla_get_string(tb[TCA_KIND]), "ingress");
	return 0;
}

/* The kernel of before 6.6 does not know the question, and has none. */
static bool has_tcx(int index)
{
	union bpf_attr a;

	memset(&a, 0, sizeof a);
	a.query.target_fd = (uint32_t)index; /* or target_ifindex, the same place */
	a.query.attach_type = TCX_INGRESS;
	return syscall(SYS_bpf, BPF_PROG_QUERY, &a, sizeof a) == 0 && a.query.prog_cnt > 0;
}

int netem_in_free(struct nl_talk *t, const struct link *device, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		netem_qdisc_msg(RTM_GETQDISC, NLM_F_ECHO, device->index, TC_H_INGRESS, 0, 256);
	bool tc = false;

	if (!msg)
		return ord_fail_nomem(err);
	if (talk_ask(t, msg, on_qdisc, &tc, err) < 0 && err->sys_errno != ENOENT)
		return ord_wrap(err, "qdiscs of %s", device->name);
	if (tc || has_tcx(device->index) || device->xdp_generic)
		return ord_fail(err, ORD_SKIP,
				"device %s has %s where packets come in, which would see them "
				"twice: take the engine queue",
				device->name, device->xdp_generic ? "XDP" : "classifiers of tc");
	return 0;
}
