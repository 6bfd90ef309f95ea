/*
 * What Prometheus and Alertmanager say of the alerts that an experiment names, while it runs. They
 * are asked through a module of its own (libcurl costs 3.6 ms at every start), which is opened at
 * first use.
 */
#ifndef ORDEAL_MONITOR_H
#define ORDEAL_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/err.h"
#include "ordeal/plan.h"

struct json_t;
struct sd_event;
struct ord_monitor;

/* Where its words go. Both are called from the loop, or from within a call of this header. */
struct ord_monitor_sink {
	/* A line of the timeline of type e (docs/formats/timeline.md), which it takes; at_ns
	 * (CLOCK_MONOTONIC): when that was learnt. */
	void (*line)(void *arg, const char *e, struct json_t *line, uint64_t at_ns);
	/* A channel, as it stands in an objective or an abort condition, has become so, or no
	 * longer is. May be NULL. */
	void (*changed)(void *arg, const char *channel, bool so);
	/* A channel of an abort condition can never become so: no rule of Prometheus makes its
	 * alert. May be NULL. */
	void (*never)(void *arg, const char *channel, const char *why);
	void *arg;
	uint64_t mono_ns;  /* CLOCK_MONOTONIC of the timeline's t = 0 */
	int64_t anchor_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC at that instant */
};

/* The longest intervals of scrapes and of evaluations; 0: nobody told. */
struct ord_monitor_grid {
	uint64_t scrape_ns, evaluation_ns;
};

/* Whether the experiment names a Prometheus or an Alertmanager. Pure. */
bool ord_monitor_wanted(const struct ord_plan *plan);

/*
 * Opens it; the plan is borrowed until the close. Binds the webhook's socket, sends nothing.
 * ORD_SKIP where the module is not installed.
 */
int ord_monitor_open(const struct ord_plan *plan, struct sd_event *loop,
		     const struct ord_monitor_sink *sink, struct ord_monitor **ret,
		     struct ord_err *err);
void ord_monitor_close(struct ord_monitor *m); /* NULL is fine */
/*
 * Before the first fault: reads the clocks, the rules and the route of notifications, and says what
 * cannot fire within the planned fault and what already fires, as lines. Waits for the answers, for
 * a few seconds at most; a server that does not answer is a note, not a failure.
 */
int ord_monitor_before(struct ord_monitor *m, struct ord_err *err);
/* Borrowed. */
const struct ord_monitor_grid *ord_monitor_grid(const struct ord_monitor *m);
/* A repetition begins: each channel's state is told anew. With the first of them the looks begin.
 */
void ord_monitor_repetition(struct ord_monitor *m, uint32_t rep);
/* The recovery has been watched: asks for the scrapes that came after that instant
 * (CLOCK_MONOTONIC). The lines come from the loop. */
void ord_monitor_after(struct ord_monitor *m, uint64_t requested_ns);
/* Before the timeline's last line: waits for what is still being asked, a few seconds at most. */
void ord_monitor_settle(struct ord_monitor *m);

/*
 * The rules as they are now, for people who have not begun yet: an object as a line of type `rules`
 * (owned by the caller), with two lists of texts beside: "notes", and "refused", the abort
 * conditions that can never stop a run. Waits as ord_monitor_before does. -1 where nobody answered.
 */
int ord_monitor_rules(const struct ord_plan *plan, struct json_t **ret, struct ord_err *err);
/* The same as a table. */
void ord_monitor_text(const struct json_t *rules, FILE *out);

/* Where probes of kind `prom` come from, for ord_probes_open: fills its part of *ret. The plan is
 * borrowed for as long as they are. */
struct ord_probe_source;
int ord_monitor_probes(const struct ord_plan *plan, struct ord_probe_source *ret,
		       struct ord_err *err);

#endif
