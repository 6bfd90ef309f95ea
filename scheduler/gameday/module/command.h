/* What people say to a session: a line of the terminal, or a message on its socket. */
#ifndef ORDEAL_GAMEDAY_COMMAND_H
#define ORDEAL_GAMEDAY_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/spec.h"

#define COMMAND_MAX 4096

enum command_verb {
	COMMAND_GO,
	COMMAND_HOLD,
	COMMAND_SKIP,
	COMMAND_CHECK,
	COMMAND_LEAVE,
	COMMAND_ABORT,
	COMMAND_REVEAL,
	COMMAND_NOTE,
	COMMAND_MARK,
	COMMAND_LAST_TOLD = COMMAND_MARK, /* those below are the terminal's own */
	COMMAND_WAIT,
	COMMAND_PAUSE,
	COMMAND_BOARD,
	COMMAND_HELP,
	COMMAND_QUIT,
	COMMAND_NOTHING
};

struct command {
	enum command_verb verb;
	char by[ORD_NAME_MAX];
	char what[32]; /* mark; wait: what for */
	char text[512];
	bool overrule, whole_day;
	size_t step; /* reveal: from 1; 0: the current one */
	uint64_t pause_ns;
};

/* A line as it is typed. by: who types. */
int command_parse(const char *line, const char *by, struct command *ret, struct ord_err *err);
/* One line a command. */
const char *command_help(void);
/* As a message; owned, NULL: out of memory. */
json_t *command_json(const struct command *c);
/* Who says it and what; "": nothing. -1: one is longer than any can be. */
int command_say(struct command *c, const char *by, const char *what, const char *text,
		struct ord_err *err);
/* Whether it could be said at all: who says it, and what. */
int command_check(const struct command *c, struct ord_err *err);
int command_read(const json_t *message, struct command *ret, struct ord_err *err);
/* The verb by its name; -1 ORD_USAGE names the nearest. */
int command_verb_find(const char *name, enum command_verb *ret, struct ord_err *err);

#endif
