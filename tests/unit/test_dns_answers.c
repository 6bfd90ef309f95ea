/* Answers of name servers: which are meant, and what they are afterwards, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "injector/host/engines/dns_flow.h"

#define QUESTION      \
	"\x03"        \
	"www\x07"     \
	"example\x04" \
	"test\x00"    \
	"\x00\x01\x00\x01"
#define A_RECORD "\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x01"
#define ALIAS	 "\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x02\xc0\x10"
#define OPT	 "\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00"

/* Number 0x1234; QR, RD, RA, AD; one question. */
#define HEAD(an, ar) "\x12\x34\x81\xa0\x00\x01\x00" an "\x00\x00\x00" ar

struct bytes {
	uint8_t v[1024];
	size_t n;
};

#define BYTES(text) bytes_of(text, sizeof text - 1)

static struct bytes bytes_of(const char *text, size_t n)
{
	struct bytes b = {.n = n};

	memcpy(b.v, text, n);
	return b;
}

static void same(const struct bytes *got, const struct bytes *want)
{
	assert_int_equal(got->n, want->n);
	assert_memory_equal(got->v, want->v, want->n);
}

static struct dns_rule rule(enum dns_effect effect, const char *names)
{
	struct dns_rule r = {.effect = effect, .ttl = 77};
	struct ord_err err;

	if (dns_rule_names(&r, names, &err) < 0)
		fail_msg("%s", err.msg);
	return r;
}

static enum dns_look look(const struct dns_rule *r, const struct bytes *b, size_t *ret_rest)
{
	return dns_look(r, b->v, b->n, ret_rest);
}

static void test_names(void **state)
{
	static const struct {
		const char *names;
		bool meant;
	} cases[] = {
		{"www.example.test", true},
		{"WWW.Example.TEST.", true},
		{"*.example.test", true},
		{".example.test", true},
		{"*", true},
		{"*.test", true},
		{"other.test, *.example.test", true},
		{"*.www.example.test", false},
		{".www.example.test", true},
		{"ww.example.test", false},
		{"example.test", false},
		{"w.example.test,ample.test", false},
		{"*.ample.test", false},
	};
	const struct bytes b = BYTES(HEAD("\1", "\0") QUESTION A_RECORD);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct dns_rule r = rule(DNS_NXDOMAIN, cases[i].names);
		size_t rest;

		if ((look(&r, &b, &rest) == DNS_MEANT) != cases[i].meant)
			fail_msg("%s", cases[i].names);
	}
}

static void test_names_refused(void **state)
{
	static const char *const wrong[] = {
		"",	 " , ",
		".",	 "..",
		"a..b",	 "*.",
		"a.*.b", "*a.b",
		"a\\.b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test"};
	char many[512] = "a";
	struct dns_rule r = {0};
	struct ord_err err;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(dns_rule_names(&r, wrong[i], &err), -1);
	for (size_t i = 0; i < DNS_NAMES; i++)
		memcpy(many + 1 + 2 * i, ",a", 3);
	memset(&r, 0, sizeof r);
	assert_int_equal(dns_rule_names(&r, many, &err), -1);
	assert_int_equal(dns_rule_types(&r, "A,TYPE0", &err), -1);
	assert_int_equal(dns_rule_types(&r, "TYPE65536", &err), -1);
	memset(&r, 0, sizeof r);
	assert_int_equal(dns_rule_types(&r, "a, TYPE65, any", &err), 0);
	assert_true(r.n_types == 3 && r.types[1] == 65 && r.types[2] == 255);
	assert_int_equal(dns_rule_addresses(&r, "10.0.0.1,10.0.0.2", &err), -1);
}

/* What is no answer, or cut, or asks several questions, is left alone. */
static void test_looks(void **state)
{
	const struct dns_rule all = rule(DNS_NXDOMAIN, "*");
	struct dns_rule aaaa = rule(DNS_NXDOMAIN, "*");
	struct bytes b = BYTES(HEAD("\1", "\0") QUESTION A_RECORD);
	struct ord_err err;
	size_t rest = 0;

	(void)state;
	assert_int_equal(look(&all, &b, &rest), DNS_MEANT);
	assert_int_equal(rest, 12 + sizeof QUESTION - 1);
	assert_int_equal(dns_rule_types(&aaaa, "AAAA", &err), 0);
	assert_int_equal(look(&aaaa, &b, &rest), DNS_OTHER);
	for (size_t n = 0; n < 12 + sizeof QUESTION - 1; n++)
		assert_int_equal(dns_look(&all, b.v, n, &rest), DNS_GARBLED);
	b.v[2] &= 0x7f;
	assert_int_equal(look(&all, &b, &rest), DNS_OTHER);
	b.v[2] |= 0xa8; /* an update */
	assert_int_equal(look(&all, &b, &rest), DNS_OTHER);
	b.v[2] = 0x81;
	b.v[5] = 2;
	assert_int_equal(look(&all, &b, &rest), DNS_OTHER);
	b.v[5] = 1;
	b.v[12] = 0xc0; /* a question's name is not compressed */
	assert_int_equal(look(&all, &b, &rest), DNS_GARBLED);
}

static void test_whole(void **state)
{
	static const struct {
		enum dns_effect effect;
		const char flags[2];
	} cases[] = {{DNS_SERVFAIL, "\x81\x82"},
		     {DNS_NXDOMAIN, "\x81\x83"},
		     {DNS_REFUSED, "\x81\x85"},
		     {DNS_TRUNCATE, "\x83\x80"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct dns_rule r = rule(cases[i].effect, "*");
		struct bytes b = BYTES(HEAD("\2", "\1") QUESTION ALIAS A_RECORD OPT);
		struct bytes want = BYTES(HEAD("\0", "\1") QUESTION OPT);
		size_t rest;

		memcpy(want.v + 2, cases[i].flags, 2);
		assert_int_equal(look(&r, &b, &rest), DNS_MEANT);
		b.n = dns_change(&r, b.v, b.n, rest);
		same(&b, &want);
	}
}

static void test_addresses(void **state)
{
	struct dns_rule r = rule(DNS_ADDRESS, "*");
	struct bytes b = BYTES(HEAD("\2", "\1") QUESTION ALIAS A_RECORD OPT);
	struct bytes want = b;
	struct ord_err err;
	size_t rest;

	(void)state;
	/* Nothing to put in its place. */
	assert_int_equal(dns_rule_addresses(&r, "2001:db8::1", &err), 0);
	assert_int_equal(look(&r, &b, &rest), DNS_OTHER);
	assert_int_equal(dns_rule_addresses(&r, "198.51.100.7", &err), 0);
	assert_int_equal(look(&r, &b, &rest), DNS_MEANT);
	want.v[3] = 0x80; /* nobody vouches for it */
	memcpy(want.v + rest + 14 + 6, "\0\0\0\x4d\0\4\xc6\x33\x64\x07", 10);
	b.n = dns_change(&r, b.v, b.n, rest);
	same(&b, &want);
}

/* In two pieces, wherever it is cut behind the question: the same bytes as whole. */
static void test_pieces(void **state)
{
	const struct bytes whole = BYTES(HEAD("\2", "\1") QUESTION ALIAS A_RECORD OPT);
	const struct dns_rule ttl = rule(DNS_TTL, "*"), none = rule(DNS_NXDOMAIN, "*");
	const size_t rest = 12 + sizeof QUESTION - 1;
	struct bytes want = whole;
	struct dns_edit e;

	(void)state;
	memcpy(want.v + rest + 6, "\0\0\0\x4d", 4);
	memcpy(want.v + rest + 14 + 6, "\0\0\0\x4d", 4);
	for (size_t cut = rest; cut <= whole.n; cut++) {
		struct bytes b = whole;

		assert_true(dns_edit_begin(&e, &ttl, b.v, cut, b.n, rest));
		dns_edit_run(&e, &ttl, b.v + cut, b.n - cut);
		same(&b, &want);
	}
	/* Emptied: a record of a private type up to the end, or OPT with padding. */
	for (size_t cut = rest; cut <= whole.n; cut++) {
		struct bytes b = whole;

		want = whole;
		memcpy(want.v + 2, "\x81\x83", 2);
		memcpy(want.v + 6, "\0\0\0\0\0\1", 6);
		memset(want.v + rest, 0, whole.n - rest);
		if (cut < whole.n) {
			memcpy(want.v + rest, "\0\xff\0\0\1\0\0\0\0\0\x1e", 11);
		} else {
			memcpy(want.v + rest, OPT, 11);
			want.v[rest + 10] = 30;
			memcpy(want.v + rest + 11, "\0\x0c\0\x1a", 4);
		}
		assert_true(dns_edit_begin(&e, &none, b.v, cut, b.n, rest));
		dns_edit_run(&e, &none, b.v + cut, b.n - cut);
		same(&b, &want);
	}
}

/* ---- packets ---- */

static uint16_t sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)((s & 0xffff) + (s >> 16));
}

static struct bytes packet(const struct bytes *data, uint32_t seq, bool udp)
{
	struct bytes p = {.n = 20 + (udp ? 8u : 20u) + data->n};

	p.v[0] = 0x45;
	p.v[2] = (uint8_t)(p.n >> 8);
	p.v[3] = (uint8_t)p.n;
	p.v[9] = udp ? IPPROTO_UDP : IPPROTO_TCP;
	memcpy(p.v + 12, "\x0a\0\0\2\x0a\0\0\1\0\x35\x9c\x40", 12);
	if (udp) {
		p.v[25] = (uint8_t)(p.n - 20);
	} else {
		for (unsigned i = 0; i < 4; i++)
			p.v[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
		p.v[32] = 0x50;
	}
	memcpy(p.v + p.n - data->n, data->v, data->n);
	return p;
}

static void test_udp(void **state)
{
	const struct bytes b = BYTES(HEAD("\1", "\0") QUESTION A_RECORD);
	struct bytes p = packet(&b, 0, true);
	struct ord_err err;
	uint32_t n = (uint32_t)p.n;
	struct dns d;

	(void)state;
	assert_int_equal(dns_init(&d, 1, &err), 0);
	d.rule = rule(DNS_NXDOMAIN, "*.test");
	assert_int_equal(dns_packet(&d, 0, 0, p.v, &n), DNS_CHANGED);
	assert_int_equal(n, p.n - 16);
	assert_int_equal(p.v[3], n);
	assert_int_equal(p.v[25], n - 20);
	assert_int_equal(sum(p.v, 20, 0), 0xffff);
	assert_int_equal(sum(p.v + 20, n - 20, sum(p.v + 12, 8, IPPROTO_UDP + n - 20)), 0xffff);
	assert_true(d.meant == 1 && d.hit == 1 && d.hit_tcp == 0 && d.packets == 1);
	dns_done(&d);
}

static void open_connection(struct dns *d, uint32_t seq)
{
	struct bytes p = packet(&(struct bytes){.n = 0}, seq, false);
	uint32_t n = (uint32_t)p.n;

	p.v[33] = 0x12; /* SYN, ACK */
	assert_int_equal(dns_packet(d, 0, 0, p.v, &n), DNS_PASS);
}

/* Where a message of the stream below has its header and question: after 2, 54, 106. */
static bool same_question(size_t first, size_t second)
{
	for (size_t at = 2; at < 156; at += 52)
		if (first > at && second < at + 34 && first != second)
			return true;
	return false;
}

static void collect(struct dns *d, struct bytes *got, const size_t *cuts, uint64_t now)
{
	struct dns_ready r;

	while (dns_ready(d, now, &r))
		memcpy(got->v + cuts[r.id], r.packet + 40, r.len - 40);
}

/*
 * Three answers on a connection, the second to another name; every way of two cuts. A question that
 * is cut once is whole again; one that is cut twice passes, and is counted.
 */
static void stream(enum dns_effect effect, size_t first, size_t second)
{
	const char text[] = "\0\x32" HEAD("\1", "\0") QUESTION A_RECORD
		"\0\x32" HEAD("\1", "\0") "\x03"
					  "www\x07"
					  "example\x04"
					  "orgx\x00"
					  "\0\1\0\1" A_RECORD "\0\x32" HEAD("\1", "\0")
						  QUESTION A_RECORD;
	struct bytes all = bytes_of(text, 156), got = {.n = 156};
	const size_t cuts[] = {0, first, second, 156};
	struct ord_err err;
	struct dns d;

	assert_int_equal(dns_init(&d, 1, &err), 0);
	d.rule = rule(effect, "*.test");
	open_connection(&d, 6999);
	for (uint32_t i = 0; i < 3; i++) {
		struct bytes piece = bytes_of((char *)all.v + cuts[i], cuts[i + 1] - cuts[i]);
		struct bytes p = packet(&piece, 7000 + (uint32_t)cuts[i], false);
		uint32_t n = (uint32_t)p.n;
		enum dns_fate fate;

		if (piece.n == 0)
			continue;
		fate = dns_packet(&d, i, 0, p.v, &n);
		collect(&d, &got, cuts, 0);
		assert_int_equal(n, p.n);
		if (fate != DNS_WAIT)
			memcpy(got.v + cuts[i], p.v + 40, piece.n);
	}
	collect(&d, &got, cuts, UINT64_MAX);
	assert_int_equal(d.unread, same_question(first, second));
	if (same_question(first, second)) {
		dns_done(&d);
		return;
	}
	assert_true(d.meant == 2 && d.hit_tcp == 2);
	for (size_t at = 2; at < 156; at += 104) {
		if (effect == DNS_TTL) {
			memcpy(all.v + at + 40, "\0\0\0\x4d", 4);
		} else {
			memcpy(all.v + at + 2, "\x81\x83", 2);
			memcpy(all.v + at + 6, "\0\0\0\0\0\1", 6);
			memcpy(all.v + at + 34, "\0\xff\0\0\1\0\0\0\0\0\5\0\0\0\0\0", 16);
		}
	}
	same(&got, &all);
	dns_done(&d);
}

static void test_streams(void **state)
{
	(void)state;
	for (size_t first = 0; first <= 156; first++)
		for (size_t second = first; second <= 156; second++)
			for (int empty = 0; empty < 2; empty++)
				stream(empty ? DNS_NXDOMAIN : DNS_TTL, first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	  cmocka_unit_test(test_names_refused),
		cmocka_unit_test(test_looks),	  cmocka_unit_test(test_whole),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_udp),	  cmocka_unit_test(test_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
