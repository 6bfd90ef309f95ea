/* What is asked of an injector for one fault in one place, and whether that takes root. */
#include "ordeal/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cgroup.h"

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

struct json_t *ord_holder_change(const char *lease, const struct ord_args *args)
{
	json_t *all = ord_args_to_json(args), *to = json_object_get(all, "to"),
	       *exclude = json_object_get(all, "exclude"), *request;

	request = json_pack("{s:i, s:s, s:s, s:o, s:o}", "protocol", 1, "op", "change", "lease",
			    lease, "to", to ? json_incref(to) : json_array(), "exclude",
			    exclude ? json_incref(exclude) : json_array());
	json_decref(all);
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

/* The process that the fault starts joins the target's group, a write to its list of members;
 * unless it is ours too. */
static bool may_join(const struct ord_place *place, const char *controller)
{
	struct ord_cgroup theirs = {.dir = ""}, own = {.dir = ""};
	ord_autoclose int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir = -1;
	char path[300];

	(void)snprintf(theirs.dir, sizeof theirs.dir, "%s", place->cgroup);
	if (place->n_procs) {
		(void)snprintf(path, sizeof path, "/proc/%d", (int)place->procs[0].pid);
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0)
			(void)ord_cgroup_of(dir, controller, &theirs, NULL);
	}
	if (self >= 0 && ord_cgroup_of(self, controller, &own, NULL) == 0 &&
	    !strcmp(own.dir, theirs.dir))
		return true;
	(void)snprintf(path, sizeof path, "%s/cgroup.procs", theirs.dir);
	return access(path, W_OK) == 0;
}

enum ord_program ord_holder_program(const struct ord_fault *fault, const struct ord_place *place)
{
	return place->cluster ? ORD_PROGRAM_KUBE : fault->program;
}

bool ord_holder_needs_root(const struct ord_fault *fault, const struct ord_place *place)
{
	bool grouped = (fault->targets & ORD_ON_CGROUP) && (place->n_procs || place->cgroup[0]);

	/* Through an API one is what one's credentials say. */
	if (geteuid() == 0 || ord_holder_program(fault, place) == ORD_PROGRAM_KUBE)
		return false;
	if (!ord_holder_may_run())
		return true;
	/* noop opens nothing, wherever it is pointed. */
	if (!strcmp(fault->name, "noop"))
		return false;
	if (names_cap(fault->caps, "net_admin") || names_cap(fault->caps, "sys_admin") ||
	    names_cap(fault->caps, "sys_resource"))
		return true;
	if (names_cap(fault->caps, "kill"))
		return !all_mine(place);
	return grouped && !place->host &&
	       !may_join(place, !strncmp(fault->name, "cpu", 3) ? "cpu" : "memory");
}
