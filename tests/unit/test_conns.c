/* Which connections a filter means, and which of them a share is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/units.h"
#include "injector/host/engines/conns.h"

static const struct ord_endpoints any = {0};

static struct conn_end end(const char *address, uint16_t port)
{
	struct conn_end e = {.addr = {[10] = 0xff, [11] = 0xff}, .port = port};
	const int family = strchr(address, ':') ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, address, family == AF_INET ? e.addr + 12 : e.addr), 1);
	return e;
}

static struct ord_endpoints list(const char *text)
{
	struct ord_endpoints eps = {.n = 1};
	struct ord_err err;

	if (ord_endpoint_parse(text, &eps.v[0], &err))
		fail_msg("%s: %s", text, err.msg);
	return eps;
}

static void test_within(void **state)
{
	static const struct {
		const char *endpoint, *address;
		uint16_t port;
		bool within;
	} rows[] = {
		{"10.0.0.1", "10.0.0.1", 5432, true},
		{"10.0.0.1", "10.0.0.2", 5432, false},
		{"10.0.0.0/13", "10.7.255.1", 1, true},
		{"10.0.0.0/13", "10.8.0.1", 1, false},
		{"0.0.0.0/0", "192.0.2.1", 1, true},
		{"0.0.0.0/0", "2001:db8::1", 1, false},
		{"::/0", "2001:db8::1", 1, true},
		/* An IPv4 peer of an IPv6 socket is IPv4, and no address of IPv6. */
		{"::/0", "::ffff:192.0.2.1", 1, false},
		{"192.0.2.0/24", "::ffff:192.0.2.1", 1, true},
		{"2001:db8::/33", "2001:db8:7fff::1", 1, true},
		{"2001:db8::/33", "2001:db8:8000::1", 1, false},
		{"2001:db8::1", "2001:db8::1", 1, true},
		{":5432", "2001:db8::1", 5432, true},
		{":5432", "10.0.0.1", 5433, false},
		{":5000-5432", "10.0.0.1", 5432, true},
		{":5000-5432", "10.0.0.1", 4999, false},
		{"10.0.0.1:80/tcp", "10.0.0.1", 80, true},
		{"10.0.0.1:80/tcp", "10.0.0.2", 80, false},
		{"/tcp", "10.0.0.1", 80, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct ord_endpoints eps = list(rows[i].endpoint);
		const struct conn_end e = end(rows[i].address, rows[i].port);

		if (conn_within(&e, &eps) != rows[i].within)
			fail_msg("%s and %s port %u", rows[i].endpoint, rows[i].address,
				 rows[i].port);
	}
}

/* n connections of 10.0.0.1 to 10.0.0.2:5432, in an order that differs by `from`. */
static void fill(struct conns *c, unsigned n, unsigned from, const struct conn_filter *f)
{
	struct ord_err err;

	for (unsigned i = 0; i < n; i++) {
		const unsigned k = (i + from) % n;
		const struct conn conn = {.local = end("10.0.0.1", (uint16_t)(40000 + k)),
					  .peer = end("10.0.0.2", 5432),
					  .cookie = {k * 2654435761u, k},
					  .family = AF_INET};

		assert_int_equal(conns_add(c, &conn, f, &err), 0);
	}
}

static void test_share(void **state)
{
	static const struct {
		unsigned n;
		uint32_t ppm;
		size_t hit;
	} rows[] = {{0, 500000, 0}, {1, 1, 1},		 {3, 100000, 1},  {4, 500000, 2},
		    {5, 500000, 3}, {1000, 250000, 250}, {7, 1000000, 7}, {1000, 1, 1}};
	const struct conn_filter f = {&any, &any, &any};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conns c = {0};

		fill(&c, rows[i].n, 0, &f);
		assert_int_equal(conns_choose(&c, rows[i].ppm, 7, 0), rows[i].n);
		assert_int_equal(c.n, rows[i].hit);
		for (size_t k = 0; k < c.n; k++)
			assert_true(conns_has(&c, c.v[k].cookie));
		assert_false(conns_has(&c, (uint32_t[]){1, 0xffffffffu}));
		conns_done(&c);
	}
}

/* In whatever order the kernel tells them; another seed or round draws others. */
static void test_seed(void **state)
{
	const struct conn_filter f = {&any, &any, &any};
	struct conns a = {0}, b = {0};

	(void)state;
	fill(&a, 1000, 0, &f);
	(void)conns_choose(&a, 500000, 7, 3);
	for (unsigned i = 0; i < 4; i++) {
		const uint64_t seed = i == 2 ? 8 : 7, round = i == 3 ? 4 : 3;
		size_t same = 0;

		fill(&b, 1000, i * 123, &f);
		(void)conns_choose(&b, 500000, seed, round);
		assert_int_equal(b.n, 500);
		for (size_t k = 0; k < b.n; k++)
			same += conns_has(&a, b.v[k].cookie);
		if (i < 2)
			assert_int_equal(same, 500);
		else /* half of them by chance: 250, within 6 standard deviations */
			assert_in_range(same, 200, 300);
		conns_done(&b);
	}
	conns_done(&a);
}

/* Every connection is as likely as any other. */
static void test_fair(void **state)
{
	const struct conn_filter f = {&any, &any, &any};
	unsigned drawn[100] = {0};

	(void)state;
	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct conns c = {0};

		fill(&c, 100, 0, &f);
		(void)conns_choose(&c, 300000, seed, 0);
		for (size_t k = 0; k < c.n; k++)
			drawn[c.v[k].cookie[1]]++;
		conns_done(&c);
	}
	/* 600 expected of 2000; 5 standard deviations are 102. */
	for (size_t i = 0; i < 100; i++)
		assert_in_range(drawn[i], 498, 702);
}

static void test_filter(void **state)
{
	const struct ord_endpoints to = list(":5432"), own = list(":40003"),
				   others = list("10.0.0.3"), spared = list("10.0.0.2");
	const struct {
		struct conn_filter f;
		size_t meant;
	} rows[] = {
		{{&to, &any, &any}, 8},	    {{&any, &own, &any}, 1},	{{&to, &own, &any}, 1},
		{{&others, &any, &any}, 0}, {{&any, &own, &spared}, 0}, {{&to, &any, &others}, 8},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conns c = {0};

		fill(&c, 8, 0, &rows[i].f);
		assert_int_equal(conns_choose(&c, ORD_PPM, 7, 0), rows[i].meant);
		conns_done(&c);
	}
}

/* Both ends of a connection are here; the filter names the one, the exception the other. */
static void test_both_ends(void **state)
{
	const struct ord_endpoints to = list(":5432"), spared = list("10.0.0.1:40001");
	const struct conn_filter f = {&to, &any, &spared};
	struct conns c = {0};
	struct ord_err err;

	(void)state;
	fill(&c, 3, 0, &f);
	for (unsigned i = 0; i < 3; i++) {
		const struct conn other = {.local = end("10.0.0.2", 5432),
					   .peer = end("10.0.0.1", (uint16_t)(40000 + i)),
					   .cookie = {i, 1000}};

		assert_int_equal(conns_add(&c, &other, &f, &err), 0);
	}
	assert_int_equal(conns_choose(&c, ORD_PPM, 7, 0), 2);
	for (size_t i = 0; i < c.n; i++)
		assert_int_not_equal(c.v[i].local.port, 40001);
	conns_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within), cmocka_unit_test(test_share),
		cmocka_unit_test(test_seed),   cmocka_unit_test(test_fair),
		cmocka_unit_test(test_filter), cmocka_unit_test(test_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
