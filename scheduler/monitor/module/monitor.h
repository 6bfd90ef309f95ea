/* The monitor's inside: what is known of each alert at each server, and of each channel. */
#ifndef ORDEAL_MONITOR_PRIVATE_H
#define ORDEAL_MONITOR_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "ordeal/alert.h"
#include "ordeal/monitor.h"
#include "scheduler/monitor/module/server.h"
#include "scheduler/monitor/read/route.h"

#define MON_ALERTS_MAX	 1000 /* at one server; what is beyond is not followed */
#define MON_CHANNELS_MAX (ORD_OBJECTIVES_MAX + ORD_CONDITIONS_MAX)
#define MON_STAMP	 40

/* When something became so, on CLOCK_MONOTONIC; known is false while it is still being asked. */
struct mon_instant {
	bool known;
	int64_t lo, hi;
	char stamp[MON_STAMP]; /* as the source said it; "": it did not */
};

/* The same by a server's clock. */
struct mon_stamp {
	int64_t ns;		   /* since 1970 */
	int64_t early_ns, late_ns; /* it may have been sooner or later by that much */
	const char *text;	   /* as the server said it */
};

enum mon_where { MON_PROMETHEUS, MON_ALERTMANAGER };

/* One alert at one server: a set of labels. */
struct mon_alert {
	struct ord_monitor *m;
	struct mon_alert *next;
	enum mon_where where;
	json_t *labels; /* owned */
	char *key;	/* owned; the labels as canonical JSON */
	const char *name;
	json_t *detail;	   /* owned; of the latest look */
	bool seen;	   /* in the look that is being read */
	uint32_t told_rep; /* in that repetition these channels have told of it, a bit each */
	uint64_t told;
	/* Prometheus */
	bool pending, firing; /* pending: or firing */
	unsigned tries;	      /* so often its first firing sample was asked for */
	bool asking;
	/* Alertmanager */
	bool received, suppressed, notified;
	int64_t starts_ns;			       /* of the occurrence that was notified */
	struct mon_instant at[ORD_ALERT_NOTIFIED + 1]; /* by stage */
	struct mon_instant looked; /* the look that found its firing, for when the sample cannot be
				      had */
};

_Static_assert(MON_CHANNELS_MAX <= 64, "a bit of mon_alert.told each");

enum mon_told { MON_TOLD_NOTHING, MON_TOLD_NULL, MON_TOLD_FALSE, MON_TOLD_TRUE };

struct mon_channel {
	const char *text; /* borrowed from the spec */
	struct ord_alert alert;
	bool so;
	enum mon_told told;
	bool in_rep; /* a line of this repetition has been written */
};

/* One of the two that are looked at on a schedule. */
struct mon_poll {
	struct ord_monitor *m;
	enum mon_where where;
	struct server server;
	sd_event_source *timer;
	uint64_t due_ns, not_before_ns;
	bool flying, up, looked; /* up: the last look succeeded; looked: one ever did */
	unsigned failures;
	uint64_t sent_ns, done_ns; /* of the last look that succeeded, */
	uint64_t prev_ns;	   /* and when the one before it was sent; 0: none was */
	uint64_t clock_ns;	   /* its clock was asked for */
	uint32_t clock_rep;	   /* told in that repetition, */
	bool clock_told;	   /* or never */
	char why[SERVER_WHY];
};

struct mon_job; /* one rule whose bad scrape is being looked for */

struct mon_webhook;
struct mon_gather; /* the rules, while they are being read */

struct ord_monitor {
	const struct ord_plan *plan;
	const struct ord_spec *spec;
	sd_event *loop; /* NULL: only the rules are read */
	struct ord_monitor_sink sink;
	struct wire *wire;
	struct mon_poll poll[2]; /* by enum mon_where */
	struct mon_webhook *webhook;
	struct mon_channel channels[MON_CHANNELS_MAX];
	size_t n_channels;
	struct mon_alert *alerts;
	size_t n_alerts;
	bool full; /* there were more alerts than are followed */
	bool begun;
	uint32_t rep;
	uint64_t rep_ns; /* when it began */
	struct ord_monitor_grid grid;
	struct mon_routes *routes; /* NULL: not known */
	/* Alertmanager's peers, itself included; those that notify before it; as told last. */
	size_t n_peers, n_before, told_peers;
	json_t *rules;		   /* owned; as told last */
	json_t *notes;		   /* owned; texts, where there is no timeline */
	json_t *refused;	   /* the same: aborts that can never be */
	struct mon_gather *gather; /* NULL: nothing is being asked */
	struct mon_job *jobs;
};

/* --- tell.c: lines --- */
/* Takes detail (NULL: none). */
void mon_tell_stage(struct ord_monitor *m, const struct mon_alert *a, const char *stage,
		    const struct mon_instant *at, json_t *detail, uint64_t now_ns);
void mon_tell_channel(struct ord_monitor *m, struct mon_channel *c, const struct mon_instant *at,
		      const char *why, json_t *detail, uint64_t now_ns);
/* An abort condition waits for this channel, which can never become so. */
void mon_tell_never(struct ord_monitor *m, const struct mon_channel *c, const char *why);
void mon_tell_clock(struct mon_poll *p);
void mon_note(struct ord_monitor *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A server's stamp on CLOCK_MONOTONIC, as it was told by an answer that was asked for then. */
struct mon_instant mon_instant_of(const struct mon_poll *p, const struct mon_stamp *stamp,
				  uint64_t asked_ns, uint64_t told_ns);
/* Between two looks. */
struct mon_instant mon_between(uint64_t lo_ns, uint64_t hi_ns);
/* The server's wall clock at an instant of CLOCK_MONOTONIC: the middle of what is known. */
int64_t mon_server_time(const struct mon_poll *p, uint64_t ns);
int64_t mon_t(const struct ord_monitor *m, int64_t ns); /* on the run's clock */

/* --- alerts.c --- */
/* The alert with these labels, made where it is new; NULL: there are too many, or no memory. */
struct mon_alert *mon_alert_of(struct ord_monitor *m, enum mon_where where, const json_t *labels);
void mon_alerts_free(struct ord_monitor *m);
bool mon_labels_match(const struct ord_alert *channel, const json_t *labels);
bool mon_alert_matches(const struct ord_alert *channel, const struct mon_alert *a);
/* Whether the experiment names it. */
bool mon_named(const struct ord_monitor *m, const char *alert);
/* Looks at every channel of a server: tells what has changed, between those two looks where no
 * stamp says it better. */
void mon_judge(struct ord_monitor *m, enum mon_where where, uint64_t lo_ns, uint64_t hi_ns);
/* The server cannot be asked, or can again. */
void mon_lost(struct mon_poll *p, const char *why, uint64_t now_ns);

/* --- look.c: the schedule --- */
int mon_poll_start(struct mon_poll *p, struct ord_err *err);
void mon_poll_stop(struct mon_poll *p);
/* Asks for the clock at once. */
void mon_ask_clock(struct mon_poll *p);
/* --- prometheus.c, alertmanager.c: one look --- */
void mon_look_prometheus(struct mon_poll *p, const struct server_answer *a);
void mon_look_alertmanager(struct mon_poll *p, const struct server_answer *a);
/* It has been there before: it may have been notified of, and what comes of it now is no detection.
 */
void mon_presume_notified(struct mon_alert *a);
/* --- before.c --- */
/* Asks for everything and waits. -1: out of memory; who did not answer is told in notes. */
int mon_gather(struct ord_monitor *m, struct ord_err *err);
/* --- rules.c --- */
/* Asks without waiting, and tells the rules where they are others than before. */
int mon_rules_again(struct ord_monitor *m, struct ord_err *err);
void mon_gather_free(struct ord_monitor *m);
/* --- rules_judge.c --- */
/* What a fault of the planned length makes of each rule, and the grid; all: of every job and group
 * that is known. The line, without its beginning; owned. NULL: out of memory. */
json_t *mon_rules_judge(struct ord_monitor *m, json_t *rules, const struct ord_monitor_grid *all);
/* --- rules_tell.c --- */
/* Tells what was judged, where it is other than what was told last. */
void mon_rules_tell(struct ord_monitor *m, json_t *line);
/* Says where Alertmanager has peers. */
void mon_cluster_tell(struct ord_monitor *m);
/* --- scraped.c --- */
void mon_scraped(struct ord_monitor *m, uint64_t requested_ns);
bool mon_scraped_busy(const struct ord_monitor *m);
void mon_scraped_free(struct ord_monitor *m);
/* --- webhook.c --- */
int mon_webhook_open(struct ord_monitor *m, const char *listen, struct mon_webhook **ret,
		     struct ord_err *err);
void mon_webhook_close(struct mon_webhook *w); /* NULL is fine */

#endif
