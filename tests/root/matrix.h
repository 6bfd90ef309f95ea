/* What the ways to end a lease share. One fault a process. */
#ifndef ORDEAL_TESTS_MATRIX_H
#define ORDEAL_TESTS_MATRIX_H

#include "faults.h"

#define LONG_HOLD 3600000000000ull
#define LEASE	  "m-1"

/* Hard bounds, generous because the machine may be shared; bench/ has the figures. */
#define KERNEL_GONE_MS	 100
#define GUARDIAN_GONE_MS 200
#define SETTLED_MS	 2000

extern const struct row *row;
extern struct target target;
extern char *before; /* the machine's state */
extern struct driver d;

/* A lease in force, and felt. */
void begin(uint64_t hold_ns);
/* The `reverted` event with this cause, nothing left, and the state as it was. */
void reverted(const char *cause, int status);
/* Whatever became of the injector: the effect goes within the time, then all of the state is as
 * before. */
void gone(unsigned within_ms, const char *what);
/* The first record that `rescue` tells of, owned; NULL: none. */
json_t *rescued_one(void);
/* Takes it over. */
void rescued_as(json_t *one, const char *action);

void target_killed(void);
void namespace_deleted(void);
void namespace_by_another(void);
void disk_full(void);

#endif
