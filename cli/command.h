/*
 * The command's tables: commands, options, exit codes. --help, the manual and the completion are
 * made from them too. One file a command, with one const struct at its bottom.
 */
#ifndef ORDEAL_CLI_COMMAND_H
#define ORDEAL_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/err.h"

/* Exit codes; cli_exits[] says what each means. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_WRONG = 2,
	CLI_ABORTED = 3,
	CLI_UNSTEADY = 4,
	CLI_INCONCLUSIVE = 5,
	CLI_BROKEN = 6,
};

struct cli_exit_text {
	enum cli_exit code;
	const char *text;
};

extern const struct cli_exit_text cli_exits[7];

/* Of two exit codes the one that counts, in the order 6, 3, 1, 4, 5, 2, 0. */
int cli_exit_worst(int a, int b);
/* The exit code of an error that nothing was done before. */
int cli_exit_of(const struct ord_err *err);

struct cli_option {
	const char *name;  /* without the dashes; NULL ends a table */
	char letter;	   /* short form, 0: none */
	const char *value; /* "DIR"; NULL: a flag; "[=BOOL]": a flag that may be given a value */
	const char *help;  /* a clause */
};

struct cli_given {
	const struct cli_option *option;
	const char *value; /* NULL for a flag */
};

#define CLI_GIVEN_MAX 128

struct cli_args {
	size_t n_given;
	struct cli_given given[CLI_GIVEN_MAX];
	char **operands;
	size_t n_operands;
	int argc; /* as the program was started */
	char **argv;
};

struct cli_command {
	const char *name;
	const char *summary;		  /* one line */
	const char *operands;		  /* "FILE...", "" */
	const struct cli_option *options; /* ended by a NULL name; NULL: none */
	bool takes_target;		  /* the options of a target besides (cli/inject.h) */
	size_t min_operands, max_operands;
	const char *details; /* paragraphs; lines that start with two spaces stand as they are */
	/* Returns an exit code, or -1 with the error that main() prints. */
	int (*run)(const struct cli_args *args, struct ord_err *err);
	/* Instead of the table and run(): a command whose options depend on its first operand.
	 * argv[0] is its name. */
	int (*run_raw)(int argc, char **argv, struct ord_err *err);
};

/* For the manual; a NULL name ends each. */
struct cli_named {
	const char *name, *text;
};

extern const struct cli_named cli_environment[];
extern const struct cli_named cli_files[];

extern const struct cli_command *const cli_commands[];
extern const size_t cli_n_commands;

/* What belongs together in `ordeal --help`: from its first command to the next group's. */
struct cli_group {
	const char *title;
	const struct cli_command *first;
};
extern const struct cli_group cli_groups[];
extern const size_t cli_n_groups;

const struct cli_command *cli_command_find(const char *name);
/* -1 ORD_USAGE: there is none of that name, and the nearest is named. */
int cli_no_command(const char *name, struct ord_err *err);

/*
 * Reads argv[1..] by the tables (n of them, each ended by a NULL name). 0, or -1 ORD_USAGE that
 * names the nearest option. Abbreviations are refused: a script must not change its meaning when an
 * option is added.
 */
int cli_parse(int argc, char **argv, const struct cli_option *const *tables, size_t n,
	      struct cli_args *ret, struct ord_err *err);
/* Reads a file that was named, "-": standard input. A name that leads nowhere, or to what is no
 * file, is a mistake on the command line (ORD_USAGE); a disk that fails is not. */
int cli_read_operand(const char *path, size_t max, char **ret, size_t *ret_size,
		     struct ord_err *err);
/* The last value given for the option, or NULL; for a flag "" where it was given. */
const char *cli_value(const struct cli_args *args, const char *name);
bool cli_flag(const struct cli_args *args, const char *name);
/* A whole number for the option, or the default where it is not given. */
int cli_number(const struct cli_args *args, const char *name, uint64_t def, uint64_t *ret,
	       struct ord_err *err);

/* Help. */
void cli_help_program(FILE *out);
void cli_help_command(const struct cli_command *command, FILE *out);
void cli_help_options(const struct cli_option *options, FILE *out);
/* Writes the text indented and wrapped at 79 columns; the first line starts at column `at`. */
void cli_wrap(FILE *out, const char *text, unsigned indent, unsigned at);

#endif
