#include "net_down.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/caller.h"
#include "ordeal/endpoint.h"

#define WAYS  64 /* devices of default routes */
#define DEPTH 8	 /* of devices that sit on another */

struct ways {
	size_t n;
	int v[WAYS];
};

static void add_way(struct ways *w, int index)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i] == index)
			return;
	if (w->n < WAYS)
		w->v[w->n++] = index;
}

/* The devices of an answer's ways. */
static void take_ways(struct nlmsghdr *h, struct ways *w)
{
	struct nlattr *tb[RTA_MAX + 1] = {0};
	struct rtnexthop *way;
	int left;

	if (nlmsg_parse(h, sizeof(struct rtmsg), tb, RTA_MAX, NULL) < 0)
		return;
	if (tb[RTA_OIF])
		add_way(w, (int)nla_get_u32(tb[RTA_OIF]));
	if (!tb[RTA_MULTIPATH])
		return;
	way = nla_data(tb[RTA_MULTIPATH]);
	left = nla_len(tb[RTA_MULTIPATH]);
	for (; left >= (int)sizeof *way && way->rtnh_len >= sizeof *way && way->rtnh_len <= left;
	     left -= (int)RTNH_ALIGN(way->rtnh_len), way = RTNH_NEXT(way))
		add_way(w, way->rtnh_ifindex);
}

static int on_default(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	const struct rtmsg *m = nlmsg_data(h);

	(void)err;
	if (h->nlmsg_type == RTM_NEWROUTE && m->rtm_dst_len == 0 && m->rtm_type == RTN_UNICAST &&
	    !(m->rtm_flags & RTM_F_CLONED))
		take_ways(h, arg);
	return 0;
}

static int on_answer(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	(void)err;
	if (h->nlmsg_type == RTM_NEWROUTE)
		take_ways(h, arg);
	return 0;
}

static struct nl_msg *question(int family, int flags)
{
	struct rtmsg m = {.rtm_family = (unsigned char)family};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(256);

	if (!msg || !nlmsg_put(msg, 0, 0, RTM_GETROUTE, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(msg, &m, sizeof m, NLMSG_ALIGNTO) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

/* Of routes that are read again: a way of a moment ago is one still. */
static void keep_ways(void *arg)
{
	(void)arg;
}

static int default_ways(struct nl_talk *route, struct ways *w, struct ord_err *err)
{
	for (int i = 0; i < 2; i++) {
		ord_auto(msg) struct nl_msg *msg = question(i ? AF_INET6 : AF_INET, NLM_F_DUMP);

		if (!msg)
			return ord_fail_nomem(err);
		if (talk_dump(route, msg, on_default, keep_ways, w, err) < 0)
			return -1;
	}
	return 0;
}

/* Where packets to it leave; none where there is no way. */
static int way_to(struct nl_talk *route, const struct ord_endpoint *peer, struct ways *w,
		  struct ord_err *err)
{
	const int bytes = peer->family == AF_INET6 ? 16 : 4;
	ord_auto(msg) struct nl_msg *msg = question(peer->family, 0);

	if (!msg || nla_put(msg, RTA_DST, bytes, peer->addr) < 0)
		return ord_fail_nomem(err);
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_dst_len = (unsigned char)(bytes * 8);
	(void)talk_ask(route, msg, on_answer, w, err);
	return 0;
}

struct every {
	struct link *v;
	size_t n;
};

/* Do packets of device `index` leave by `device`: are they the same, or is one a port of the other,
 * or below it? */
static bool leaves_by(const struct every *all, int index, int device, unsigned depth)
{
	if (index == device)
		return true;
	for (size_t i = 0; depth < DEPTH && i < all->n; i++) {
		const struct link *l = &all->v[i];

		if (l->index == index && l->lower && leaves_by(all, l->lower, device, depth + 1))
			return true;
		if (l->master == index && leaves_by(all, l->index, device, depth + 1))
			return true;
	}
	return false;
}

static bool any_leaves_by(const struct every *all, const struct ways *w, int device)
{
	for (size_t i = 0; i < w->n; i++)
		if (leaves_by(all, w->v[i], device, 0))
			return true;
	return false;
}

static int judge(const struct inj_step *step, struct nl_talk *route, const struct every *all,
		 const struct link *device, struct ord_err *err)
{
	struct ways out = {0}, back = {0};
	struct ord_endpoint peer;
	char text[ORD_CALLER_TEXT];

	if (default_ways(route, &out, err) < 0)
		return -1;
	if (!step->whole_host && (device->loopback || any_leaves_by(all, &out, device->index)))
		return ord_fail(err, ORD_GUARD,
				"%s '%s' of this machine's own network: say that the whole host is "
				"meant (--yes-whole-host, limits.wholeHost)",
				device->loopback ? "everybody needs loopback,"
						 : "the default route leaves by device",
				device->name);
	if (step->even_if_it_cuts_me_off || !ord_caller_ssh(text))
		return 0;
	if (ord_endpoint_parse(text, &peer, err) < 0 || way_to(route, &peer, &back, err) < 0)
		return -1;
	/* On which link a link-local peer is, the text does not say. */
	if (peer.family == AF_INET6 && peer.addr[0] == 0xfe && (peer.addr[1] & 0xc0) == 0x80)
		add_way(&back, device->index);
	if (any_leaves_by(all, &back, device->index))
		return ord_fail(err, ORD_GUARD,
				"your SSH connection from %s goes over device '%s': "
				"--even-if-it-cuts-me-off where that is meant",
				text, device->name);
	return 0;
}

int net_down_guard(const struct inj_step *step, struct nl_talk *route, const struct link *device,
		   struct ord_err *err)
{
	struct every all;
	int rc;

	if (links_all(route, &all.v, &all.n, err) < 0)
		return -1;
	rc = judge(step, route, &all, device, err);
	free(all.v);
	return rc;
}

int net_down_above(struct nl_talk *route, const struct link *device, struct ord_err *err)
{
	struct every all;
	int rc = 0;

	if (links_all(route, &all.v, &all.n, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < all.n; i++)
		if (all.v[i].lower == device->index && strcmp(all.v[i].kind, "vlan") == 0)
			rc = ord_fail(err, ORD_SKIP,
				      "'%s' is a VLAN on '%s', which the kernel sets down and up "
				      "with it: name that one",
				      all.v[i].name, device->name);
	free(all.v);
	return rc;
}
