/* The filter `cgroup`: whose packets are meant. */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/proc.h"

bool net_sender_asked(const struct inj_step *step)
{
	const struct ord_args *args = step->args;

	for (size_t i = 0; i < args->fault->n_params; i++)
		if (strcmp(args->fault->params[i].name, "cgroup") == 0)
			return args->v[i].set;
	return false;
}

/* The group of version 2 that all processes of the target are in. */
static int of_processes(const struct ord_place *place, struct ord_cgroup *ret, struct ord_err *err)
{
	for (size_t i = 0; i < place->n_procs; i++) {
		ord_autoclose int dir = ord_proc_open(place->procs[i].pid);
		struct ord_cgroup g;

		if (dir < 0)
			return ord_fail(err, ORD_SYS, "process %d of the target is gone",
					(int)place->procs[i].pid);
		if (ord_cgroup_of(dir, "", &g, err) < 0)
			return -1;
		if (i > 0 && strcmp(g.dir, ret->dir) != 0)
			return ord_fail(
				err, ORD_USAGE,
				"the target's processes are in several control groups, as '%s' "
				"and '%s': name one",
				ret->dir, g.dir);
		*ret = g;
	}
	return 0;
}

static int named(const struct inj_step *step, char dir[static ORD_CGROUP_PATH],
		 char path[static ORD_CGROUP_PATH], struct ord_err *err)
{
	const struct ord_place *place = step->place;
	const char *text = ord_arg_text(step->args, "cgroup");
	struct ord_cgroup g = {.dir = ""};

	if (strcmp(text, "target") == 0) {
		(void)snprintf(g.dir, sizeof g.dir, "%s", place->cgroup);
		if (of_processes(place, &g, err) < 0)
			return -1;
		if (!g.dir[0])
			return ord_fail(err, ORD_USAGE,
					"'target' is for a target that is in a control group, as a "
					"process, a unit, a container: name the group");
		text = g.dir;
	}
	if (ord_cgroup_unified(text, &g, path, err) < 0)
		return -1;
	memcpy(dir, g.dir, sizeof g.dir);
	return 0;
}

int net_sender(const struct inj_step *step, struct sender *ret, json_t *report, struct ord_err *err)
{
	char dir[ORD_CGROUP_PATH], file[ORD_CGROUP_PATH + 16];

	*ret = (struct sender){.seat = -1, .events = -1};
	if (!net_sender_asked(step))
		return 0;
	if (named(step, dir, ret->path, err) < 0)
		return ord_wrap(err, "cgroup");
	(void)snprintf(file, sizeof file, "%s/cgroup.events", dir);
	ret->events = open(file, O_RDONLY | O_CLOEXEC);
	if (ret->events < 0)
		return ord_fail_sys(err, "cgroup: open %s", file);
	return net_tell(
		report, "notes", err,
		"only what sockets of control group %s send, and of those below it; what the "
		"kernel sends for none of them (the answer to a SYN, resets) passes",
		dir);
}

int net_sender_explain(const struct sender *s, struct ord_err *err)
{
	if (err->sys_errno == EINVAL && sender_gone(s))
		return ord_fail(err, ORD_SYS, "control group '%s' is gone", s->path);
	return -1;
}
