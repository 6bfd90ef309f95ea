#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

/* Not in the headers before 6.2. */
#define USO4 0x20ul
#define USO6 0x40ul

#define QUEUE 20000 /* frames that wait for us at most */
#define MTU   65521 /* whatever fits a frame: forwarding does not look at it, segmentation does */

int tap_draw(struct tap *t, struct ord_err *err)
{
	uint32_t draw[2];

	if (getrandom(draw, sizeof draw, 0) != (ssize_t)sizeof draw)
		return ord_fail_sys(err, "getrandom");
	(void)snprintf(t->name, sizeof t->name, "ordeal-%08x", draw[0]);
	/* Far above those that the kernel counts up, so that its next one stays what it was. */
	t->index = (int)(1u << 24 | (draw[1] & 0x3fffffffu));
	return 0;
}

static int clone_open(struct tap *t, struct ord_err *err)
{
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return ord_fail(err, ORD_SKIP,
				"there is no /dev/net/tun (CONFIG_TUN; modprobe tun; in a "
				"container: --device /dev/net/tun)");
	if (t->fd < 0)
		return ord_fail_sys(err, "open '/dev/net/tun'");
	return 0;
}

int tap_open(struct tap *t, struct ord_err *err)
{
	*t = (struct tap){0};
	if (clone_open(t, err) < 0)
		return -1;
	if (tap_draw(t, err) == 0)
		return 0;
	ord_close(&t->fd);
	return -1;
}

int tap_open_more(struct tap *first, struct tap *t, struct ord_err *err)
{
	first->queues = true;
	*t = *first;
	return clone_open(t, err);
}

void tap_close(struct tap *t)
{
	ord_close(&t->fd);
}

int tap_quiet(const struct tap *t, struct nl_talk *route, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = link_change(t->index, 0, 0);
	struct nlattr *spec = NULL, *inet6 = NULL;

	if (msg)
		spec = nla_nest_start(msg, IFLA_AF_SPEC);
	if (spec)
		inet6 = nla_nest_start(msg, AF_INET6);
	if (!inet6 || nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
		return ord_fail_nomem(err);
	(void)nla_nest_end(msg, inet6);
	(void)nla_nest_end(msg, spec);
	if (talk_ask(route, msg, NULL, NULL, err) == 0)
		return 0;
	/* A kernel or a namespace without IPv6. */
	return err->sys_errno == EAFNOSUPPORT || err->sys_errno == EOPNOTSUPP ||
			       err->sys_errno == ENOENT
		       ? 0
		       : -1;
}

int tap_up(const struct tap *t, struct nl_talk *route, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg =
		link_change(t->index, IFF_UP | IFF_NOARP, IFF_UP | IFF_NOARP);

	if (!msg || nla_put_u32(msg, IFLA_MTU, MTU) < 0 || nla_put_u32(msg, IFLA_TXQLEN, QUEUE) < 0)
		return ord_fail_nomem(err);
	return talk_ask(route, msg, NULL, NULL, err);
}

static int attach(const struct tap *t, struct ord_err *err)
{
	const int queues = t->queues ? IFF_MULTI_QUEUE : 0;
	struct ifreq r = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | queues)};

	memcpy(r.ifr_name, t->name, sizeof r.ifr_name);
	if (ioctl(t->fd, TUNSETIFF, &r) < 0)
		return ord_fail_sys(err, "make TAP %s", t->name);
	return 0;
}

int tap_join(struct tap *t, const struct tap *first, struct ord_err *err)
{
	memcpy(t->mac, first->mac, sizeof t->mac);
	return attach(t, err);
}

/*
 * The TAP's own ring is a queue already. The qdisc that a device gets by default would be another,
 * whose making room for as many packets takes longer than all the rest; and one with several queues
 * gets 256 of them.
 */
static int no_qdisc(const struct tap *t, struct nl_talk *route, struct ord_err *err)
{
	struct tcmsg at = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = t->index, .tcm_parent = TC_H_ROOT};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(256);

	if (!msg ||
	    !nlmsg_put(msg, 0, 0, RTM_NEWQDISC, 0, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE) ||
	    nlmsg_append(msg, &at, sizeof at, NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, TCA_KIND, "noqueue") < 0)
		return ord_fail_nomem(err);
	return talk_ask(route, msg, NULL, NULL, err);
}

int tap_create(struct tap *t, struct nl_talk *route, struct ord_err *err)
{
	const bool gso = !t->by_packet;
	const unsigned long tso = gso ? TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;
	const unsigned long offload = TUN_F_CSUM | tso, uso = gso ? USO4 | USO6 : 0;
	struct link link;
	bool found;

	if (ioctl(t->fd, TUNSETIFINDEX, &t->index) < 0)
		return ord_fail_sys(err, "index of TAP %s", t->name);
	if (attach(t, err) < 0)
		return -1;
	if (ioctl(t->fd, TUNSETOFFLOAD, offload | uso) < 0 &&
	    ioctl(t->fd, TUNSETOFFLOAD, offload) < 0)
		return ord_fail_sys(err, "offload of TAP %s", t->name);
	if (no_qdisc(t, route, err) < 0 || tap_quiet(t, route, err) < 0 ||
	    tap_up(t, route, err) < 0 || link_find(route, t->name, &found, &link, err) < 0)
		return ord_wrap(err, "set TAP %s up", t->name);
	if (!found || link.index != t->index || !(link.flags & IFF_UP))
		return ord_fail(err, ORD_SYS, "TAP %s is not up", t->name);
	memcpy(t->mac, link.mac, sizeof t->mac);
	return 0;
}
