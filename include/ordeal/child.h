/*
 * One experiment as a child process: `ordeal run --json` on a text that is handed over, so that a
 * run in progress is never changed by the file it came from. It dies with its parent: a SIGTERM,
 * on which it aborts and reverts.
 */
#ifndef ORDEAL_CHILD_H
#define ORDEAL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ordeal/err.h"
#include "ordeal/spec.h"

struct sd_event;
struct ord_child;
struct ord_spawner;

/* All borrowed, and no longer than ord_child_start() takes. */
struct ord_child_options {
	const char *text; /* the experiment */
	size_t size;
	const char *name;     /* what its file is called in messages */
	const char *output;   /* where the run's folder is made; NULL: the state directory */
	const char *dispatch; /* what asked for it, found again in the run's argv; NULL: nothing */
	uint64_t seed;
	bool has_seed;
	const char *const *extra; /* further arguments, NULL-ended; NULL: none */
	const char *program;	  /* NULL: this executable */
	/* Has it started by a thread; it then reads and plans, and waits for ord_child_begin():
	 * until then nothing is made, and it does not outlive us. The program's name is borrowed
	 * until it has been. NULL: it is started at once, and waits for nothing. */
	struct ord_spawner *spawner;
};

struct ord_child_calls {
	/* Each line of the timeline, without its newline (borrowed). May be NULL. */
	void (*on_line)(void *arg, struct ord_child *c, const char *line, size_t size);
	/*
	 * It is over and reaped, once; the child may be freed here. exit_code: 0 to 6, or a
	 * signal's number negated. dir: the run's folder, "" where it got none. verdict: "" where
	 * it has none. stderr_text: what it said, at most 8 KiB.
	 */
	void (*on_end)(void *arg, struct ord_child *c, int exit_code, const char *dir,
		       const char *verdict, const char *stderr_text);
	/* Of one that a thread starts: it has been. May be NULL. */
	void (*on_start)(void *arg, struct ord_child *c);
};

/* A thread that starts processes beside the loop. Freed after all that it is to start. */
int ord_spawner_new(struct sd_event *loop, struct ord_spawner **ret, struct ord_err *err);
void ord_spawner_free(struct ord_spawner *spawner); /* NULL is fine */

int ord_child_start(struct sd_event *loop, const struct ord_child_options *options,
		    const struct ord_child_calls *calls, void *arg, struct ord_child **ret,
		    struct ord_err *err);
/* Lets one begin that waits, as soon as it can. -1: it has ended, and nothing was run. */
int ord_child_begin(struct ord_child *c);
/* One that waits is not to begin: it is ended, and freed when it has. No call is made. */
void ord_child_abandon(struct ord_child *c);
/* Asks it to abort and to revert; on_end tells when it has. */
void ord_child_abort(struct ord_child *c);
/* Ends it at once: what it held is reverted by its guardian. on_end tells when it has ended. */
void ord_child_kill(struct ord_child *c);
/* The run's folder by its name, and whole; "" until it is known. */
const char *ord_child_run(const struct ord_child *c);
const char *ord_child_dir(const struct ord_child *c);
/* And when that began, in clock ticks since boot: the pid alone may be another's by the time it is
 * read. 0: it has not been started yet. */
pid_t ord_child_pid(const struct ord_child *c);
uint64_t ord_child_ticks(const struct ord_child *c);
/* NULL is fine. What still runs is killed, and no call is made. */
void ord_child_free(struct ord_child *c);

/* What a run is doing, from its lines. */
struct ord_child_fault {
	char name[ORD_NAME_MAX], fault[32];
	const char *state; /* "waiting", "injected", "reverted", "failed" */
};

struct ord_child_probe {
	char name[ORD_NAME_MAX];
	bool signal;		     /* else of users */
	uint64_t good, bad, unknown; /* since the last look */
	int last;		     /* 1 good, 0 bad, -1 unknown, or none yet */
	int64_t latency_ns;	     /* of the last; -1: none yet */
};

struct ord_child_look {
	char run[128], phase[32];
	int64_t t_ns;	   /* the run's clock, of the last line */
	int64_t rep, reps; /* rep 0: the placebo, or not yet begun */
	size_t n_faults, n_probes;
	struct ord_child_fault faults[ORD_FAULTS_MAX];
	struct ord_child_probe probes[ORD_PROBES_MAX];
};

/* Counts of probes begin anew with each look. */
void ord_child_look(struct ord_child *c, struct ord_child_look *ret);

#endif
