/* Command lines: one table per program gives the parser, the defaults and the help. */
#ifndef DEMO_ARGS_H
#define DEMO_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

enum arg_type {
	ARG_FLAG,     /* bool: sets it */
	ARG_UNFLAG,   /* bool: clears it */
	ARG_COUNT,    /* uint32_t, at least 1 */
	ARG_DURATION, /* uint64_t, ns; "200ms", "1.5s" */
	ARG_PERCENT,  /* double; "0.1" or "0.1%" */
	ARG_ADDRESS,  /* struct address */
	ARG_ADDRESSES /* struct addresses; may be given again */
};

#define ADDRESSES_MAX 8

struct addresses {
	size_t n;
	struct address v[ADDRESSES_MAX];
};

struct arg {
	const char *name; /* "--listen" */
	enum arg_type type;
	void *value;
	const char *def; /* text of the default, NULL: none */
	const char *help;
};

/*
 * Applies the defaults, then the command line. Returns 0; or, when the program is to end, its exit
 * status plus one: 1 after --help, 3 after a mistake (said on standard error).
 */
int args_parse(const char *summary, const struct arg *args, size_t n, char *const *argv);
/* "200ms", "1.5s", "2m". -1: not a duration. */
int duration_parse(const char *text, uint64_t *ret_ns);

#endif
