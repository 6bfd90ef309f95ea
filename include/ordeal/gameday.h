/*
 * Game days: experiments in order, held by people. The language (pure, scheduler/spec/gameday.c),
 * and what `ordeal` asks of the module that holds them (scheduler/gameday).
 */
#ifndef ORDEAL_GAMEDAY_H
#define ORDEAL_GAMEDAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/spec.h"

#define ORD_GAMEDAY_STEPS_MAX 32
#define ORD_GAMEDAY_ROLES_MAX 16
#define ORD_GAMEDAY_TITLE_MAX 100 /* bytes of a step's title */
#define ORD_GAMEDAY_TEXT_MAX  8192
/* Who decides, and knows everything. */
#define ORD_GAMEDAY_OWNER "owner"

/* What is looked at before a step; bits of a step's `checks`. */
enum ord_gameday_check {
	ORD_GAMEDAY_STEADY,
	ORD_GAMEDAY_ALERTS,
	ORD_GAMEDAY_ROLLBACK,
	ORD_GAMEDAY_CLOCK,
	ORD_GAMEDAY_DISK,
	ORD_GAMEDAY_CHECKS
};
const char *ord_gameday_check_name(enum ord_gameday_check check); /* "steady-state" */

struct ord_gameday_role {
	char name[ORD_NAME_MAX];
	char *does;
	bool knows; /* is told of hidden faults before they are revealed */
};

struct ord_gameday_expect {
	char *impact, *response;	/* NULL: nothing is said */
	uint64_t detect_ns, recover_ns; /* 0: nothing is said */
};

struct ord_gameday_step {
	char *name; /* its title, which everybody is told */
	char *file; /* of its experiment, as written; NULL: it stands in the game day itself */
	/* The experiment: where it stands in the day, as JSON, else NULL until it is loaded. */
	char *text;
	size_t size;
	struct ord_spec_place at; /* of `experiment` */
	struct ord_gameday_expect expect;
	uint32_t checks;
	uint64_t time_box_ns;
	bool hidden;
	char *rollback; /* how it is taken back by hand; NULL: nothing is said */
};

struct ord_gameday {
	char name[ORD_NAME_MAX];
	char *briefing;
	struct ord_gameday_role roles[ORD_GAMEDAY_ROLES_MAX];
	size_t n_roles;
	struct ord_gameday_step steps[ORD_GAMEDAY_STEPS_MAX];
	size_t n_steps;
	uint64_t cooldown_ns; /* how long the steady state must hold before the next step */
};

/* Frees what it owns and zeroes it; fine on a zeroed struct. */
void ord_gameday_done(struct ord_gameday *day);
/* As ord_spec_parse(), of a game day. No file is opened. */
int ord_gameday_parse(const char *yaml, size_t size, struct ord_gameday *ret,
		      struct ord_mistakes *mistakes);
/* Whether a text says `kind: GameDay`, be it right or wrong beside that. */
bool ord_gameday_named(const char *yaml, size_t size);
/* The JSON Schema (2020-12) of the kind; owned. */
struct json_t *ord_gameday_schema(void);
/* Its tables in ordeal-spec(5), as man(7) source. */
void ord_gameday_manual(FILE *out);

/* ---- what the command asks of the module */

struct ord_gameday_order {
	const char *verb; /* "run"; one of those that `ordeal gameday --help` lists */
	const char *const *operands;
	size_t n_operands;
	/* NULL where they are not given */
	const char *role, *by, *note, *session;
	const char *output;	     /* where the steps' runs go; NULL: as of 'ordeal run' */
	const char *const *run_args; /* further arguments of every run, NULL-ended; NULL: none */
	bool remote;		     /* run: no lines are taken from the input */
	bool overrule;		     /* go: although a check failed */
	bool whole_day;		     /* abort: not this step alone */
	int in;
	FILE *out, *err;
};

/*
 * Does it, and says on `out` and `err` what people must know. 0, and *ret_exit is the exit code;
 * -1: nothing was done. ORD_SKIP where the module is not installed.
 */
int ord_gameday_do(const struct ord_gameday_order *order, int *ret_exit, struct ord_err *err);

#endif
