#include "talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM  32768
#define DUMPS 100 /* that are torn in a row: each takes well below a millisecond */

int talk_open(struct nl_talk *t, int protocol, struct ord_err *err)
{
	const int one = 1;
	ord_autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return ord_fail_sys(err, "netlink socket %d", protocol);
	/* The kernel's own words in errors, and errors without a copy of what was asked. Old
	 * kernels: without. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	t->answer = malloc(ROOM);
	if (!t->answer)
		return ord_fail_nomem(err);
	t->room = ROOM;
	t->seq = 0;
	t->fd = ord_steal_fd(&fd);
	return 0;
}

void talk_close(struct nl_talk *t)
{
	if (t->answer)
		ord_close(&t->fd);
	free(t->answer);
	*t = (struct nl_talk){.fd = -1};
}

uint32_t talk_port(const struct nl_talk *t)
{
	struct sockaddr_nl sa = {0};
	socklen_t size = sizeof sa;

	return getsockname(t->fd, (struct sockaddr *)&sa, &size) < 0 ? 0 : sa.nl_pid;
}

struct nl_msg *talk_nf_msg(struct nl_talk *t, int type, uint8_t family, uint16_t res_id, int flags)
{
	struct nfgenmsg g = {
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(res_id)};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(1024);

	if (!msg || !nlmsg_put(msg, 0, ++t->seq, type, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(msg, &g, sizeof g, NLMSG_ALIGNTO) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

int talk_errno(struct nlmsghdr *h, const char **ret_text)
{
	const struct nlmsgerr *e = nlmsg_data(h);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = {0};
	int skip = (int)sizeof *e;

	*ret_text = NULL;
	if (nlmsg_datalen(h) < skip)
		return EPROTO;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += (int)NLMSG_ALIGN(e->msg.nlmsg_len - (uint32_t)NLMSG_HDRLEN);
	if ((h->nlmsg_flags & NLM_F_ACK_TLVS) && nlmsg_datalen(h) > skip &&
	    nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)nlmsg_data(h) + skip),
		      nlmsg_datalen(h) - skip, NULL) == 0 &&
	    tb[NLMSGERR_ATTR_MSG])
		*ret_text = nla_get_string(tb[NLMSGERR_ATTR_MSG]);
	return -e->error;
}

/* The end of a dump bears how it ended. */
static int ended(struct nlmsghdr *h, struct ord_err *err)
{
	int error = 0;

	if (nlmsg_datalen(h) >= (int)sizeof error)
		memcpy(&error, nlmsg_data(h), sizeof error);
	errno = -error;
	return error < 0 ? ord_fail_sys(err, "netlink dump") : 0;
}

/* 1: more is to come, 0: that was all. */
static int answered(struct nlmsghdr *h, talk_each *each, void *arg, struct ord_err *err)
{
	const char *text;

	if (h->nlmsg_type == NLMSG_DONE)
		return ended(h, err);
	if (h->nlmsg_type == NLMSG_ERROR) {
		errno = talk_errno(h, &text);
		if (errno == 0)
			return 0;
		return text ? ord_fail_sys(err, "%s", text) : ord_fail_sys(err, "netlink");
	}
	if (each && each(arg, h, err) < 0)
		return -1;
	return 1;
}

int talk_ask(struct nl_talk *t, struct nl_msg *msg, talk_each *each, void *arg, struct ord_err *err)
{
	struct nlmsghdr *asked = nlmsg_hdr(msg);
	int more = 1;

	/* Two bits; one alone is NLM_F_REPLACE or NLM_F_EXCL of a change. */
	if ((asked->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		asked->nlmsg_flags |= NLM_F_ACK;
	asked->nlmsg_seq = ++t->seq;
	t->torn = false;
	if (send(t->fd, asked, asked->nlmsg_len, 0) < 0)
		return ord_fail_sys(err, "send to netlink");
	while (more) {
		ssize_t n = recv(t->fd, t->answer, t->room, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)t->answer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ord_fail_sys(err, "receive from netlink");
		for (; more && nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
			if (h->nlmsg_seq != asked->nlmsg_seq)
				continue; /* of a question that was given up */
			t->torn = t->torn || (h->nlmsg_flags & NLM_F_DUMP_INTR);
			more = answered(h, each, arg, err);
			if (more < 0)
				return -1;
		}
	}
	return 0;
}

int talk_dump(struct nl_talk *t, struct nl_msg *msg, talk_each *each, talk_anew *anew, void *arg,
	      struct ord_err *err)
{
	for (int i = 0; i < DUMPS; i++) {
		int r = talk_ask(t, msg, each, arg, err);

		/* Some dumps notice it themselves. */
		if (r < 0 && err->sys_errno != EINTR)
			return -1;
		if (r == 0 && !t->torn)
			return 0;
		anew(arg);
	}
	return ord_fail(err, ORD_SYS, "it changes faster than it can be read");
}
