#include "queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

#define TYPE(x) (NFNL_SUBSYS_QUEUE << 8 | (x))
#define COPY	24	   /* bytes of each packet that we get where none are looked at */
#define WHOLE	0xffffu	   /* as many as an attribute can hold */
#define LENGTH	(1u << 20) /* packets that wait for a verdict at most; our own limit is in bytes */
#define RECEIVE (32 << 20)

struct msg {
	struct nlmsghdr h;
	struct nfgenmsg g;
	uint8_t at[96];
};

static struct msg msg_begin(int type, uint16_t number, uint16_t flags)
{
	return (struct msg){
		.h = {.nlmsg_len = offsetof(struct msg, at),
		      .nlmsg_type = (uint16_t)TYPE(type),
		      .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
		.g = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(number)},
	};
}

static void put(struct msg *m, uint16_t type, const void *data, size_t len)
{
	const struct nlattr a = {.nla_len = (uint16_t)(sizeof a + len), .nla_type = type};
	uint8_t *p = (uint8_t *)m + m->h.nlmsg_len;

	memcpy(p, &a, sizeof a);
	memcpy(p + sizeof a, data, len);
	m->h.nlmsg_len += (uint32_t)NLA_ALIGN(a.nla_len);
}

/* Sends one question of configuration: 0, or -1 with errno. Packets cannot be in between: no rule
 * leads here yet. */
static int ask(int fd, const struct msg *m)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		uint8_t more[256];
	} r;
	ssize_t n;

	if (send(fd, m, m->h.nlmsg_len, 0) < 0)
		return -1;
	n = recv(fd, &r, sizeof r, 0);
	if (n < (ssize_t)(sizeof r.h + sizeof r.e) || r.h.nlmsg_type != NLMSG_ERROR) {
		errno = n < 0 ? errno : EPROTO;
		return -1;
	}
	errno = -r.e.error;
	return r.e.error ? -1 : 0;
}

int queue_open(struct queue *q, struct ord_err *err)
{
	const struct nfqnl_msg_config_cmd nothing = {.command = NFQNL_CFG_CMD_PF_UNBIND};
	struct msg m = msg_begin(NFQNL_MSG_CONFIG, 0, NLM_F_ACK);
	const int room = RECEIVE, one = 1;
	ord_autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	*q = (struct queue){.fd = -1};
	if (fd < 0)
		return ord_fail_sys(err, "netlink socket for a packet queue");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	/* A full buffer must not end the loop: those packets are dropped and counted by the kernel.
	 */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof one);
	/* Means nothing any more, and loads the module. What it lacks is told when it is bound. */
	put(&m, NFQA_CFG_CMD, &nothing, sizeof nothing);
	(void)ask(fd, &m);
	q->fd = ord_steal_fd(&fd);
	return 0;
}

int queue_bind(struct queue *q, uint16_t number, bool *ret_taken, struct ord_err *err)
{
	const struct nfqnl_msg_config_cmd bind_cmd = {.command = NFQNL_CFG_CMD_BIND};
	const struct nfqnl_msg_config_params params = {.copy_range = htonl(q->whole ? WHOLE : COPY),
						       .copy_mode = NFQNL_COPY_PACKET};
	const uint32_t gso = htonl(NFQA_CFG_F_GSO), flags = q->by_packet || q->whole ? 0 : gso;
	const uint32_t length = htonl(LENGTH);
	struct msg m = msg_begin(NFQNL_MSG_CONFIG, number, NLM_F_ACK);

	put(&m, NFQA_CFG_CMD, &bind_cmd, sizeof bind_cmd);
	if (ask(q->fd, &m) < 0) {
		/* EBUSY: taken by another socket of ours; EPERM: by somebody else's, or no
		 * capability. */
		if (errno == EBUSY || errno == EPERM) {
			*ret_taken = true;
			return 0;
		}
		if (errno == EINVAL || errno == EOPNOTSUPP)
			return ord_fail(err, ORD_SKIP,
					"this kernel has no packet queues "
					"(CONFIG_NETFILTER_NETLINK_QUEUE)");
		return ord_fail_sys(err, "take packet queue %u", number);
	}
	m = msg_begin(NFQNL_MSG_CONFIG, number, NLM_F_ACK);
	put(&m, NFQA_CFG_PARAMS, &params, sizeof params);
	put(&m, NFQA_CFG_QUEUE_MAXLEN, &length, sizeof length);
	put(&m, NFQA_CFG_FLAGS, &flags, sizeof flags);
	put(&m, NFQA_CFG_MASK, &gso, sizeof gso);
	if (ask(q->fd, &m) < 0)
		return ord_fail_sys(err, "set packet queue %u", number);
	q->number = number;
	*ret_taken = false;
	return 0;
}

void queue_close(struct queue *q)
{
	ord_close(&q->fd);
}

/* Attributes of one message, read with care: wherever they stand. */
static struct queued parse(struct nlmsghdr *h)
{
	uint8_t *p = (uint8_t *)h;
	size_t off = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	struct queued q = {0};
	uint32_t id = 0, len = 0;

	while (off + sizeof(struct nlattr) <= h->nlmsg_len) {
		uint8_t *value = p + off + sizeof(struct nlattr);
		struct nlattr a;
		int type;

		memcpy(&a, p + off, sizeof a);
		if (a.nla_len < sizeof a || off + a.nla_len > h->nlmsg_len)
			break;
		type = a.nla_type & NLA_TYPE_MASK;
		if (type == NFQA_PACKET_HDR && a.nla_len >= sizeof a + 4)
			memcpy(&id, value, 4);
		if (type == NFQA_CAP_LEN && a.nla_len >= sizeof a + 4)
			memcpy(&len, value, 4);
		if (type == NFQA_PAYLOAD) {
			q.data = value;
			q.held = (uint32_t)(a.nla_len - sizeof a);
		}
		off += (size_t)NLA_ALIGN(a.nla_len);
	}
	q.id = ntohl(id);
	q.len = ntohl(len) > q.held ? ntohl(len) : q.held; /* told only where it was cut */
	return q;
}

int queue_read(struct queue *q, uint8_t *buf, size_t size, queue_each *each, void *arg)
{
	ssize_t n = recv(q->fd, buf, size, MSG_DONTWAIT);
	size_t at = 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : errno == ENOBUFS ? 1 : -1;
	while (at + NLMSG_HDRLEN <= (size_t)n) {
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)(buf + at);

		if (h->nlmsg_len < NLMSG_HDRLEN || at + h->nlmsg_len > (size_t)n)
			break;
		if (h->nlmsg_type == TYPE(NFQNL_MSG_PACKET)) {
			const struct queued packet = parse(h);

			each(arg, &packet);
		}
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 1;
}

int queue_replace(const struct queue *q, uint32_t id, const uint8_t *packet, uint32_t len,
		  uint8_t *buf)
{
	const struct nfqnl_msg_verdict_hdr v = {.verdict = htonl(NF_ACCEPT), .id = htonl(id)};
	struct msg m = msg_begin(NFQNL_MSG_VERDICT, q->number, 0);
	struct nlattr a = {.nla_len = (uint16_t)(sizeof a + len), .nla_type = NFQA_PAYLOAD};
	uint32_t at;

	if (len > UINT16_MAX - sizeof a) {
		errno = EMSGSIZE;
		return -1;
	}
	put(&m, NFQA_VERDICT_HDR, &v, sizeof v);
	at = m.h.nlmsg_len;
	m.h.nlmsg_len += (uint32_t)NLA_ALIGN(a.nla_len);
	memcpy(buf, &m, at);
	memcpy(buf + at, &a, sizeof a);
	memcpy(buf + at + sizeof a, packet, len);
	return send(q->fd, buf, m.h.nlmsg_len, 0) < 0 ? -1 : 0;
}

int queue_verdict(const struct queue *q, uint32_t id, bool accept, bool upto)
{
	const struct nfqnl_msg_verdict_hdr v = {.verdict = htonl(accept ? NF_ACCEPT : NF_DROP),
						.id = htonl(id)};
	struct msg m = msg_begin(upto ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT, q->number, 0);

	put(&m, NFQA_VERDICT_HDR, &v, sizeof v);
	return send(q->fd, &m, m.h.nlmsg_len, 0) < 0 ? -1 : 0;
}
