#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/proc.h"
#include "injector/door/judge.h"

#define CGROUPS	   "/sys/fs/cgroup"
#define PROC_MAX   (64u << 10)
#define OTHER_FORM "a service takes /proc/PID/ns/net and what lies in /run/netns"

static bool ends_in(const char *text, size_t n, const char *suffix)
{
	size_t len = strlen(suffix);

	return n > len && memcmp(text + n - len, suffix, len) == 0;
}

/*
 * The first directory that is no slice. What lies below it is its own to arrange: a user's manager
 * (user@1000.service) can call its units what it likes, and a container its groups.
 */
bool door_unit_of(const char *path, char ret[DOOR_UNIT_MAX])
{
	for (const char *at = path; *at;) {
		size_t n;

		at += strspn(at, "/");
		n = strcspn(at, "/");
		if (!ends_in(at, n, ".slice")) {
			if (n >= DOOR_UNIT_MAX ||
			    (!ends_in(at, n, ".service") && !ends_in(at, n, ".scope")))
				return false;
			memcpy(ret, at, n);
			ret[n] = '\0';
			return true;
		}
		at += n;
	}
	return false;
}

/*
 * A line is NUMBER:CONTROLLERS:PATH, and who may make groups in some hierarchy can put anything
 * into a path: the second field is looked at, not any place of the line.
 */
bool door_unit_in(char *text, char ret[DOOR_UNIT_MAX])
{
	const char *path = NULL;
	char *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		const char *rest = l + strspn(l, "0123456789");

		if (strncmp(l, "0::", 3) == 0)
			path = l + 3;
		else if (!path && strncmp(rest, ":name=systemd:", strlen(":name=systemd:")) == 0)
			path = rest + strlen(":name=systemd:");
	}
	return path && door_unit_of(path, ret);
}

static void unit_find(int dir, char ret[DOOR_UNIT_MAX])
{
	ord_autofree char *text = NULL;

	if (ord_file_read_at(dir, "cgroup", PROC_MAX, &text, NULL, NULL) < 0 ||
	    !door_unit_in(text, ret))
		ret[0] = '\0';
}

/* The user as whom it runs in every respect: real, effective, saved, for files. Else -1. */
static uid_t user_find(int dir)
{
	ord_autofree char *text = NULL;
	unsigned id[4];
	const char *at;

	if (ord_file_read_at(dir, "status", PROC_MAX, &text, NULL, NULL) < 0)
		return (uid_t)-1;
	at = strstr(text, "\nUid:");
	if (!at || sscanf(at, "\nUid: %u %u %u %u", &id[0], &id[1], &id[2], &id[3]) != 4)
		return (uid_t)-1;
	for (int i = 1; i < 4; i++)
		if (id[i] != id[0])
			return (uid_t)-1;
	return id[0];
}

static struct door_subject *subject_add(struct door_facts *f, const char *name)
{
	struct door_subject *s = &f->v[f->n++];

	*s = (struct door_subject){.uid = (uid_t)-1, .name = name};
	return s;
}

static int proc_find(const struct ord_proc *p, struct door_facts *ret, struct ord_err *err)
{
	ord_autoclose int dir = -1;
	struct door_subject *s;
	struct ord_proc_stat st;

	if (ord_proc_guard(p->pid, err) < 0)
		return -1;
	dir = ord_proc_open(p->pid);
	if (dir < 0 || ord_proc_stat(dir, &st) < 0 || st.start != p->start)
		return ord_fail(err, ORD_USAGE, "process %ld (%s) is gone", (long)p->pid, p->comm);
	s = subject_add(ret, p->comm);
	unit_find(dir, s->unit);
	s->uid = user_find(dir);
	return 0;
}

/* "/proc/PID/ns/net" */
static pid_t netns_pid(const char *path)
{
	char *end;
	long pid;

	if (strncmp(path, "/proc/", 6) != 0 || !isdigit((unsigned char)path[6]))
		return 0;
	pid = strtol(path + 6, &end, 10);
	return strcmp(end, "/ns/net") == 0 && pid > 0 && pid <= 4194304 ? (pid_t)pid : 0;
}

/* "/run/netns/NAME", whose directory is root's */
static const char *netns_name(const char *path)
{
	static const char *const folders[] = {"/run/netns/", "/var/run/netns/"};

	for (size_t i = 0; i < ORD_COUNT(folders); i++) {
		size_t n = strlen(folders[i]);
		const char *name = path + n;

		if (strncmp(path, folders[i], n) == 0 && *name && !strchr(name, '/') &&
		    strcmp(name, "..") != 0 && strcmp(name, ".") != 0)
			return name;
	}
	return NULL;
}

static uint64_t inode(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* The inode that is pinned and the unit are of one process: both through its directory. */
static int netns_of_process(struct ord_place *place, pid_t pid, struct door_facts *ret,
			    uint64_t *ret_ino, struct ord_err *err)
{
	ord_autoclose int dir = -1;
	struct door_subject *s;

	if (ord_proc_guard(pid, err) < 0)
		return -1;
	dir = ord_proc_open(pid);
	*ret_ino = dir < 0 ? 0 : ord_proc_ns(dir, "net");
	if (!*ret_ino)
		return ord_fail(err, ORD_USAGE, "process %ld is gone", (long)pid);
	s = subject_add(ret, place->netns);
	unit_find(dir, s->unit);
	return 0;
}

static int netns_find(struct ord_place *place, struct door_facts *ret, struct ord_err *err)
{
	pid_t pid = netns_pid(place->netns);
	const char *name = netns_name(place->netns);
	uint64_t ino = 0;

	if (pid) {
		if (netns_of_process(place, pid, ret, &ino, err) < 0)
			return -1;
	} else if (name) {
		/* Cut, it might fit a rule that the whole does not. */
		if (strlen(name) >= sizeof ret->netns)
			return ord_fail(err, ORD_GUARD, "'%.80s...': a name of more than %zu bytes",
					place->netns, sizeof ret->netns - 1);
		ino = inode(place->netns);
		(void)snprintf(ret->netns, sizeof ret->netns, "%s", name);
	} else {
		return ord_fail(err, ORD_GUARD, "'%s': " OTHER_FORM, place->netns);
	}
	if (!ino || (place->netns_ino && place->netns_ino != ino))
		return ord_fail(err, ORD_USAGE,
				"'%s' is another network namespace than was resolved",
				place->netns);
	place->netns_ino = ino;
	ret->host =
		ret->host || ino == inode("/proc/self/ns/net") || ino == inode("/proc/1/ns/net");
	return 0;
}

/* A directory of a mounted hierarchy, by its real path: nobody but root arranges those of the
 * system's units. */
static int cgroup_find(struct ord_place *place, struct door_facts *ret, struct ord_err *err)
{
	ord_autoclose int dir = -1;
	char self[32], real[sizeof place->cgroup];
	const char *within = real + strlen(CGROUPS);
	struct door_subject *s;
	struct statfs fs;
	ssize_t n;

	if (strncmp(place->cgroup, CGROUPS "/", strlen(CGROUPS "/")) != 0)
		return ord_fail(err, ORD_GUARD, "'%s' does not lie below " CGROUPS, place->cgroup);
	dir = open(place->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstatfs(dir, &fs) < 0)
		return ord_fail_sys(err, "open '%s'", place->cgroup);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", dir);
	n = readlink(self, real, sizeof real - 1);
	if (n < 0)
		return ord_fail_sys(err, "read the path of '%s'", place->cgroup);
	real[n] = '\0';
	if (((unsigned long)fs.f_type != CGROUP_SUPER_MAGIC &&
	     (unsigned long)fs.f_type != CGROUP2_SUPER_MAGIC) ||
	    (size_t)n >= sizeof real - 1 || strncmp(real, CGROUPS "/", strlen(CGROUPS "/")) != 0)
		return ord_fail(err, ORD_GUARD, "'%s' is no control group", place->cgroup);
	/* Below a controller's directory, or the unified one beside them. */
	if ((unsigned long)fs.f_type == CGROUP_SUPER_MAGIC ||
	    strncmp(within, "/unified/", strlen("/unified/")) == 0)
		within += 1 + strcspn(within + 1, "/");
	memcpy(place->cgroup, real, (size_t)n + 1);
	s = subject_add(ret, place->cgroup);
	if (!door_unit_of(within, s->unit))
		s->unit[0] = '\0';
	return 0;
}

int door_facts(struct inj_request *req, struct door_facts *ret, struct ord_err *err)
{
	struct ord_place *place = &req->place;
	const struct ord_fault *fault = req->args.fault;
	bool none = strcmp(fault->name, "noop") == 0;

	/* Whoever fills a disk names one by a path, which leads anywhere. */
	*ret = (struct door_facts){.host = place->host || strcmp(fault->name, "disk.fill") == 0};
	/* noop takes every place and goes to none. */
	if (none || !(fault->targets & ORD_ON_NET)) {
		place->netns[0] = '\0';
		place->netns_ino = 0;
	} else if (!place->netns[0]) {
		ret->host = true; /* it would stay in this process's own */
	}
	if (none || !(fault->targets & ORD_ON_CGROUP))
		place->cgroup[0] = '\0';
	for (size_t i = 0; i < place->n_procs; i++)
		if (proc_find(&place->procs[i], ret, err) < 0)
			return -1;
	if (place->netns[0] && netns_find(place, ret, err) < 0)
		return -1;
	if (place->cgroup[0] && cgroup_find(place, ret, err) < 0)
		return -1;
	if (!none && !ret->host && ret->n == 0 && !ret->netns[0])
		return ord_fail(err, ORD_GUARD, "the target is nothing that could be judged");
	ret->hit = place->n_procs ? place->n_procs : 1;
	return 0;
}
