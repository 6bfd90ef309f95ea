/* A plan: a spec made complete. Same spec, seed and catalogue: byte-identical JSON, and so the same
 * hash. */
#ifndef ORDEAL_PLAN_H
#define ORDEAL_PLAN_H

#include <stdio.h>

#include "ordeal/spec.h"

#define ORD_HASH_HEX 65

struct json_t;

struct ord_plan {
	const struct ord_spec *spec; /* borrowed */
	uint64_t seed;
	char hash[ORD_HASH_HEX]; /* SHA-256 of the canonical JSON without the hash itself */
	struct json_t *json;	 /* owned; docs/formats/timeline.md, "plan" */
};

/*
 * Pure. The seed serves where the spec has none (its low 53 bits). ORD_GUARD where a limit or a
 * safety rule of the spec is broken.
 */
int ord_plan_build(const struct ord_spec *spec, uint64_t seed, struct ord_plan *ret,
		   struct ord_err *err);
void ord_plan_done(struct ord_plan *plan);

/* The seed of one fault in one repetition, drawn from the plan's; at most ORD_SEED_MAX. */
uint64_t ord_plan_seed(const struct ord_plan *plan, size_t fault, uint32_t rep);

/*
 * The longest that a steady state is waited for, that a repetition takes without its cooldown, and
 * that a run does, if nothing outside of it stops it: a machine that sleeps, say. By the plan
 * alone.
 */
uint64_t ord_plan_patience_ns(const struct ord_spec *spec);
uint64_t ord_plan_repetition_ns(const struct ord_spec *spec);
uint64_t ord_plan_longest_ns(const struct ord_spec *spec);

/* What one fault's target is on this machine now. Never part of the plan's hash. */
struct ord_resolved {
	struct ord_place place; /* ord_place_done */
	size_t n_targets; /* processes, objects of a cluster, or 1 for a namespace or the host */
	char hash[ORD_HASH_HEX]; /* SHA-256 of the place's canonical JSON */
	const char *peers; /* borrowed, for people: the addresses of its named peers; NULL: none */
};

/* Not pure: reads /proc and /sys. ORD_GUARD where more are hit than limits.targets allows. Of this
 * machine's targets alone: ord_cluster_plan_resolve() knows both. */
int ord_plan_resolve(const struct ord_plan *plan, size_t fault, uint32_t rep,
		     struct ord_resolved *ret, struct ord_err *err);

/* What was resolved elsewhere: takes the place (also where it fails), counts and hashes it. */
int ord_plan_settle(const struct ord_plan *plan, size_t fault, struct ord_place *place,
		    struct ord_resolved *ret, struct ord_err *err);

/* The cluster that a run would go to, and what it says of us. Nothing secret. */
struct ord_plan_cluster {
	char context[256], name[256], server[512]; /* "": nothing is named */
	char version[64];			   /* of the API server; "": it did not say */
	struct ord_texts warnings;		   /* "insecure-skip-tls-verify: ..." */
	size_t n_rules;				   /* calls that the plan will make */
	struct ord_texts missing, lacking; /* of these not allowed: needed, and for the report */
	bool asked;			   /* else it could not be, and... */
	struct ord_err why;		   /* ...this is why */
};
void ord_plan_cluster_done(struct ord_plan_cluster *c);
/* What people, and `ordeal plan --json`, are told of it. */
void ord_plan_cluster_text(const struct ord_plan_cluster *c, FILE *out);
struct json_t *ord_plan_cluster_json(const struct ord_plan_cluster *c);

/*
 * For people. cluster: NULL where none was asked. resolved: one a fault, in the order of the spec,
 * or NULL where it was not asked for; one that could not be resolved has n_targets 0, and its
 * reason is in the same place of `why` (NULL: none).
 */
void ord_plan_text(const struct ord_plan *plan, const struct ord_plan_cluster *cluster,
		   const struct ord_resolved *resolved, const char *const *why, FILE *out);

#endif
