/* Before the first fault: clocks and rules are asked for, and their answers waited for. */
#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/monitor/module/monitor.h"

#define LOOKS	    20 /* at Alertmanager's clock, which shows whole seconds, */
#define LOOKS_EXACT 4  /* and at Prometheus's */
#define LOOK_NS	    (53 * ORD_MS)
#define SLACK_NS    (500 * ORD_MS)

static bool idle(void *arg)
{
	return !wire_busy(((struct ord_monitor *)arg)->wire);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* When so many questions, one after the other, must have had their answers. */
static uint64_t patience(const struct ord_monitor *m, unsigned rounds)
{
	uint64_t a = m->poll[0].server.spec->timeout_ns, b = m->poll[1].server.spec->timeout_ns;

	return ord_now_ns() + rounds * ((a > b ? a : b) + SLACK_NS);
}

/* Alertmanager's clock shows whole seconds: looks all over one of them narrow it down. */
static void read_clocks(struct ord_monitor *m)
{
	struct mon_poll *prometheus = &m->poll[MON_PROMETHEUS], *am = &m->poll[MON_ALERTMANAGER];
	uint64_t from = ord_now_ns(), deadline = patience(m, 1);

	for (unsigned i = 0; i < LOOKS && ord_now_ns() < deadline; i++) {
		bool exact = prometheus->server.spec->url && i < LOOKS_EXACT &&
			     (!i || prometheus->server.clock.known);
		bool whole = am->server.spec->url && (!i || am->server.clock.known);

		if (!exact && !whole)
			break;
		if (exact)
			mon_ask_clock(prometheus);
		if (whole)
			mon_ask_clock(am);
		(void)wire_wait(m->wire, idle, m, patience(m, 1));
		if (whole)
			(void)wire_wait(m->wire, never, m, from + (i + 1) * LOOK_NS);
	}
}

static bool gathered(void *arg)
{
	return !((struct ord_monitor *)arg)->gather;
}

int mon_gather(struct ord_monitor *m, struct ord_err *err)
{
	read_clocks(m);
	if (mon_rules_again(m, err))
		return -1;
	if (!wire_wait(m->wire, gathered, m, patience(m, 2))) {
		for (size_t i = 0; i < ORD_COUNT(m->poll); i++)
			server_drop(&m->poll[i].server);
		mon_gather_free(m);
	}
	for (size_t i = 0; i < ORD_COUNT(m->poll); i++)
		mon_tell_clock(&m->poll[i]);
	return 0;
}
