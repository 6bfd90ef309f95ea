/*
 * Runs an unmodified injector under ptrace, and kills its holder or its guardian at their k-th
 * system call. Failures of the harness end the program (harness.h).
 */
#ifndef ORDEAL_TESTS_TRACE_H
#define ORDEAL_TESTS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TRACE_MAX 64

enum trace_role { TRACE_HOLDER, TRACE_GUARDIAN, TRACE_CHILD };

struct traced {
	pid_t pid;
	enum trace_role role;
	unsigned calls;
	bool inside;	/* between entry and exit of a call */
	unsigned marks; /* writes into the record */
};

struct trace {
	enum trace_role victim;
	bool both;     /* the holder too, once the fault is in force */
	unsigned k;    /* 0: nobody is killed */
	unsigned seen; /* calls of the victim */
	bool killed;
	struct traced v[TRACE_MAX];
	size_t n;
};

/* Until all that was started has ended. The request line (with its newline) waits in the pipe,
 * which stays open; bystander: a child of ours that must not die meanwhile, 0: none. */
void trace_run(struct trace *r, const char *program, const char *line, pid_t bystander);

#endif
