/* What the completions of all shells are made of: the program's tables, and the values of options
 * that these do not say. */
#ifndef ORDEAL_DOCS_COMPLETE_H
#define ORDEAL_DOCS_COMPLETE_H

#include <stdio.h>

#include "cli/command.h"
#include "ordeal/fault.h"

#define COMPLETE_WORDS 256

/* What may follow an option of a command or a fault: "drop|reject"; "" where that is anything.
 * Returns out. */
const char *complete_values(const char *of, const struct cli_option *o,
			    char out[static COMPLETE_WORDS]);
/* "faults|probes" is a choice of words, "FILE..." is none, and of "RUN a|b" the last is one; ""
 * where there is none. */
const char *complete_words(const char *operands);

/* What a command's operands are, besides words. */
enum complete_operands {
	COMPLETE_NOTHING,
	COMPLETE_EXPERIMENTS,
	COMPLETE_TABLES,
	COMPLETE_RUNS,
	COMPLETE_COMMANDS
};
enum complete_operands complete_operands(const char *command);

/* Each option of a command, or of a fault, with those of its targets. */
typedef void complete_each(FILE *out, const char *of, const struct cli_option *o);
void complete_command(FILE *out, const struct cli_command *c, complete_each *each);
void complete_fault(FILE *out, const struct ord_fault *f, complete_each *each);

#endif
