/* Targets that are the test's own processes, named after its pid, and what they resolve to. */
#ifndef ORDEAL_TEST_TARGET_CASE_H
#define ORDEAL_TEST_TARGET_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "ordeal/target.h"

extern struct ord_place place; /* what was resolved last */
extern struct ord_err err;

/* Forks one that dies with the test and waits to be killed, after ready(arg) has run in it; -1
 * where that returned other than 0. */
pid_t start(const char *name, int (*ready)(void *), void *arg);
/* A teardown: all that were started. */
int stop_all(void **state);
char *own_name(char out[16], char letter);

struct ord_target target(enum ord_target_kind kind, const char *text);
void resolves(const struct ord_target *t);
/* Refused with that code and these words, and `place` is untouched. */
void refused(const struct ord_target *t, enum ord_code code, const char *why);

#endif
