/*
 * One run in a child of its own, with a web server to watch and to break, in directories of its
 * own. What it did is read from its timeline, as a report would.
 */
#ifndef ORDEAL_TEST_RUN_CASE_H
#define ORDEAL_TEST_RUN_CASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/support/http_server.h"

#define CASE_LINES 20000

struct run_case {
	struct http_server server;
	char dir[64];	   /* of the case: state and runtime directories below it */
	char runs[96];	   /* where the run's folder is made */
	char message[512]; /* of ord_run, where it failed */
	pid_t pid;
	json_t *lines[CASE_LINES];
	size_t n;
};

/* Starts the server and makes the directories; sets ORDEAL_RUNTIME_DIR and XDG_STATE_HOME. */
void case_begin(struct run_case *c);
/* Ends what is left, asserts that no process of the case remains, removes the directories. */
void case_end(struct run_case *c);
/* Runs the experiment whose `spec:` is body (printf; %1$u is the server's port, %2$d its pid).
 * Returns at once. */
void case_start(struct run_case *c, const char *body);
/* Waits for its end; 0, or 6 where ord_run failed, or 128 + signal. Reads the timeline. */
int case_wait(struct run_case *c, unsigned seconds);
/* Reads what is there of the timeline by now. */
void case_read(struct run_case *c);
/* Waits until the timeline has a line of this type with key = value, and returns it; fails after 20
 * s. */
const json_t *case_await(struct run_case *c, const char *e, const char *key, const char *value);
/* The i-th line of a type with key = value (key NULL: any), NULL where there is none. */
const json_t *case_line(const struct run_case *c, size_t i, const char *e, const char *key,
			const char *value);
int64_t case_int(const json_t *line, const char *key);
const char *case_text(const json_t *line, const char *key);
/* The state letter of a process in /proc, 0 where it is gone. */
char case_state(pid_t pid);
/* The pid of a child of the run with this comm, 0 where there is none. */
pid_t case_child(const struct run_case *c, const char *comm);
/* Undo records of leases that are left. */
size_t case_records(const struct run_case *c);

#endif
