/*
 * Who must allow a run, or a fault by hand, before anything is injected: rule files, and Open
 * Policy Agents by URL. All that are named are asked, and each must allow it: the operator's
 * ($ORDEAL_POLICY, /etc/ordeal/rules.yaml), the command line's and the experiment's. Nobody can
 * take one away. They are read and asked by a module, which is opened where there is one.
 */
#ifndef ORDEAL_POLICY_H
#define ORDEAL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/plan.h"

#define ORD_POLICY_FILE "/etc/ordeal/rules.yaml"
#define ORD_POLICY_MAX	16 /* asked of one run, wherever they are named */

struct json_t;
struct ord_policy;

enum ord_policy_by { ORD_POLICY_BY_OPERATOR, ORD_POLICY_BY_OPTION, ORD_POLICY_BY_EXPERIMENT };

struct ord_policy_named {
	const char *text; /* a file or a URL, borrowed */
	enum ord_policy_by by;
};

struct ord_policy_options {
	const struct ord_policy_named *named;
	size_t n_named;
	/* Of the operator's and the option's URLs: an experiment's gets no token. May be NULL. */
	const char *token_file, *ca_file;
	/* Mistakes of rule files: a line each. May be NULL. */
	void (*tell)(void *arg, const char *line);
	void *arg;
};

/*
 * Reads them all. named is borrowed for the call, the two files' names until the close. ORD_USAGE:
 * a rule file with mistakes, which were told; one that is named and cannot be read refuses, it is
 * never left out.
 */
int ord_policy_open(const struct ord_policy_options *options, struct ord_policy **ret,
		    struct ord_err *err);
void ord_policy_close(struct ord_policy *p); /* NULL is fine */

/* What is asked (docs/formats/policy.md). */
struct ord_policy_question {
	const struct ord_plan *plan;
	const struct ord_resolved *const *resolved; /* one a fault; NULL: not found */
	const char *context, *cluster, *server;	    /* NULL: nothing of it is in a cluster */
	const char *command;			    /* "run", "inject", "plan", "validate" */
	uint64_t now_ns;			    /* wall clock, at which it would begin */
	uint64_t longest_ns;			    /* that it may take */
};

/*
 * Asks all, also when one refuses. *ret, where it is given, becomes a list of `policy` lines for
 * the timeline, one a policy, owned, however it ends. 0: all allow it. ORD_GUARD: one refused;
 * ORD_SYS: one did not answer. Why stands in
 * the lines.
 */
int ord_policy_ask(struct ord_policy *p, const struct ord_policy_question *q, struct json_t **ret,
		   struct ord_err *err);
/* Tells why, of such lines; tell may be NULL. */
void ord_policy_reasons(const struct json_t *lines, void (*tell)(void *arg, const char *line),
			void *arg);
/* Whether what was asked last still fits into the hours of the rule files, were it to begin now and
 * to take so long. ORD_GUARD: it does not; told in err alone. */
int ord_policy_again(struct ord_policy *p, uint64_t now_ns, uint64_t longest_ns,
		     struct ord_err *err);

/* The JSON Schema (2020-12) of rule files; owned. */
int ord_policy_schema(struct json_t **ret, struct ord_err *err);

/* The tables of ordeal-rules(5), as man(7) source. Not the module's: who makes the manual links the
 * rules themselves. */
void ord_policy_manual(FILE *out);

#endif
