/* The run's state: one struct, one event loop, three files (machine.c: phases; fault.c, faults.c:
 * leases; watch.c: what is seen). */
#ifndef ORDEAL_RUN_MACHINE_H
#define ORDEAL_RUN_MACHINE_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "ordeal/cluster.h"
#include "ordeal/plan.h"
#include "ordeal/probe.h"
#include "ordeal/run.h"
#include "scheduler/run/finder.h"
#include "scheduler/run/home.h"
#include "scheduler/run/judge.h"
#include "scheduler/run/logs.h"
#include "scheduler/run/marks.h"
#include "scheduler/run/timeline.h"
#include "scheduler/run/window.h"

struct run;
struct ord_peers;

enum run_phase {
	RUN_STEADY_BEFORE,
	RUN_INJECT,
	RUN_HOLD,
	RUN_REVERT,
	RUN_RECOVERY,
	RUN_STEADY_AFTER,
	RUN_COOLDOWN,
	RUN_STOPPING, /* every lease is being ended; then the end. Not a phase of the timeline */
};

enum run_end { RUN_COMPLETE, RUN_ABORTED, RUN_UNSTEADY, RUN_FAILED, RUN_INTERRUPTED };

enum run_fault_state {
	FAULT_PENDING,
	FAULT_REQUESTED,
	FAULT_INJECTED,
	FAULT_ENDING, /* its end was asked for, or it said that it reverts */
	FAULT_LOST,   /* the holder went without a word; about to be rescued */
	FAULT_RESCUING,
	FAULT_OVER,
};

/* One fault of one repetition, and the holder of its lease. */
struct run_fault {
	struct run *run;
	size_t index;
	const struct ord_fault_spec *spec;
	bool waiting;		      /* it was told that the revert waits for an API server */
	struct ord_peers *peers;      /* who was looked up for it; NULL: nobody */
	sd_event_source *found;	      /* of theirs: looked up again */
	bool stale;		      /* their addresses are others than it was asked with */
	const struct ord_args *named; /* as asked, with addresses in place of names. Borrowed */
	struct ord_args *args;	      /* as sent: the spec's and the exemption, or noop's. Owned */
	struct ord_resolved resolved;
	char lease[65];
	enum run_fault_state state;
	bool failed;
	struct ord_holder *holder;
	sd_event_source *io;	/* of the holder's descriptor */
	sd_event_source *timer; /* start, end of the hold, patience: whichever is next */
	/* Of a fault on another machine: our latest instant at which nothing holds it there any
	 * more, whoever is cut off; and how long it is asked again. */
	uint64_t until_ns, ask_until_ns;
	uint64_t sent_ns; /* the request */
	struct ord_holder
		*spent; /* said all that it had to say: freed when it has had time to exit */
	uint64_t spent_ns;
};

/* What is seen of one probe. */
struct run_track {
	struct run_window window;
	uint64_t told, last_slot;   /* slots decided, the highest among them */
	uint64_t last_due, bad_due; /* due of the latest good slot, and of the latest bad */
	uint64_t rep_from;	    /* first due instant of the present repetition, */
	uint32_t rep, rep_before;   /* the repetition, and the one before */
};

/* What was last told of an alert that an abort condition names. */
struct run_alert {
	bool told, so;
	uint64_t blind_ns; /* since when it cannot be asked; 0: it can */
	char never[400];   /* why it can never be so; "": it may */
};

struct run {
	const struct ord_plan *plan;
	const struct ord_spec *spec;
	const struct ord_run_options *options;
	json_t *policies; /* owned: what they said, a list of lines; NULL: nobody was asked */
	struct run_home home;
	struct run_timeline *tl;
	struct ord_probes *probes;
	struct ord_cluster *cluster;   /* NULL: the run has nothing to do with one */
	struct ord_observer *observer; /* the same */
	struct run_finder *finder;     /* NULL: no target is in a cluster or on another machine */
	char cluster_version[ORD_CLUSTER_VERSION];
	uint64_t began_ns; /* the timeline's t = 0 */
	int64_t anchor_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC when the timeline began */
	struct ord_monitor *monitor;		     /* NULL: nobody is asked about alerts */
	struct run_alert alerts[ORD_CONDITIONS_MAX]; /* as spec->abort */
	struct run_marks *marks;		     /* NULL: nobody can mark it */
	struct run_logs *logs;			     /* NULL: none are followed */
	struct run_judge *judge;		     /* NULL: nobody is asked at the moment */
	sd_event *loop;
	sd_event_source *tick, *phase_timer, *limit_timer;

	uint32_t rep, last_rep; /* 0 is the placebo */
	bool placebo;
	enum run_phase phase;
	uint64_t phase_ns;     /* when it began */
	uint64_t started_ns;   /* when the probes did */
	uint64_t steady_since; /* conditions of the steady state look no further back */
	uint64_t inject_ns;    /* when this repetition's faults were asked for; 0: not yet */
	uint64_t cleared_ns;   /* when the last fault was over */
	uint64_t looked_ns;    /* when the abort conditions were looked at last */
	uint64_t full_since;   /* recovery: all conditions of fullRecovery hold; 0: they do not */
	bool steady;	       /* before: held, and the injection's instant is drawn */
	uint64_t inject_at_ns; /* that instant */
	bool finding, found;   /* before: the targets are looked for; they are known */

	struct run_fault faults[ORD_FAULTS_MAX];
	struct run_track track[ORD_PROBES_MAX];
	/* As in the spec; those of alerts are judged by `alerts`. */
	struct run_tally steady_of[ORD_CONDITIONS_MAX], abort_of[ORD_CONDITIONS_MAX],
		full_of[ORD_CONDITIONS_MAX];

	bool limited;	  /* limit_timer is armed for this repetition */
	uint64_t residue; /* things left behind, of the whole run */
	enum run_end end;
	char end_text[512];
};

/* machine.c */
void run_enter(struct run *r, enum run_phase phase);
/* Looks whether the phase is over. Cheap; called at every event. */
void run_advance(struct run *r);
/* Ends every lease at once, and then the run (the loop exits). The first reason stands. */
void run_stop(struct run *r, enum run_end end, const char *text);
/* The same with an `abort` line. */
void run_abort(struct run *r, const char *cause, uint64_t asked_ns, const char *text);
void run_note(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A fault is in force: from the first of a repetition on, limits.duration is counted. */
void run_limit_start(struct run *r);
/* Begins a repetition. */
void run_begin_repetition(struct run *r, uint32_t rep);
/* The targets have been found: injects, if all is still well. */
void run_found(void *r);
/* Makes the phases' timers, which begin with the loop. */
int run_machine_init(struct run *r, struct ord_err *err);
void run_machine_done(struct run *r);

/* faults.c */
/* Takes every target as it is now (after run_cluster_find()) and arms the start of each fault. -1:
 * one of them cannot be; nothing has been started. */
int run_faults_begin(struct run *r, struct ord_err *err);
/* Asks for the end of everything that is in force or about to be; drops what is pending. */
void run_faults_end(struct run *r);
/* Takes in what the holders have said by now. */
void run_faults_hear(struct run *r);
bool run_faults_over(const struct run *r);
/* All with the earliest `at` are in force. */
bool run_faults_in_force(const struct run *r);
/* Nothing is pending or held any more: the last are being ended, or are over. */
bool run_faults_ending(const struct run *r);
void run_faults_tidy(struct run *r, bool all);
/* Asks the holders on other machines for a sign of life; who gives none is lost. */
void run_faults_beat(struct run *r);

/* peers.c */
/* Once a run, before anything is measured: looks up whom the faults name, and follows them where
 * they ask for that. */
int run_peers_open(struct run *r, struct ord_err *err);
/* Whom a fault in force is about becomes what was found last. */
void run_peers_send(struct run_fault *f);
void run_peers_close(struct run_fault *f);

/* far.c */
/* Opens the injector of another machine for one fault, and asks who its target is there. */
int run_far_take(const struct ord_plan *plan, size_t fault, uint32_t rep, const atomic_bool *stop,
		 struct ord_holder **ret_holder, struct ord_resolved *ret, struct ord_err *err);
/* Before anything is made: the target of the first repetition, and what can be done there. */
int run_far_look(struct run *r, size_t fault, json_t **ret_doctor, struct ord_err *err);

/* cluster.c */
/* Opens the connection where the run needs one, and asks the server who it is. */
int run_cluster_open(struct run *r, struct ord_err *err);
/* For the first line of the timeline. Owned. */
json_t *run_cluster_json(const struct run *r);
/* From here on lines of type `kube` are written. */
int run_cluster_observe(struct run *r, struct ord_err *err);
/* Looks for the targets of this repetition: found(r) comes from the loop. 1: there is nothing to
 * look for, found() will not come. */
int run_cluster_find(struct run *r, struct ord_err *err);
/* What the target of a fault is: as it was found, or, on this machine, as it is. */
int run_cluster_target(struct run *r, size_t fault, struct ord_resolved *ret, struct ord_err *err);
/* The targets were resolved anew. */
int run_cluster_targets(struct run *r, struct ord_err *err);
/* Ends the watching alone, before the timeline's last line. */
void run_cluster_unobserve(struct run *r);
/* After the probes, which ask through it. */
void run_cluster_close(struct run *r);

/* policy.c */
/* Whether all who were named allow it; keeps what they said for the timeline. */
int run_policy_ask(struct run *r, struct ord_err *err);
void run_policy_tell(struct run *r);
/* A repetition begins: aborts the run where it would not end within the hours. */
void run_policy_again(struct run *r);

/* phase.c */
/* How long to wait for the instant of the injection, `least` or longer, and what is written of it
 * (owned; NULL: none, it is now). */
uint64_t run_phase_draw(struct run *r, uint64_t now, uint64_t least, json_t **ret_line);

/* judge.c, for a plan with `sequential` */
enum run_judgement { RUN_JUDGE_WAIT, RUN_JUDGE_GO_ON, RUN_JUDGE_ENOUGH };
/* Whether the repetitions so far decide the test; to be asked again while it says WAIT. */
enum run_judgement run_judge(struct run *r);

/* monitor.c */
/* Where the spec names who is asked: opens it, and reads the rules. mono_ns: of the timeline's t =
 * 0. */
int run_monitor_open(struct run *r, uint64_t mono_ns, struct ord_err *err);
/* A repetition begins. */
void run_monitor_repetition(struct run *r);
/* Its recovery has been watched: what the servers kept of it is asked for. */
void run_monitor_after(struct run *r);
/* Before the last line: waits for these answers. */
void run_monitor_settle(struct run *r);
void run_monitor_close(struct run *r);
/* The longest interval of scrapes and evaluations; 0: nobody told. */
uint64_t run_monitor_period(const struct run *r);
/* An abort condition on an alert: whether it holds, can never hold, or could not be asked for too
 * long. */
void run_monitor_guard(struct run *r, size_t abort, uint64_t now);
/* Every alert of an abort condition has been told, can be asked now, and may become so: without,
 * nothing is injected. */
bool run_monitor_guarded(const struct run *r);

/* watch.c */
int run_watch_init(struct run *r, struct ord_err *err);
void run_watch_done(struct run *r);
void run_watch_sample(struct run *r, const struct ord_sample *s);
/* The abort conditions; at most every 10 ms. */
void run_watch_guards(struct run *r, uint64_t now);
/* Every user-facing probe has been good for the longest hold since the fault was cleared. */
bool run_watch_recovered(const struct run *r);
/* All conditions of fullRecovery have held for the longest hold; true where there are none. */
bool run_watch_full(struct run *r, uint64_t now);
/* Whether the steady state holds over its windows, of what was decided since r->steady_since; line
 * may be NULL. */
bool run_watch_steady(struct run *r, uint64_t now, json_t **ret_conditions);
/* The longest that the steady state may be waited for. */
uint64_t run_watch_patience(const struct run *r);
/* The least that is watched before an injection, so that the reports have a last good sample. */
uint64_t run_watch_baseline(const struct run *r);
uint64_t run_watch_longest_period(const struct run *r);
/* The repetition in which a slot was due. */
uint32_t run_watch_rep(const struct run *r, const struct ord_sample *s);

#endif
