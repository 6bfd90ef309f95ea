/* One line a fault: what the matrix and the ptrace supervisor put it through. */
#ifndef ORDEAL_TESTS_FAULTS_H
#define ORDEAL_TESTS_FAULTS_H

#include "harness.h"

enum on { ON_HOST, ON_PROCESS, ON_NET };

struct row {
	const char *fault;
	const char *args;
	enum on on;
	bool (*felt)(const struct target *t,
		     unsigned within_ms); /* from outside; NULL: it cannot be */
	bool by_guardian; /* class guardian: after the death of both it stays until `rescue` */
	bool none;	  /* class none: no residue is told */
};

extern const struct row rows[];
extern const size_t n_rows;

/* The row of the fault; skips the test where the build has no such fault yet. */
const struct row *row_find(const char *fault);
void row_target(const struct row *row, struct target *ret);
/* {"host":true}, or of the target; owned. */
char *row_place(const struct row *row, const struct target *t);

#endif
