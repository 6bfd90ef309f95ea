/*
 * A rule file (docs/formats/policy.md) as a struct, and what it says of a run. Pure: text -> rules,
 * rules + question + time -> decision. Time zones alone are the machine's.
 */
#ifndef ORDEAL_POLICY_RULES_H
#define ORDEAL_POLICY_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/calendar.h"
#include "ordeal/spec.h"

#define RULES_MAX	       64
#define RULES_PATTERNS_MAX     64
#define RULES_PATTERN_MAX      253 /* characters */
#define RULES_ENVIRONMENTS_MAX 32
#define RULES_LABELS_MAX       16
#define RULES_BOUNDS_MAX       32

struct patterns {
	size_t n;
	char *v[RULES_PATTERNS_MAX]; /* owned */
};

/* What is allowed, where that is said, less what is denied. */
struct names {
	struct patterns allow, deny;
};

/* A part of the world: where a fault is, as the run finds it, whatever the experiment says. */
struct environment {
	char name[ORD_NAME_MAX];
	struct patterns clusters, servers, hosts;
};

/* "cpu.burn.load: 50%": a parameter of a fault, and how much of it may be, or must. */
struct bound {
	const struct ord_fault *fault;
	const struct ord_param *param;
	int64_t value;
};

struct bounds {
	size_t n;
	struct bound v[RULES_BOUNDS_MAX];
};

struct label_rule {
	char *key, *pattern; /* owned */
};

/* At most; 0: not limited. */
struct limits {
	uint64_t duration_ns; /* in which a fault is in force, in one repetition */
	uint64_t run_ns;      /* the whole run at its longest */
	uint32_t repetitions, targets, percent_ppm;
};

/* What a rule asks for; each may be given. Their order is that of rule_keys. */
enum asks {
	ASKS_DENY,
	ASKS_FAULTS,
	ASKS_NAMESPACES,
	ASKS_HOURS,
	ASKS_LABELS,
	ASKS_LIMITS,
	ASKS_AT_MOST,
	ASKS_AT_LEAST,
	ASKS
};

/* What a fault is done to, as bits of where.targets. */
enum target_class {
	CLASS_HOST = 1 << 0,
	CLASS_PROCESS = 1 << 1, /* however it is named */
	CLASS_NETNS = 1 << 2,
	CLASS_POD = 1 << 3,
	CLASS_NODE = 1 << 4,
	CLASS_WORKLOAD = 1 << 5,
	CLASS_SERVICE = 1 << 6,
	CLASS_OBJECT = 1 << 7,
};
#define CLASS_NAMES "host|process|netns|pod|node|workload|service|object"

struct where {
	struct patterns environments, namespaces, faults;
	unsigned targets; /* enum target_class; 0: any */
};

struct rule {
	char name[ORD_NAME_MAX];
	unsigned line, column;
	unsigned line_of[ASKS]; /* 0: it does not ask for that */
	struct where where;
	char *deny; /* owned: why */
	struct names faults, namespaces;
	struct ord_schedule hours;
	struct ord_zone *zone; /* owned; of hours */
	struct label_rule labels[RULES_LABELS_MAX];
	size_t n_labels;
	struct limits limits;
	struct bounds at_most, at_least;
};

struct rules {
	char name[ORD_NAME_MAX];
	bool allow; /* what no rule speaks of */
	unsigned default_line;
	struct environment environments[RULES_ENVIRONMENTS_MAX];
	size_t n_environments;
	struct rule rules[RULES_MAX];
	size_t n_rules;
};

/* As ord_spec_parse(): 0 and *ret, which is the caller's to free, or every mistake. Opens the time
 * zones. */
int rules_parse(const char *yaml, size_t size, struct rules **ret, struct ord_mistakes *mistakes);
void rules_free(struct rules *rules); /* NULL is fine */

/* Owned; NULL: out of memory. */
json_t *rules_schema(void);

/*
 * Whether the rules allow what the question asks for (docs/formats/policy.md, "question"), were it
 * to begin at the wall clock's now and to take so long. *ret: {"allow", "default", "rules": [names
 * of those that speak of it], "reasons": [why not]}, each reason with file:LINE before it, where
 * file is what the rules are called. Owned. -1: the question is none, or out of memory.
 */
int rules_decide(const struct rules *rules, const char *file, const json_t *question,
		 uint64_t now_ns, uint64_t longest_ns, json_t **ret, struct ord_err *err);
/* The hours alone, of the rules that speak of it. */
int rules_hours(const struct rules *rules, const char *file, const json_t *question,
		uint64_t now_ns, uint64_t longest_ns, json_t **ret, struct ord_err *err);

/* Whether a name is one of the pattern's, in which '*' and '?' stand for others. */
bool pattern_takes(const char *pattern, const char *name);
bool patterns_take(const struct patterns *p, const char *name);
/*
 * Two globs of '*' and '?'. Whether each name that `other` can mean is one of `pattern`; whether
 * there is any that both mean. Of `other`, brackets are understood as '?', and a backslash as
 * fnmatch(3) does.
 */
bool pattern_covers(const char *pattern, const char *other);
bool pattern_meets(const char *pattern, const char *other);
bool patterns_cover(const struct patterns *p, const char *other);
bool patterns_meet(const struct patterns *p, const char *other);

#endif
