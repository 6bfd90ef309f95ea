#include "injector/host/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/proc.h"
#include "injector/lease/injector.h"

#define PREFIX "ordeal-" /* also keeps them from being chosen as a target */

void inj_child_name(const char *lease, char out[static 16])
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *lease; lease++)
		h = (h ^ (unsigned char)*lease) * 16777619u;
	(void)snprintf(out, 16, PREFIX "%08x", h);
}

/* Is the group in the hierarchy that this controller has on this machine? */
static bool has_controller(const struct ord_cgroup *g, const char *controller)
{
	struct ord_cgroup root;
	size_t n;

	if (ord_cgroup_named("/", controller, &root, NULL))
		return false;
	n = strlen(root.dir);
	return !strncmp(g->dir, root.dir, n) && (!g->dir[n] || g->dir[n] == '/');
}

/* Version 1 has a tree for each controller: where the named group is in another one, its first
 * member tells. */
static int group_named(const char *path, const char *controller, struct ord_cgroup *ret,
		       struct ord_err *err)
{
	struct ord_cgroup g;
	char pid[16];
	ord_autoclose int dir = -1;

	if (ord_cgroup_named(path, controller, &g, err))
		return -1;
	if (!has_controller(&g, controller)) {
		if (!ord_cgroup_get(&g, "cgroup.procs", pid, sizeof pid) && *pid)
			dir = ord_proc_open((pid_t)strtol(pid, NULL, 10));
		if (dir < 0)
			return ord_fail(err, ORD_USAGE,
					"'%s' is not a %s control group, and holds no process that "
					"would lead to one",
					g.dir, controller);
		return ord_cgroup_of(dir, controller, ret, err);
	}
	*ret = g;
	return 0;
}

/* The group of all processes alike. */
static int group_of_procs(const struct ord_place *place, const char *controller,
			  struct ord_cgroup *ret, struct ord_err *err)
{
	struct ord_cgroup g = {.dir = ""}, other;

	for (size_t i = 0; i < place->n_procs; i++) {
		ord_autoclose int dir = ord_proc_open(place->procs[i].pid);

		if (dir < 0)
			return ord_fail(err, ORD_SYS, "process %ld is gone",
					(long)place->procs[i].pid);
		if (ord_cgroup_of(dir, controller, &other, err))
			return -1;
		if (i && strcmp(g.dir, other.dir))
			return ord_fail(
				err, ORD_USAGE,
				"the processes are in different %s control groups: '%s', '%s'",
				controller, g.dir, other.dir);
		g = other;
	}
	*ret = g;
	return 0;
}

static int find_group(const struct ord_place *place, const char *controller, struct ord_cgroup *ret,
		      struct ord_err *err)
{
	if (place->cgroup[0] && (!strcmp(controller, "memory") || !place->n_procs))
		return group_named(place->cgroup, controller, ret, err);
	if (!place->n_procs)
		return ord_fail(err, ORD_USAGE,
				"the target names neither a process nor a control group");
	return group_of_procs(place, controller, ret, err);
}

/* A container that was started anew has a group of the same name. */
static int check_same(const struct ord_place *place, struct ord_err *err)
{
	struct stat st;

	if (!place->cgroup[0] || !place->cgroup_ino)
		return 0;
	if (stat(place->cgroup, &st))
		return ord_fail_sys(err, "stat '%s'", place->cgroup);
	if (st.st_ino != place->cgroup_ino)
		return ord_fail(err, ORD_USAGE,
				"control group '%s' is another than was resolved: what was in it "
				"was replaced meanwhile",
				place->cgroup);
	return 0;
}

static bool we_are_in(const struct ord_cgroup *g, const char *controller)
{
	ord_autoclose int dir = ord_proc_open(getpid());
	struct ord_cgroup own;

	return dir >= 0 && !ord_cgroup_of(dir, controller, &own, NULL) && !strcmp(own.dir, g->dir);
}

int inj_child_join(const struct ord_place *place, const char *controller, int *ret_fd,
		   struct ord_cgroup *ret_group, struct ord_err *err)
{
	ord_autoclose int dir = -1, fd = -1;
	struct ord_cgroup g = {.dir = ""};
	struct statfs fs;

	if (!place->host) {
		if (check_same(place, err) || find_group(place, controller, &g, err))
			return -1;
		if (!we_are_in(&g, controller)) {
			if (ord_cgroup_admits(&g, err))
				return -1;
			dir = open(g.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
			fd = dir < 0 ? -1 : openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
			if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS))
				return ord_fail(err, ORD_SKIP,
						"may not join control group '%s': run as root",
						g.dir);
			if (fd < 0)
				return ord_fail_sys(err, "open '%s/cgroup.procs'", g.dir);
			if (fstatfs(fd, &fs))
				return ord_fail_sys(err, "fstatfs '%s'", g.dir);
			if (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC)
				return ord_fail(err, ORD_USAGE, "'%s' is not a control group",
						g.dir);
		}
	}
	if (ret_group)
		*ret_group = g;
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

static _Noreturn void begin(const struct inj_child_how *how, pid_t parent)
{
	int keep = how->keep;

	/* Had the parent died before prctl, nobody would send the signal: look afterwards. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1);
	(void)prctl(PR_SET_NAME, how->name);
	if (how->join >= 0 && write(how->join, "0", 1) != 1) {
		atomic_store(how->failed, -errno);
		_exit(1);
	}
	/* The pipes are the holder's alone: their end must be seen when it dies. */
	if ((keep > 0 && close_range(0, (unsigned)keep - 1, 0)) ||
	    close_range((unsigned)(keep + 1), ~0u, 0)) {
		atomic_store(how->failed, errno);
		_exit(1);
	}
	how->main(how->arg);
}

int inj_child_start(struct inj_child *ret, const struct inj_child_how *how, struct ord_err *err)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid)
		begin(how, parent);
	if (pid < 0)
		return ord_fail_sys(err, "fork");
	*ret = (struct inj_child){.pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0)};
	if (ret->pidfd < 0) { /* no descriptor left: poll of -1 only waits */
		(void)ord_fail_sys(err, "pidfd_open");
		inj_child_end(ret);
		return -1;
	}
	return 0;
}

int inj_child_failed(int failed, const char *who, struct ord_err *err)
{
	errno = abs(failed);
	return ord_fail_sys(err, failed < 0 ? "%s: join the control group" : "%s", who);
}

bool inj_child_look(struct inj_child *c)
{
	if (c->pid && !c->gone && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->gone = true;
	return c->gone;
}

char *inj_child_fate(const struct inj_child *c, char out[static 48])
{
	if (WIFSIGNALED(c->status))
		(void)snprintf(out, 48, "was killed by signal %d", WTERMSIG(c->status));
	else
		(void)snprintf(out, 48, "exited with %d", WEXITSTATUS(c->status));
	return out;
}

void inj_child_end(struct inj_child *c)
{
	if (!c->pid)
		return;
	if (!c->gone) /* not reaped, so the number is its own */
		(void)syscall(SYS_tgkill, c->pid, c->pid, SIGKILL);
	while (!inj_child_look(c)) {
		struct pollfd p = {.fd = c->pidfd, .events = POLLIN};

		(void)poll(&p, 1, 100);
		inj_beat();
	}
	ord_close(&c->pidfd);
	c->pid = 0;
}

int inj_child_record(json_t *undo, const char *lease, struct ord_err *err)
{
	char name[16];

	inj_child_name(lease, name);
	return json_object_set_new(undo, "child", json_string(name)) ? ord_fail_nomem(err) : 0;
}

int inj_child_validate(const json_t *undo, struct ord_err *err)
{
	const char *name;

	if (ord_json_text(undo, "child", 15, &name, err))
		return -1;
	if (strlen(name) != 15 || strncmp(name, PREFIX, strlen(PREFIX)) ||
	    strspn(name + strlen(PREFIX), "0123456789abcdef") != 8)
		return ord_fail(err, ORD_USAGE, "'child' is not the name of a lease's child");
	return 0;
}

struct search {
	const char *name;
	json_t *left;
};

static int each(void *arg, pid_t pid, int dir)
{
	struct search *s = arg;
	struct ord_proc_stat st;
	char text[64];

	if (ord_proc_stat(dir, &st) || strcmp(st.comm, s->name) || st.state == 'Z' ||
	    st.state == 'X')
		return 0;
	(void)snprintf(text, sizeof text, "process %ld (%s) still runs", (long)pid, st.comm);
	return json_array_append_new(s->left, json_string(text)) ? 1 : 0;
}

int inj_child_residue(const json_t *undo, json_t *left, struct ord_err *err)
{
	struct search s = {.left = left};
	int r;

	if (inj_child_validate(undo, err))
		return -1;
	s.name = json_string_value(json_object_get(undo, "child"));
	r = ord_proc_walk(each, &s, err);
	return r > 0 ? ord_fail_nomem(err) : r;
}
