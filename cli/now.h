/* What a plan would meet now: its targets, the cluster that they are in, and the alerts that are to
 * see it. Nothing is changed. */
#ifndef ORDEAL_CLI_NOW_H
#define ORDEAL_CLI_NOW_H

#include "ordeal/cluster.h"
#include "ordeal/plan.h"

struct json_t;
struct ord_peers;

struct cli_now {
	bool in_cluster; /* something of the plan is in one */
	struct ord_plan_cluster cluster;
	struct ord_resolved *resolved;	 /* owned: of the first repetition, one a fault */
	const char *why[ORD_FAULTS_MAX]; /* NULL, or why a target is not there */
	struct ord_err errors[ORD_FAULTS_MAX];
	struct json_t *checked[ORD_FAULTS_MAX];	 /* owned: of ord_run_dry(); NULL: not, for... */
	struct ord_err refused[ORD_FAULTS_MAX];	 /* ...this reason */
	struct ord_peers *peers[ORD_FAULTS_MAX]; /* owned; NULL: none is to be looked up */
	struct json_t *alerts; /* owned: of ord_monitor_rules(); NULL where nobody is to be asked */
};

/* context: of --context, or NULL. What is not there, or does not answer, is no error. */
int cli_now_look(const struct ord_plan *plan, const char *context, struct cli_now *ret,
		 struct ord_err *err);
/* Has each fault checked by who would inject it, but those in a cluster, where this is not asked.
 */
void cli_now_check(const struct ord_plan *plan, struct cli_now *now);
void cli_now_done(const struct ord_plan *plan, struct cli_now *now);

#endif
