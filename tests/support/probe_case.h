/*
 * Probes against a real server of their own, in the test's process: what they say of each slot is
 * kept in `seen`. One at a time.
 */
#ifndef ORDEAL_TEST_PROBE_CASE_H
#define ORDEAL_TEST_PROBE_CASE_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "ordeal/probe.h"
#include "tests/support/http_server.h"

#define SAMPLES 4096

extern struct http_server server;
extern struct ord_sample seen[SAMPLES];
extern size_t n_seen;
extern sd_event *loop; /* between begin and end */
extern uint64_t t0;    /* slot 0 of the first probe is due */

/* A probe of the server, every 20 ms. */
struct ord_probe_spec http(const char *path);
struct ord_probes *begin(const struct ord_probe_spec *specs, size_t n);
void turn_until(uint64_t instant);
void end(struct ord_probes *probes);
/* All three. */
void run_for(const struct ord_probe_spec *specs, size_t n, uint64_t ns);
/* Until one slot is decided that was not skipped. */
struct ord_sample once(const struct ord_probe_spec *spec);
void assert_once(const struct ord_probe_spec *spec, enum ord_outcome o, const char *why);
size_t count(enum ord_outcome o);
/* Every slot once, each due where it belongs. */
void assert_slots(uint64_t every, size_t at_least);
/* Runs cmocka's tests, with the server; the exit status. */
#define run_with_server(tests)               \
	(http_server_start(&server) < 0 ? 77 \
					: stop_server(cmocka_run_group_tests(tests, NULL, NULL)))
int stop_server(int failed);

#endif
