/* What is asked of an injector for one fault in one place, and whether that takes root. */
#include "ordeal/run.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct json_t *ord_holder_request(const char *lease, const struct ord_args *args,
				  const struct ord_place *place, const char *engine,
				  uint64_t hold_ns, uint64_t seed, bool cut_me_off)
{
	json_t *request =
		json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:s, s:b}", "protocol", 1, "op",
			  "add", "lease", lease, "fault", args->fault->name, "args",
			  ord_args_to_json(args), "target", ord_place_to_json(place), "hold_ns",
			  (json_int_t)hold_ns, "seed", (json_int_t)(seed & INT64_MAX), "engine",
			  engine ? engine : "", "cut_me_off", cut_me_off);

	return request;
}

static bool names_cap(const char *caps, const char *cap)
{
	const char *at = strstr(caps, cap);

	return at && (at == caps || at[-1] == ' ') && (at[strlen(cap)] == ' ' || !at[strlen(cap)]);
}

static bool all_mine(const struct ord_place *place)
{

	for (size_t i = 0; i < place->n_procs; i++) {
		if (kill(place->procs[i].pid, 0) < 0 && errno == EPERM)
			return false;
	}
	return true;
}

bool ord_holder_needs_root(const struct ord_fault *fault, const struct ord_place *place)
{
	char procs[sizeof place->cgroup + 16];

	if (geteuid() == 0)
		return false;
	if (names_cap(fault->caps, "net_admin") || names_cap(fault->caps, "sys_admin"))
		return true;
	if (names_cap(fault->caps, "kill"))
		return !all_mine(place);
	/* Joining a control group is a write to its list of members. */
	if (!(fault->targets & ORD_ON_CGROUP) || place->host || !place->cgroup[0])
		return false;
	(void)snprintf(procs, sizeof procs, "%s/cgroup.procs", place->cgroup);
	return access(procs, W_OK) < 0;
}
