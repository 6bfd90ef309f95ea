#include "base/target_find.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/cgroup.h"
#include "base/file.h"
#include "base/proc.h"

#define FILE_MAX (4u << 20)

void ord_found_done(struct ord_found *f)
{
	free(f->v);
	*f = (struct ord_found){0};
}

int ord_found_add(struct ord_found *f, pid_t pid, pid_t ppid, struct ord_err *err)
{
	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 16;
		struct ord_candidate *v = realloc(f->v, room * sizeof *v);

		if (!v)
			return ord_fail_nomem(err);
		f->v = v;
		f->room = room;
	}
	f->v[f->n++] = (struct ord_candidate){.pid = pid, .ppid = ppid};
	return 0;
}

struct search {
	const char *text;
	struct ord_found *found;
	struct ord_err *err;
	char id[128]; /* of the container */
	bool several; /* another container has the same prefix */
};

/* A process that can be a target at all; adds it. Returns 1 to stop the walk with an error. */
static int add_live(struct search *s, pid_t pid, int dir)
{
	struct ord_proc_stat st;

	if (ord_proc_stat(dir, &st) || st.kernel || st.state == 'Z' || st.state == 'X')
		return 0;
	return ord_found_add(s->found, pid, st.ppid, s->err) ? 1 : 0;
}

static int each_named(void *arg, pid_t pid, int dir)
{
	struct search *s = arg;

	return ord_proc_named(dir, s->text) ? add_live(s, pid, dir) : 0;
}

int ord_find_named(const char *name, struct ord_found *ret, struct ord_err *err)
{
	struct search s = {.text = name, .found = ret, .err = err};

	if (!*name)
		return ord_fail(err, ORD_USAGE, "a process needs a name");
	if (ord_proc_walk(each_named, &s, err))
		return -1;
	if (!ret->n)
		return ord_fail(err, ORD_USAGE, "no process is named '%s'", name);
	return 0;
}

/* cgroup.procs may hold "0": processes of a pid namespace that is not ours. */
static int read_members(const char *path, struct ord_found *f, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	struct search s = {.found = f, .err = err};
	char *save = NULL;

	if (ord_file_read(path, FILE_MAX, &text, NULL, err))
		return -1;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		pid_t pid = (pid_t)strtol(l, NULL, 10);
		ord_autoclose int dir = pid > 0 ? ord_proc_open(pid) : -1;

		if (dir >= 0 && add_live(&s, pid, dir))
			return -1;
	}
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct ord_candidate *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

struct below {
	struct search s;
	size_t n; /* bytes of the group's directory */
};

/* A member of the group or of one below it. */
static int each_below(void *arg, pid_t pid, int dir)
{
	struct below *b = arg;
	struct ord_cgroup g;

	if (ord_cgroup_of(dir, b->s.text, &g, NULL) || strncmp(g.dir, b->s.found->cgroup, b->n) ||
	    (g.dir[b->n] && g.dir[b->n] != '/'))
		return 0;
	return add_live(&b->s, pid, dir);
}

int ord_find_cgroup(const char *path, struct ord_found *ret, struct ord_err *err)
{
	struct ord_cgroup g, memory;
	struct below b = {.s = {.text = "memory", .found = ret, .err = err}};
	char procs[PATH_MAX];

	if (!*path)
		return ord_fail(err, ORD_USAGE, "a control group needs a path");
	if (ord_cgroup_named(path, "memory", &g, err))
		return -1;
	(void)snprintf(ret->cgroup, sizeof ret->cgroup, "%s", g.dir);
	(void)snprintf(procs, sizeof procs, "%s/cgroup.procs", g.dir);
	b.n = strlen(g.dir);
	/* In the hierarchy that /proc/PID/cgroup is asked for, groups below count as well;
	 * elsewhere its own members. */
	if (!ord_cgroup_named("/", "memory", &memory, NULL) &&
	    !strncmp(g.dir, memory.dir, strlen(memory.dir)))
		return ord_proc_walk(each_below, &b, err) ? -1 : 0;
	if (read_members(procs, ret, err))
		return -1;
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_pid);
	return 0;
}

/* The part of a cgroup's path up to the first component that fits; 0 if none does. */
static size_t path_upto(const char *path, bool (*fits)(const char *, size_t, struct search *),
			struct search *s)
{
	for (const char *p = path; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n && fits(p, n, s))
			return (size_t)(p - path) + n;
		p += n;
	}
	return 0;
}

/* Remembers the memory (or unified) directory, cut at the component; two different ones clear it
 * for good. */
static void remember_dir(struct search *s, int dir,
			 bool (*fits)(const char *, size_t, struct search *))
{
	struct ord_cgroup g;
	size_t n;

	if (ord_cgroup_of(dir, "memory", &g, NULL))
		return;
	n = path_upto(g.dir, fits, s);
	if (!n)
		return;
	if (!s->found->cgroup[0])
		(void)snprintf(s->found->cgroup, sizeof s->found->cgroup, "%.*s", (int)n, g.dir);
}

/* Looks for the component in every hierarchy's path of the process. */
static int each_in_path(struct search *s, pid_t pid, int dir,
			bool (*fits)(const char *, size_t, struct search *))
{
	ord_autofree char *text = NULL;
	char *save = NULL;

	if (ord_file_read_at(dir, "cgroup", FILE_MAX, &text, NULL, NULL))
		return 0; /* it has ended */
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		const char *path = strchr(l, '/');

		if (!path || !path_upto(path, fits, s))
			continue;
		remember_dir(s, dir, fits);
		return add_live(s, pid, dir);
	}
	return 0;
}

static bool fits_unit(const char *p, size_t n, struct search *s)
{
	size_t len = strlen(s->text);

	if (n < len || strncmp(p, s->text, len))
		return false;
	return n == len ||
	       (!strchr(s->text, '.') && n == len + 8 && !strncmp(p + len, ".service", 8));
}

static int each_unit(void *arg, pid_t pid, int dir)
{
	return each_in_path(arg, pid, dir, fits_unit);
}

int ord_find_unit(const char *unit, struct ord_found *ret, struct ord_err *err)
{
	struct search s = {.text = unit, .found = ret, .err = err};

	if (!*unit || strchr(unit, '/'))
		return ord_fail(err, ORD_USAGE, "'%s' is not the name of a systemd unit", unit);
	if (ord_proc_walk(each_unit, &s, err))
		return -1;
	if (!ret->n)
		return ord_fail(err, ORD_USAGE, "no process runs in unit '%s'", unit);
	return 0;
}

/* "docker-ID.scope", "cri-containerd-ID.scope", "ID": the id within a component; NULL where it is
 * none. */
static const char *id_in(const char *p, size_t n, size_t *ret_n)
{
	static const char *const prefixes[] = {"docker-", "cri-containerd-", "crio-", "libpod-",
					       "nerdctl-"};

	if (n > 6 && !strncmp(p + n - 6, ".scope", 6))
		n -= 6;
	for (size_t i = 0; i < ORD_COUNT(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (n > len && !strncmp(p, prefixes[i], len)) {
			p += len;
			n -= len;
			break;
		}
	}
	if (!strncmp(p, "conmon", 6))
		return NULL; /* podman's monitor is not the container */
	*ret_n = n;
	return p;
}

static bool all_hex(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)p[i]))
			return false;
	return true;
}

/* An id, whole or its beginning: 32 or more hexadecimal digits, so that no other group's name is
 * taken for one. */
static bool fits_id(const char *p, size_t n, struct search *s)
{
	size_t len = strlen(s->text), id_n;
	const char *id = id_in(p, n, &id_n);

	if (!id || id_n < len || id_n < 32 || id_n >= sizeof s->id ||
	    strncmp(id, s->text, len) != 0 || !all_hex(id, id_n))
		return false;
	if (!s->id[0])
		(void)snprintf(s->id, sizeof s->id, "%.*s", (int)id_n, id);
	else if (strlen(s->id) != id_n || strncmp(s->id, id, id_n) != 0)
		s->several = true;
	return true;
}

static int each_with_id(void *arg, pid_t pid, int dir)
{
	return each_in_path(arg, pid, dir, fits_id);
}

int ord_find_container_id(const char *id, size_t size, char *ret, struct ord_err *err)
{
	struct ord_found found = {0};
	struct search s = {.text = id, .found = &found, .err = err};
	int r = ord_proc_walk(each_with_id, &s, err);

	ord_found_done(&found);
	if (r)
		return -1;
	if (s.several)
		return ord_fail(err, ORD_USAGE, "more than one container's id begins with '%s'",
				id);
	(void)snprintf(ret, size, "%s", s.id);
	return 0;
}

/* The id as a runtime gave it: of containerd any text. */
static bool fits_whole_id(const char *p, size_t n, struct search *s)
{
	size_t len = strlen(s->text), id_n;
	const char *id = id_in(p, n, &id_n);

	return id && id_n == len && !strncmp(id, s->text, len);
}

static int each_member(void *arg, pid_t pid, int dir)
{
	return each_in_path(arg, pid, dir, fits_whole_id);
}

int ord_find_members(const char *id, struct ord_found *ret, struct ord_err *err)
{
	struct search s = {.text = id, .found = ret, .err = err};

	return ord_proc_walk(each_member, &s, err) ? -1 : 0;
}

struct space {
	struct search s;
	uint64_t ino;
};

static int each_in_space(void *arg, pid_t pid, int dir)
{
	struct space *space = arg;

	return ord_proc_ns(dir, "pid") == space->ino ? add_live(&space->s, pid, dir) : 0;
}

int ord_find_space(uint64_t ino, struct ord_found *ret, struct ord_err *err)
{
	struct space space = {.s = {.found = ret, .err = err}, .ino = ino};

	return ord_proc_walk(each_in_space, &space, err) ? -1 : 0;
}
