/* Who must allow what a command is about to do: named by the operator, on the command line, and in
 * the experiment. All are asked. */
#ifndef ORDEAL_CLI_POLICY_H
#define ORDEAL_CLI_POLICY_H

#include "cli/command.h"
#include "ordeal/policy.h"

#define CLI_POLICY_OPTIONS                                                                        \
	{"policy", 0, "FILE|URL",                                                                 \
	 "a rule file, or the URL of an Open Policy Agent, that must allow it too; may be given " \
	 "several times"},                                                                        \
		{"policy-token-file", 0, "FILE",                                                  \
		 "what is sent to it as a Bearer token, in a file; else "                         \
		 "$ORDEAL_POLICY_TOKEN_FILE"},                                                    \
	{                                                                                         \
		"policy-ca", 0, "FILE",                                                           \
			"certificates to trust in place of the machine's, of its https URL; "     \
			"else $ORDEAL_POLICY_CA"                                                  \
	}

/*
 * Reads all that are named; spec may be NULL. Returns 0, with *ret NULL where nobody is named, or
 * an exit code where one cannot be read and that was said. path: what the command is about.
 */
int cli_policy_open(const char *path, const struct cli_args *args, const struct ord_spec *spec,
		    struct ord_policy **ret);

/* What runs that are begun elsewhere are given of these options, NULL-ended; room for four more. */
struct cli_policy_args {
	const char *v[2 * CLI_GIVEN_MAX + 5];
	size_t n;
};
/* All that is named is read once, so that a mistake is not found by the first run. Returns 0, or an
 * exit code. */
int cli_policy_args(const struct cli_args *args, struct cli_policy_args *ret);

/* One answer for each policy, as lines of a timeline; owned. What they are asked is what a run of
 * the plan would meet now. Returns what ord_policy_ask() does. */
struct cli_now;
struct json_t;
int cli_policy_ask(struct ord_policy *p, const char *command, const struct ord_plan *plan,
		   const struct cli_now *now, struct json_t **ret, struct ord_err *err);
/* The same for people: which rules allow it, or why it is refused. */
void cli_policy_print(const struct json_t *lines, FILE *out);
/* Why it is refused, on standard error. */
void cli_policy_complain(const struct json_t *lines);

#endif
