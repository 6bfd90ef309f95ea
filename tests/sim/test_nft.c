/*
 * The exact netlink messages of each table, against recorded ones: tests/sim/golden/nft-*.txt, one
 * message a line (type, flags, number, then its bytes from the family header on). ORDEAL_RECORD=1
 * records anew: look at the difference, load it with the root tests, and only then commit it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "injector/host/engines/cut.h"
#include "injector/host/engines/detour.h"
#include "injector/host/engines/sender.h"

static void text_of(const struct nft_batch *b, FILE *out)
{
	size_t at = 0;

	while (at < b->len) {
		const struct nlmsghdr *h = (const void *)(b->data + at);

		(void)fprintf(out, "%04x %04x %u ", h->nlmsg_type, h->nlmsg_flags, h->nlmsg_seq);
		for (size_t i = NLMSG_HDRLEN; i < h->nlmsg_len; i++)
			(void)fprintf(out, "%02x", b->data[at + i]);
		(void)fputc('\n', out);
		assert_int_equal(h->nlmsg_pid, 0);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	assert_int_equal(at, b->len);
}

static void same_as_recorded(struct nft_batch *b, const char *name)
{
	ord_autofree char *text = NULL, *recorded = NULL;
	char path[512];
	struct ord_err err;
	size_t size;
	FILE *out;

	if (__BYTE_ORDER != __LITTLE_ENDIAN)
		skip();
	assert_int_equal(nft_batch_end(b, &err), 0);
	out = open_memstream(&text, &size);
	text_of(b, out);
	(void)fclose(out);
	(void)snprintf(path, sizeof path, SOURCE_DIR "/tests/sim/golden/nft-%s.txt", name);
	if (getenv("ORDEAL_RECORD")) {
		out = fopen(path, "we");
		assert_non_null(out);
		(void)fputs(text, out);
		(void)fclose(out);
	}
	if (ord_file_read(path, 1 << 20, &recorded, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(text, recorded);
	nft_batch_done(b);
}

static void add(struct ord_endpoints *eps, const char *text)
{
	struct ord_err err;

	if (ord_endpoint_parse(text, &eps->v[eps->n++], &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

static const struct links two = {
	.n = 2, .v = {{.index = 1, .name = "lo", .loopback = true}, {.index = 5, .name = "eth0"}}};

static void cut(enum cut_way way, uint32_t ppm, const struct match *m, const char *name)
{
	struct nft_batch b = {0};

	cut_build(&b, &(struct cut){.way = way,
				    .ppm = ppm,
				    .table = "ordeal-golden",
				    .comment = "ordeal golden pid 1",
				    .match = m,
				    .links = &two});
	same_as_recorded(&b, name);
}

static void test_partition_all(void **state)
{
	const struct ord_endpoints none = {0};
	const struct match m = {.to = &none, .exclude = &none, .direction = MATCH_EGRESS};

	cut(CUT_NETDEV, 1000000, &m, "partition-all");
}

static void test_loss_filter(void **state)
{
	struct ord_endpoints to = {0}, exclude = {0};
	const struct match m = {.to = &to, .exclude = &exclude, .direction = MATCH_BOTH};

	add(&to, "10.0.0.0/8:5432/tcp");
	add(&to, "[2001:db8::/33]:443");
	add(&to, ":8000-8080/udp");
	add(&to, "10.1.2.0/23");
	add(&to, "[fd00::1]");
	add(&exclude, "10.9.9.9/32:22/tcp");
	add(&exclude, "/icmp");
	cut(CUT_NETDEV, 250000, &m, "loss-filter");
	cut(CUT_INET, 1, &m, "loss-inet");
}

static void test_reject(void **state)
{
	struct ord_endpoints to = {0};
	const struct ord_endpoints none = {0};
	const struct match m = {.to = &to, .exclude = &none, .direction = MATCH_BOTH};

	add(&to, ":5432/tcp");
	cut(CUT_REJECT, 1000000, &m, "reject");
}

static void test_ingress(void **state)
{
	const struct ord_endpoints none = {0};
	const struct match m = {.to = &none, .exclude = &none, .direction = MATCH_INGRESS};

	cut(CUT_NETDEV, 500000, &m, "loss-ingress");
}

static void test_detour(void **state)
{
	struct ord_endpoints to = {0};
	const struct ord_endpoints none = {0};
	const struct match m = {.to = &to, .exclude = &none, .direction = MATCH_EGRESS};
	const struct tap tap = {.fd = -1, .name = "ordeal-12345678", .index = 0x1234567};
	const struct detour third = {.seat = -1, .mark = 0xfeedfa02};
	struct nft_batch b = {0};

	add(&to, ":5432/tcp");
	detour_build(&b, "ordeal golden pid 1", &two.v[1], &tap, &third, &m);
	same_as_recorded(&b, "detour");
}

static void test_queue(void **state)
{
	const struct ord_endpoints none = {0};
	const struct match m = {.to = &none, .exclude = &none, .direction = MATCH_BOTH};
	const struct links real = {.n = 1, .v = {two.v[1]}};
	struct nft_batch b = {0};

	detour_queue_build(&b, NFPROTO_IPV4, "ordeal-golden", "ordeal golden pid 1", &real, 30000,
			   false, &m);
	same_as_recorded(&b, "queue-ip");
	detour_queue_build(&b, NFPROTO_IPV6, "ordeal-golden", "ordeal golden pid 1", &two, 30000,
			   true, &m);
	same_as_recorded(&b, "queue-ip6-xtables");
}

/* By the sender: what marks, and what stands at the devices for the mark. */
static void test_sender(void **state)
{
	struct ord_endpoints to = {0};
	const struct ord_endpoints none = {0};
	const struct match m = {.to = &to, .exclude = &none};
	const struct sender sender = {.seat = -1, .events = 9, .bit = 4, .path = "/a.slice/b"};
	const struct match marked = sender_match(&m, &sender);
	struct nft_batch b = {0};

	add(&to, ":5432/tcp");
	sender_build(&b, "ordeal-golden", "ordeal golden pid 1", &sender, &m);
	for (size_t i = 0; i < two.n; i++)
		sender_at(&b, &sender, &two.v[i]);
	same_as_recorded(&b, "sender");
	cut(CUT_NETDEV, 500000, &marked, "sender-loss");
	cut_build(&b, &(struct cut){.way = CUT_REJECT,
				    .ppm = 1000000,
				    .table = "ordeal-golden",
				    .comment = "ordeal golden pid 1",
				    .match = &m,
				    .links = &two,
				    .group = sender.path});
	same_as_recorded(&b, "sender-reject");
}

static void test_flush(void **state)
{
	struct nft_batch b = {0};

	nft_in_table(&b, NFPROTO_NETDEV, "ordeal-net-eth0");
	nft_flush(&b, MATCH_HIT);
	same_as_recorded(&b, "flush");
}

/* UML's kernel is built without the family inet: the table is refused with a bare EOPNOTSUPP. */
static void test_family_missing(void **state)
{
	const struct ord_endpoints none = {0};
	const struct match m = {.to = &none, .exclude = &none, .direction = MATCH_EGRESS};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
	} answer = {.head = {.nlmsg_len = sizeof answer,
			     .nlmsg_type = NLMSG_ERROR,
			     .nlmsg_flags = NLM_F_CAPPED},
		    .body = {.error = -EOPNOTSUPP}};
	struct nft_batch b = {0};
	struct ord_err err = {0};
	uint8_t room[4096];
	int ends[2];

	cut_build(&b, &(struct cut){.way = CUT_INET,
				    .ppm = 1,
				    .table = "ordeal-golden",
				    .comment = "ordeal golden pid 1",
				    .match = &m,
				    .links = &two});
	for (size_t at = 0; at < b.len;
	     at += NLMSG_ALIGN(((struct nlmsghdr *)(void *)(b.data + at))->nlmsg_len)) {
		const struct nlmsghdr *h = (const void *)(b.data + at);

		if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE))
			answer.head.nlmsg_seq = h->nlmsg_seq;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(write(ends[1], &answer, sizeof answer), sizeof answer);
	struct nl_talk t = {.fd = ends[0], .room = sizeof room, .answer = room};
	assert_int_equal(nft_send(&b, &t, &err), -1);
	assert_int_equal(err.code, ORD_SKIP);
	assert_non_null(strstr(err.msg, "CONFIG_NF_TABLES_INET"));
	(void)close(ends[0]);
	(void)close(ends[1]);
	nft_batch_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partition_all),  cmocka_unit_test(test_loss_filter),
		cmocka_unit_test(test_reject),	       cmocka_unit_test(test_ingress),
		cmocka_unit_test(test_detour),	       cmocka_unit_test(test_queue),
		cmocka_unit_test(test_sender),	       cmocka_unit_test(test_flush),
		cmocka_unit_test(test_family_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
