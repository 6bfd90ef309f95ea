/* The lean way of the http kind, beside libcurl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/probe_case.h"

/* What came of a few slots: each outcome with its status, once. */
struct said {
	size_t n;
	struct ord_sample v[8];
};

static struct said ask_a_few(const struct ord_probe_spec *spec)
{
	struct said said = {0};

	run_for(spec, 1, 120 * ORD_MS);
	for (size_t i = 0; i < n_seen; i++) {
		size_t k = 0;

		if (seen[i].outcome == ORD_OUTCOME_SKIPPED)
			continue;
		while (k < said.n &&
		       (said.v[k].outcome != seen[i].outcome || said.v[k].status != seen[i].status))
			k++;
		if (k == said.n && said.n < 8)
			said.v[said.n++] = seen[i];
	}
	return said;
}

static struct said ask_the_path(const char *path, bool by_libcurl)
{
	static char named[] = "X-State", accept[] = "Accept: */*";
	struct ord_probe_spec spec = http(path);

	spec.keep_alive = true;
	if (!strcmp(path, "/hang"))
		spec.timeout_ns = 50 * ORD_MS;
	if (!strcmp(path, "/header") || !strcmp(path, "/raw/slow"))
		spec.expect.header_name = named;
	if (by_libcurl) {
		spec.headers[0] = accept;
		spec.n_headers = 1;
	}
	return ask_a_few(&spec);
}

/* Kept connections of a plain GET do not go through libcurl, save where an Accept is given, and be
 * it the one that libcurl sends anyway: whatever the server does, both say the same. */
static void the_lean_way_says_what_libcurl_says(void **state)
{
	static const char *const paths[] = {
		"/ok",
		"/status/302",
		"/status/404",
		"/status/503",
		"/header",
		"/json",
		"/close",
		"/reset",
		"/hang",
		"/raw/chunked",
		"/raw/bad-chunk",
		"/raw/continue",
		"/raw/old",
		"/raw/until-closed",
		"/raw/no-content",
		"/raw/once",
		"/raw/said-so",
		"/raw/short",
		"/raw/excess",
		"/raw/empty",
		"/raw/twice",
		"/raw/disagree",
		"/raw/folded",
		"/raw/bare-lf",
		"/raw/no-reason",
		"/raw/half",
		"/raw/garbage",
		"/raw/nothing",
		"/raw/large",
		"/raw/slow",
		"/ok?a=b%20c",
		"/a/../ok",
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct said lean, curl;
		bool same = false;

		/* A machine that is busy makes slots late, which is no answer. */
		for (int go = 0; !same && go < 5; go++) {
			lean = ask_the_path(paths[i], false);
			curl = ask_the_path(paths[i], true);
			same = lean.n && lean.n == curl.n &&
			       lean.v[0].outcome == curl.v[0].outcome &&
			       lean.v[0].status == curl.v[0].status;
		}
		if (!same)
			fail_msg("%s: %zu, first %s %u (%s); libcurl %zu, first %s %u (%s)",
				 paths[i], lean.n, ord_outcome_name(lean.v[0].outcome),
				 lean.v[0].status, lean.v[0].why, curl.n,
				 ord_outcome_name(curl.v[0].outcome), curl.v[0].status,
				 curl.v[0].why);
	}
}

/* One that takes what it is sent, in our own process. */
struct listener {
	int fd, caller; /* the first that calls */
	char host[32];
	char heard[1024]; /* the first request */
};

static void listen_on(struct listener *l, int family)
{
	struct sockaddr_in6 at = {.sin6_family = (sa_family_t)family};
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&at;
	socklen_t size = sizeof at;

	if (family == AF_INET6)
		at.sin6_addr = in6addr_loopback;
	else
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&at, size) < 0)
		skip(); /* no IPv6 here */
	assert_int_equal(listen(l->fd, 1024), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&at, &size), 0);
	(void)snprintf(l->host, sizeof l->host, "http://%s:%u",
		       family == AF_INET6 ? "[::1]" : "127.0.0.1", ntohs(v4->sin_port));
}

static int on_request(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct listener *l = arg;
	size_t n = strlen(l->heard);
	ssize_t got = recv(fd, l->heard + n, sizeof l->heard - 1 - n, MSG_DONTWAIT);

	if (got > 0 && strstr(l->heard, "\r\n\r\n"))
		(void)send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
	return sd_event_source_set_enabled(source, got > 0 ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_caller(sd_event_source *source, int listener, uint32_t events, void *arg)
{
	struct listener *l = arg;

	l->caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(l->caller >= 0);
	assert_true(sd_event_add_io(loop, NULL, l->caller, EPOLLIN, on_request, l) >= 0);
	return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

/* The bytes of a request; the digits of a trace, which differ from one to the next, are masked. */
static void hear(struct listener *l, const struct ord_probe_spec *spec, char out[static 1024])
{
	struct ord_probes *probes = begin(spec, 1);
	uint64_t until = ord_now_ns() + 5 * ORD_S;
	char *trace;

	memset(l->heard, 0, sizeof l->heard);
	l->caller = -1;
	assert_true(sd_event_add_io(loop, NULL, l->fd, EPOLLIN, on_caller, l) >= 0);
	/* On a busy machine the first slots may be skipped. */
	while ((!n_seen || !strstr(l->heard, "\r\n\r\n")) && ord_now_ns() < until)
		turn_until(ord_now_ns() + ORD_MS);
	end(probes);
	(void)close(l->caller);
	trace = strstr(l->heard, "traceparent: 00-");
	assert_int_equal(trace != NULL, spec->traceparent);
	for (trace = trace ? trace + strlen("traceparent: 00-") : NULL;
	     trace && strspn(trace, "0123456789abcdef-"); trace++)
		*trace = *trace == '-' ? '-' : 'x';
	(void)snprintf(out, 1024, "%s", l->heard);
}

/* A fragment is not sent, and not understood by the lean way. */
static void the_lean_way_asks_as_libcurl_asks(void **state)
{
	static char one[] = "X-One: 1", two[] = "X-Two: a b";
	static const struct {
		const char *path;
		size_t n_headers;
		bool traceparent;
	} cases[] = {
		{"/a/b?c=%20d&e", 0, false}, {"", 0, false}, {"/h", 2, false}, {"/t", 1, true}};
	char by_lean[1024], by_libcurl[1024], url[128];

	for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
		struct ord_probe_spec spec = http("/");
		struct listener l;

		listen_on(&l, i % 2 ? AF_INET6 : AF_INET);
		spec.keep_alive = true;
		spec.headers[0] = one;
		spec.headers[1] = two;
		spec.n_headers = cases[i / 2].n_headers;
		spec.traceparent = cases[i / 2].traceparent;
		spec.url = url;
		(void)snprintf(url, sizeof url, "%s%s", l.host, cases[i / 2].path);
		hear(&l, &spec, by_lean);
		(void)snprintf(url, sizeof url, "%s%s#", l.host, cases[i / 2].path);
		hear(&l, &spec, by_libcurl);
		(void)close(l.fd);
		assert_non_null(strstr(by_lean, "\r\n\r\n"));
		assert_string_equal(by_lean, by_libcurl);
	}
}

static size_t callers(const struct listener *l)
{
	size_t n = 0;

	for (int fd; (fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0; n++) {
		char byte;

		assert_int_equal(read(fd, &byte, 1), -1); /* nothing is asked yet */
		(void)close(fd);
	}
	return n;
}

static size_t callers_before_the_start(const struct ord_probe_spec *spec, const struct listener *l)
{
	struct ord_probes *probes = NULL;
	struct ord_err err = {0};
	size_t n;

	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(ord_probes_open(spec, 1, loop, NULL, NULL, NULL, &probes, &err), 0);
	(void)sd_event_run(loop, 1000);
	n = callers(l);
	end(probes);
	return n;
}

/* Where slots come so fast that the pacer spins, the first find connections: those of 5 ms. */
static void connections_before_the_start(void **state)
{
	static const struct {
		const char *path;
		int family;
		bool traceparent;
		uint64_t every_ns;
		size_t expected;
	} cases[] = {
		{"/ok", AF_INET, false, 50 * ORD_US, 100},
		{"/ok", AF_INET, true, 20 * ORD_US, 250},
		{"/ok", AF_INET6, false, 50 * ORD_US, 100},
		{"/ok", AF_INET, false, ORD_MS, 0},
		{"/ok#", AF_INET, false, 50 * ORD_US, 0},
	};
	char url[128];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ord_probe_spec spec = http("/");
		struct listener l;

		listen_on(&l, cases[i].family);
		(void)snprintf(url, sizeof url, "%s%s", l.host, cases[i].path);
		spec.url = url;
		spec.keep_alive = true;
		spec.traceparent = cases[i].traceparent;
		spec.every_ns = cases[i].every_ns;
		assert_int_equal(callers_before_the_start(&spec, &l), cases[i].expected);
		(void)close(l.fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lean_way_says_what_libcurl_says),
		cmocka_unit_test(the_lean_way_asks_as_libcurl_asks),
		cmocka_unit_test(connections_before_the_start),
	};

	return run_with_server(tests);
}
