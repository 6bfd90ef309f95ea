#include "link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

struct all {
	struct link *v;
	size_t n, cap;
};

static bool xdp_generic(struct nlattr *xdp)
{
	struct nlattr *tb[IFLA_XDP_MAX + 1];

	return xdp && nla_parse_nested(tb, IFLA_XDP_MAX, xdp, NULL) == 0 &&
	       tb[IFLA_XDP_SKB_PROG_ID];
}

static void parse_link(struct nlmsghdr *h, struct link *ret)
{
	const struct ifinfomsg *i = nlmsg_data(h);
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];

	*ret = (struct link){.index = i->ifi_index, .flags = i->ifi_flags, .type = i->ifi_type};
	ret->loopback = (i->ifi_flags & IFF_LOOPBACK) != 0;
	if (nlmsg_parse(h, sizeof *i, tb, IFLA_MAX, NULL) < 0)
		return;
	if (tb[IFLA_IFNAME])
		(void)nla_strlcpy(ret->name, tb[IFLA_IFNAME], sizeof ret->name);
	if (tb[IFLA_LINKINFO] &&
	    nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL) == 0 &&
	    info[IFLA_INFO_KIND])
		(void)nla_strlcpy(ret->kind, info[IFLA_INFO_KIND], sizeof ret->kind);
	if (tb[IFLA_MASTER])
		ret->master = (int)nla_get_u32(tb[IFLA_MASTER]);
	/* The peer of a veth is named here too, and a lower device may be in another namespace. */
	if (tb[IFLA_LINK] && !tb[IFLA_LINK_NETNSID] && strcmp(ret->kind, "veth") != 0)
		ret->lower = (int)nla_get_u32(tb[IFLA_LINK]);
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == sizeof ret->mac)
		memcpy(ret->mac, nla_data(tb[IFLA_ADDRESS]), sizeof ret->mac);
	ret->xdp_generic = xdp_generic(tb[IFLA_XDP]);
	if (tb[IFLA_MTU])
		ret->mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_CARRIER_UP_COUNT])
		ret->ups = nla_get_u32(tb[IFLA_CARRIER_UP_COUNT]);
	if (ret->lower == ret->index)
		ret->lower = 0;
}

static int on_link(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct all *all = arg;

	if (h->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 32;
		struct link *more = realloc(all->v, cap * sizeof *more);

		if (!more)
			return ord_fail_nomem(err);
		all->v = more;
		all->cap = cap;
	}
	parse_link(h, &all->v[all->n++]);
	return 0;
}

static void forget_links(void *arg)
{
	((struct all *)arg)->n = 0;
}

static struct nl_msg *get_link(int index, int flags)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(256);

	if (!msg || !nlmsg_put(msg, 0, 0, RTM_GETLINK, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(msg, &i, sizeof i, NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

static int on_one(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	(void)err;
	if (h->nlmsg_type == RTM_NEWLINK)
		parse_link(h, arg);
	return 0;
}

int link_ask(struct nl_talk *t, struct nl_msg *question, bool *ret_found, struct link *ret,
	     struct ord_err *err)
{
	struct link link = {0};

	if (talk_ask(t, question, on_one, &link, err) < 0 && err->sys_errno != ENODEV)
		return -1;
	*ret_found = link.index != 0;
	if (link.index)
		*ret = link;
	return 0;
}

int link_find(struct nl_talk *t, const char *name, bool *ret_found, struct link *ret,
	      struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = get_link(0, 0);

	if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0)
		return ord_fail_nomem(err);
	if (link_ask(t, msg, ret_found, ret, err) < 0)
		return ord_wrap(err, "read device %s", name);
	return 0;
}

struct nl_msg *link_question(int index)
{
	return get_link(index, 0);
}

int link_find_index(struct nl_talk *t, int index, bool *ret_found, struct link *ret,
		    struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = link_question(index);

	if (!msg)
		return ord_fail_nomem(err);
	if (link_ask(t, msg, ret_found, ret, err) < 0)
		return ord_wrap(err, "read device %d", index);
	return 0;
}

struct nl_msg *link_change(int index, unsigned flags, unsigned change)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC,
			      .ifi_index = index,
			      .ifi_flags = flags,
			      .ifi_change = change};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(256);

	if (!msg || !nlmsg_put(msg, 0, 0, RTM_NEWLINK, 0, NLM_F_REQUEST) ||
	    nlmsg_append(msg, &i, sizeof i, NLMSG_ALIGNTO) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

int links_all(struct nl_talk *t, struct link **ret, size_t *ret_n, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = get_link(0, NLM_F_DUMP);
	struct all all = {0};

	if (!msg)
		return ord_fail_nomem(err);
	if (talk_dump(t, msg, on_link, forget_links, &all, err) < 0) {
		free(all.v);
		return -1;
	}
	*ret = all.v;
	*ret_n = all.n;
	return 0;
}

static bool named(const char *kind, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (strcmp(kind, *kinds) == 0)
			return true;
	return false;
}

/* Why a device is left out, or NULL. Its packets pass another device, which is in. */
static const char *met_elsewhere(const struct link *l, const struct all *all, enum link_side side,
				 bool filtered)
{
	static const char *const stacked[] = {"vlan", "macvlan", "macvtap", "ipvlan", NULL};
	static const char *const tunnels[] = {
		"vxlan", "geneve", "gre",  "gretap", "ip6gre", "ip6gretap", "ipip", "ip6tnl",
		"sit",	 "vti",	   "vti6", "erspan", "xfrm",   "wireguard", NULL};

	/* Inside a tunnel the addresses are others: only a filter can mean them. */
	if (!filtered && named(l->kind, tunnels))
		return "a tunnel, its packets pass another device";
	if (side == LINKS_TOP)
		return l->master ? "a port, its packets are its bridge's or bond's" : NULL;
	if (l->lower && named(l->kind, stacked))
		return "its packets pass the device below";
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].master == l->index && (all->v[i].flags & IFF_UP))
			return "its packets pass its ports";
	return NULL;
}

static void leave_out(struct links *links, const struct link *l, const char *why)
{
	size_t at = strlen(links->left_out);

	links->n_left_out++;
	(void)snprintf(links->left_out + at, sizeof links->left_out - at, "%s%s (%s)",
		       at ? ", " : "", l->name, why);
}

static int choose_all(const struct all *all, enum link_side side, bool filtered,
		      struct links *links, struct ord_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct link *l = &all->v[i];
		const char *why;

		if (!(l->flags & IFF_UP) || (l->loopback && !filtered) ||
		    strncmp(l->name, "ordeal-", 7) == 0)
			continue;
		why = met_elsewhere(l, all, side, filtered);
		if (why) {
			leave_out(links, l, why);
			continue;
		}
		if (n++ < LINKS_MAX)
			links->v[links->n++] = *l;
	}
	if (n > LINKS_MAX)
		return ord_fail(
			err, ORD_USAGE,
			"%zu devices are up, at most %d can be taken: name one with 'device'", n,
			LINKS_MAX);
	if (n == 0)
		return ord_fail(
			err, ORD_SKIP,
			"no device%s is up in this network namespace: there is no path to break",
			filtered ? "" : " but loopback");
	return 0;
}

static int choose_one(const struct all *all, const char *device, struct links *links,
		      struct ord_err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->v[i].name, device) != 0)
			continue;
		if (!(all->v[i].flags & IFF_UP))
			return ord_fail(err, ORD_USAGE, "device '%s' is down", device);
		links->v[0] = all->v[i];
		links->n = 1;
		return 0;
	}
	return ord_fail(err, ORD_USAGE, "there is no device '%s' in this network namespace",
			device);
}

int links_choose(struct nl_talk *t, enum link_side side, const char *device, bool filtered,
		 struct links *ret, struct ord_err *err)
{
	struct links links = {0};
	struct all all = {0};
	int rc = links_all(t, &all.v, &all.n, err);

	if (rc == 0)
		rc = device[0] ? choose_one(&all, device, &links, err)
			       : choose_all(&all, side, filtered, &links, err);
	free(all.v);
	if (rc == 0)
		*ret = links;
	return rc;
}
