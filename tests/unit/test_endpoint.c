/* Endpoints: every form, its canonical text, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "base/auto.h"
#include "ordeal/endpoint.h"

static void forms(void **state)
{
	static const struct {
		const char *text, *canonical;
		int family, prefix, proto, lo, hi;
	} t[] = {
		{"10.0.0.0/8:5432/tcp", "10.0.0.0/8:5432/tcp", AF_INET, 8, IPPROTO_TCP, 5432, 5432},
		{"10.0.0.1", "10.0.0.1", AF_INET, 32, 0, 0, 0},
		{"10.0.0.1/32", "10.0.0.1", AF_INET, 32, 0, 0, 0},
		{"0.0.0.0/0", "0.0.0.0/0", AF_INET, 0, 0, 0, 0},
		{"10.0.0.1:80-90", "10.0.0.1:80-90", AF_INET, 32, 0, 80, 90},
		{"10.0.0.1:80-80", "10.0.0.1:80", AF_INET, 32, 0, 80, 80},
		{"[2001:db8::/32]:443", "[2001:db8::/32]:443", AF_INET6, 32, 0, 443, 443},
		{"[::1]", "::1", AF_INET6, 128, 0, 0, 0},
		{"::1", "::1", AF_INET6, 128, 0, 0, 0},
		{"::/0", "::/0", AF_INET6, 0, 0, 0, 0},
		{"2001:DB8:0::/48/udp", "2001:db8::/48/udp", AF_INET6, 48, IPPROTO_UDP, 0, 0},
		{"[fe80::1]:22/tcp", "[fe80::1]:22/tcp", AF_INET6, 128, IPPROTO_TCP, 22, 22},
		{":53/udp", ":53/udp", AF_UNSPEC, 0, IPPROTO_UDP, 53, 53},
		{"5432", ":5432", AF_UNSPEC, 0, 0, 5432, 5432},
		{"1-65535/tcp", ":1-65535/tcp", AF_UNSPEC, 0, IPPROTO_TCP, 1, 65535},
		{"/icmp", "/icmp", AF_UNSPEC, 0, IPPROTO_ICMP, 0, 0},
		{"10.0.0.1/icmp", "10.0.0.1/icmp", AF_INET, 32, IPPROTO_ICMP, 0, 0},
	};

	for (size_t i = 0; i < ORD_COUNT(t); i++) {
		struct ord_endpoint e = {0}, again = {0};
		char text[ORD_ENDPOINT_TEXT];
		struct ord_err err;

		if (ord_endpoint_parse(t[i].text, &e, &err))
			fail_msg("%s: %s", t[i].text, err.msg);
		assert_int_equal(e.family, t[i].family);
		assert_int_equal(e.prefix, t[i].prefix);
		assert_int_equal(e.proto, t[i].proto);
		assert_int_equal(e.port_lo, t[i].lo);
		assert_int_equal(e.port_hi, t[i].hi);
		assert_string_equal(ord_endpoint_format(&e, text), t[i].canonical);
		assert_int_equal(ord_endpoint_parse(text, &again, &err), 0);
		assert_int_equal(ord_endpoint_compare(&e, &again), 0);
	}
}

static void mistakes(void **state)
{
	static const struct {
		const char *text, *why;
	} t[] = {
		{"", "not an endpoint"},
		{"10.0.0.1/8", "did you mean '10.0.0.0/8'"},
		{"2001:db8::1/32", "did you mean '2001:db8::/32'"},
		{"10.0.0.0/33", "not within 0 to 32"},
		{"::/129", "not within 0 to 128"},
		{"10.0.0.0/", "prefix '/'"},
		{"10.0.0.0/-1", "prefix"},
		{"10.0.0.256", "not an address"},
		{"10.0.0.1:", "port ''"},
		{"10.0.0.1:0", "not within 1 to 65535"},
		{"10.0.0.1:65536", "not within 1 to 65535"},
		{":90-80", "count backwards"},
		{":80-", "port ''"},
		{"80/sctp", "none of tcp, udp, icmp"},
		{"80/icmp", "icmp has no ports"},
		{"[::1", "not an endpoint"},
		{"[::1]x", "not an endpoint"},
		{"[]:80", "not an address"},
		{"example.org", "not an address"},
		{"10.0.0.1:80/tcp/udp", "port"},
		{":", "port"},
	};

	for (size_t i = 0; i < ORD_COUNT(t); i++) {
		struct ord_endpoint e = {.prefix = 99}, before = e;
		struct ord_err err = {0};

		assert_int_equal(ord_endpoint_parse(t[i].text, &e, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_memory_equal(&e, &before, sizeof e);
		if (!strstr(err.msg, t[i].why))
			fail_msg("%s: '%s' does not say '%s'", t[i].text, err.msg, t[i].why);
	}
}

/* No text, however odd, is read past its end or written past the buffer (the sanitizers watch). */
static void odd_texts(void **state)
{
	static const char pieces[] = "0123456789.:/[]-abtcpudm% ";
	unsigned seed = 1;

	for (int i = 0; i < 200000; i++) {
		char text[128], out[ORD_ENDPOINT_TEXT];
		struct ord_endpoint e, again;
		size_t n;

		seed = seed * 1103515245 + 12345;
		n = seed >> 16 & 63;
		for (size_t j = 0; j < n; j++) {
			seed = seed * 1103515245 + 12345;
			text[j] = pieces[(seed >> 16) % (sizeof pieces - 1)];
		}
		text[n] = '\0';
		if (ord_endpoint_parse(text, &e, NULL))
			continue;
		assert_int_equal(ord_endpoint_parse(ord_endpoint_format(&e, out), &again, NULL), 0);
		assert_memory_equal(&e, &again, sizeof e);
	}
}

static void only_equal_ones_are_equal(void **state)
{
	static const char *const all[] = {
		"10.0.0.1", "10.0.0.2", "10.0.0.0/24", "fd00::1",      ":80",
		":80-81",   ":81",	"10.0.0.1:80", "10.0.0.1/tcp", "10.0.0.1:80/udp"};
	struct ord_endpoint v[ORD_COUNT(all)], same[ORD_COUNT(all)];

	(void)state;
	memset(v, 0x55, sizeof v); /* what lies between the members does not count */
	memset(same, 0xaa, sizeof same);
	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		assert_int_equal(ord_endpoint_parse(all[i], &v[i], NULL), 0);
		assert_int_equal(ord_endpoint_parse(all[i], &same[i], NULL), 0);
	}
	for (size_t i = 0; i < ORD_COUNT(all); i++)
		for (size_t j = 0; j < ORD_COUNT(all); j++) {
			const int order = ord_endpoint_compare(&v[i], &same[j]);

			assert_int_equal(order == 0, i == j);
			assert_int_equal(order<0, ord_endpoint_compare(&same[j], &v[i])> 0);
		}
	assert_true(ord_endpoints_same(v, ORD_COUNT(all), same, ORD_COUNT(all)));
	assert_false(ord_endpoints_same(v, 2, same, 3));
	same[0] = same[1];
	assert_false(ord_endpoints_same(v, ORD_COUNT(all), same, ORD_COUNT(all)));
	assert_true(ord_endpoints_same(v, 0, same, 0));
}

static void names_are_split(void **state)
{
	static const char *const wrong[] = {
		"db.example.com:0", "a b:x", "[::1]:5", "10.0.0.1:5432", ":5432", "a/ip", "a;b",
		"db:1-0/tcp"};
	const char *at = " db.example.com:5432-5433/tcp,\tcache , a_b-c/udp";
	char name[ORD_HOST_NAME], rest[ORD_HOST_REST], text[600];
	struct ord_err err;

	(void)state;
	assert_int_equal(ord_host_next(&at, name, rest, &err), 1);
	assert_string_equal(name, "db.example.com");
	assert_string_equal(rest, ":5432-5433/tcp");
	assert_int_equal(ord_host_next(&at, name, rest, &err), 1);
	assert_string_equal(name, "cache");
	assert_string_equal(rest, "");
	assert_int_equal(ord_host_next(&at, name, rest, &err), 1);
	assert_string_equal(name, "a_b-c");
	assert_string_equal(rest, "/udp");
	assert_int_equal(ord_host_next(&at, name, rest, &err), 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int r = 1;

		at = wrong[i];
		while (r == 1)
			r = ord_host_next(&at, name, rest, &err);
		if (r == 0)
			fail_msg("'%s' was taken", wrong[i]);
		assert_int_equal(err.code, ORD_USAGE);
	}
	/* Longer than any name, and than what may stand behind one. */
	(void)memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	at = text;
	assert_int_equal(ord_host_next(&at, name, rest, &err), -1);
	text[1] = ':';
	text[100] = '\0';
	at = text;
	assert_int_equal(ord_host_next(&at, name, rest, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_equal_ones_are_equal),
		cmocka_unit_test(names_are_split),
		cmocka_unit_test(forms),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(odd_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
