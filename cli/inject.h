/* What `ordeal inject` was asked for. */
#ifndef ORDEAL_CLI_INJECT_H
#define ORDEAL_CLI_INJECT_H

#include "cli/command.h"
#include "ordeal/fault.h"
#include "ordeal/target.h"

#define CLI_PARAM_HELP 320

/* A fault's parameters as options, and the texts that they point to. */
struct cli_fault_options {
	struct cli_option options[ORD_PARAMS_MAX + 1];
	char help[ORD_PARAMS_MAX][CLI_PARAM_HELP];
};

/* The options that name a target, those that every inject has, and --percent of faults without one
 * of their own. */
extern const struct cli_option cli_target_options[];
extern const struct cli_option cli_inject_options[];
extern const struct cli_option cli_share_option[];
extern const struct cli_option cli_cluster_options[];

/* Whether an option of cli_target_options or cli_cluster_options says something of a target that
 * the fault takes. */
bool cli_target_fits(const struct ord_fault *fault, const char *option);
/* Of what kinds of target in a cluster the option says something: ORD_ON_... */
unsigned cli_cluster_kinds(const char *option);

void cli_fault_options(const struct ord_fault *fault, struct cli_fault_options *ret);
bool cli_fault_has(const struct ord_fault *fault, const char *param);

struct cli_inject {
	struct ord_args args;
	struct ord_target target, peer; /* peer: of kind UNSET where none is named */
	struct ord_peers *peers;	/* owned: who was looked up; NULL: nobody */
	uint64_t for_ns, seed;
	size_t limit; /* of objects of a cluster; 0: as many as are chosen */
	const char *engine, *context;
	bool cut_me_off, whole_host, json, quiet;
};

/* Prints what it takes; fault: NULL for what all have in common. */
void cli_inject_help(const struct ord_fault *fault);

/* NULL: there is none of that name, and err says which is near. */
const struct ord_fault *cli_inject_fault(const char *name, struct ord_err *err);

/* --peer, of faults that take one. */
extern const struct cli_option cli_peer_option[];

/* From the options; *ret is large: not for the stack. */
int cli_inject_read(const struct cli_args *given, const struct ord_fault *fault,
		    struct cli_inject *ret, struct ord_err *err);

/* Finds its target. cluster: becomes the name of the one that it is in, "" of a machine. *ret_far:
 * becomes the injector of another machine, owned; it stays as it is where the target is elsewhere.
 */
struct ord_holder;
int cli_inject_resolve(struct cli_inject *in, struct ord_holder **ret_far, struct ord_place *ret,
		       char *cluster, size_t size, struct ord_err *err);

/* Puts the addresses of its named peers into in->args. place: its target, as found. */
int cli_inject_peers(struct cli_inject *in, const struct ord_place *place, struct ord_err *err);

/* Takes what was found of names that are followed, and tells it; true where in->args has other
 * addresses by that. */
bool cli_inject_found(struct cli_inject *in);

/* Whether all policies allow it there: why not is said. cluster: the name of the place's, or "". */
struct ord_policy;
int cli_inject_allowed(struct cli_inject *in, struct ord_policy *policy, const char *cluster,
		       struct ord_place *place, struct ord_err *err);

/* The target alone, without a fault (NULL) or of one. t is zeroed before, and ord_target_done()
 * after it. */
int cli_target_read(const struct cli_args *given, const struct ord_fault *fault,
		    struct ord_target *t, size_t *ret_limit, struct ord_err *err);

/* --via and --via-copy, of a target whose kind is there already; t->via is then the target's. */
int cli_via_read(const struct cli_args *given, struct ord_target *t, struct ord_err *err);

/* The rest of a target in a cluster, whose kind and text are there already; refuses what says
 * nothing of it. t->kube is then the target's. */
int cli_cluster_target(const struct cli_args *given, struct ord_target *t, size_t *ret_limit,
		       struct ord_err *err);

#endif
