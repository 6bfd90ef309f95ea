#include "tests/support/probe_case.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

struct http_server server;
struct ord_sample seen[SAMPLES];
size_t n_seen;
sd_event *loop;
uint64_t t0;

static char url[128];

static void on_sample(void *arg, const struct ord_sample *s)
{
	(void)arg;
	if (n_seen < SAMPLES)
		seen[n_seen++] = *s;
}

void turn_until(uint64_t instant)
{
	for (uint64_t now = ord_now_ns(); now < instant; now = ord_now_ns())
		assert_true(sd_event_run(loop, (instant - now) / ORD_US + 1) >= 0);
}

struct ord_probes *begin(const struct ord_probe_spec *specs, size_t n)
{
	struct ord_probes *probes = NULL;
	struct ord_err err = {0};

	n_seen = 0;
	assert_true(sd_event_new(&loop) >= 0);
	if (ord_probes_open(specs, n, loop, NULL, on_sample, NULL, &probes, &err) < 0)
		fail_msg("%s", err.msg);
	t0 = ord_now_ns() + 5 * ORD_MS;
	assert_int_equal(ord_probes_start(probes, t0, &err), 0);
	return probes;
}

void end(struct ord_probes *probes)
{
	ord_probes_free(probes);
	loop = sd_event_unref(loop);
}

void run_for(const struct ord_probe_spec *specs, size_t n, uint64_t ns)
{
	struct ord_probes *probes = begin(specs, n);

	turn_until(t0 + ns);
	end(probes);
}

struct ord_probe_spec http(const char *path)
{
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server.port, path);
	return (struct ord_probe_spec){.name = "web",
				       .kind = ORD_PROBE_HTTP,
				       .url = url,
				       .every_ns = 20 * ORD_MS,
				       .timeout_ns = ORD_S};
}

size_t count(enum ord_outcome o)
{
	size_t n = 0;

	for (size_t i = 0; i < n_seen; i++)
		n += seen[i].outcome == o;
	return n;
}

void assert_slots(uint64_t every, size_t at_least)
{
	static bool there[SAMPLES];

	memset(there, 0, sizeof there);
	assert_true(n_seen >= at_least);
	for (size_t i = 0; i < n_seen; i++) {
		assert_true(seen[i].n < SAMPLES);
		assert_false(there[seen[i].n]);
		there[seen[i].n] = true;
		assert_int_equal(seen[i].due, t0 + seen[i].n * every);
		assert_true(seen[i].sent >= seen[i].due);
		assert_true(seen[i].done >= seen[i].sent);
	}
}

struct ord_sample once(const struct ord_probe_spec *spec)
{
	struct ord_probes *probes = begin(spec, 1);
	uint64_t until = ord_now_ns() + 5 * ORD_S;
	size_t i = 0;

	while (ord_now_ns() < until) {
		while (i < n_seen && seen[i].outcome == ORD_OUTCOME_SKIPPED)
			i++;
		if (i < n_seen)
			break;
		assert_true(sd_event_run(loop, 100000) >= 0);
	}
	end(probes);
	assert_true(i < n_seen);
	return seen[i];
}

void assert_once(const struct ord_probe_spec *spec, enum ord_outcome o, const char *why)
{
	struct ord_sample s = once(spec);

	if (s.outcome != o || !strstr(s.why, why))
		fail_msg("%s (%s), not %s (%s)", ord_outcome_name(s.outcome), s.why,
			 ord_outcome_name(o), why);
}

int stop_server(int failed)
{
	http_server_stop(&server);
	return failed;
}
