#include "base/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"

#define MOUNTS_MAX 32
#define FILE_MAX   (4u << 20)

struct hierarchy {
	char point[128];      /* where it is mounted */
	char root[128];	      /* what of it is seen there; "/" but in some containers */
	char controllers[64]; /* "cpu,cpuacct", "name=systemd"; "" for version 2 */
};

/* Is word one of the comma-separated ones? */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && !strncmp(p, word, n))
			return true;
	return false;
}

/* One line of mountinfo: id parent dev root point options [optional...] - type source super */
static bool read_mount(const char *line, struct hierarchy *h)
{
	const char *dash = strstr(line, " - ");
	char type[16], super[128];

	if (!dash || sscanf(dash + 3, "%15s %*s %127s", type, super) != 2 ||
	    strncmp(type, "cgroup", 6))
		return false;
	if (sscanf(line, "%*s %*s %*s %127s %127s", h->root, h->point) != 2)
		return false;
	h->controllers[0] = '\0';
	if (!strcmp(type, "cgroup"))
		(void)snprintf(h->controllers, sizeof h->controllers, "%.63s", super);
	return true;
}

static int read_mounts(struct hierarchy *v, size_t *ret_n, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	char *save = NULL;
	size_t n = 0;

	if (ord_file_read("/proc/self/mountinfo", FILE_MAX, &text, NULL, err))
		return -1;
	for (char *l = strtok_r(text, "\n", &save); l && n < MOUNTS_MAX;
	     l = strtok_r(NULL, "\n", &save))
		n += read_mount(l, &v[n]);
	*ret_n = n;
	return 0;
}

/* The hierarchy of a controller: version 1 where it has it, since a controller is in one place
 * only. */
static const struct hierarchy *pick(const struct hierarchy *v, size_t n, const char *controller)
{
	const struct hierarchy *unified = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!v[i].controllers[0])
			unified = unified ? unified : &v[i];
		else if (has_word(v[i].controllers, controller))
			return &v[i];
	}
	return unified;
}

static int join(const struct hierarchy *h, const char *path, struct ord_cgroup *ret,
		struct ord_err *err)
{
	size_t root = strcmp(h->root, "/") ? strlen(h->root) : 0;
	int n;

	if (strstr(path, "/.."))
		return ord_fail(err, ORD_SKIP,
				"its control group '%s' lies outside of this cgroup namespace",
				path);
	if (root && !strncmp(path, h->root, root))
		path += root;
	if (!strcmp(path, "/"))
		path = "";
	n = snprintf(ret->dir, sizeof ret->dir, "%s%s", h->point, path);
	if (n < 0 || (size_t)n >= sizeof ret->dir)
		return ord_fail(err, ORD_SKIP, "the path of control group '%.64s...' is too long",
				path);
	ret->v2 = !h->controllers[0];
	return 0;
}

/* The path after "N:controllers:" of the line for this hierarchy; NULL if there is none. Cuts text
 * up. */
static const char *path_in(char *text, const char *controller, bool v2)
{
	char *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *list = strchr(l, ':'), *path = list ? strchr(list + 1, ':') : NULL;

		if (!path)
			continue;
		*path = '\0';
		if (v2 ? !list[1] : has_word(list + 1, controller))
			return path + 1;
	}
	return NULL;
}

int ord_cgroup_of(int dir, const char *controller, struct ord_cgroup *ret, struct ord_err *err)
{
	struct hierarchy mounts[MOUNTS_MAX];
	const struct hierarchy *h;
	ord_autofree char *text = NULL;
	const char *path;
	size_t n;

	if (read_mounts(mounts, &n, err))
		return -1;
	h = pick(mounts, n, controller);
	if (!h)
		return ord_fail(err, ORD_SKIP, "no cgroup hierarchy is mounted for '%s'",
				controller);
	if (ord_file_read_at(dir, "cgroup", FILE_MAX, &text, NULL, err))
		return -1;
	path = path_in(text, controller, !h->controllers[0]);
	if (!path)
		return ord_fail(err, ORD_SKIP, "the process is in no control group for '%s'",
				controller);
	return join(h, path, ret, err);
}

static bool is_group(const char *path)
{
	ord_autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	return dir >= 0 && !fstatat(dir, "cgroup.procs", &st, 0) && S_ISREG(st.st_mode);
}

/* The same path in the controller's hierarchy, where the text is an absolute one below another
 * hierarchy. */
static const char *within(const struct hierarchy *v, size_t n, const char *text,
			  const struct hierarchy **ret)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(v[i].point);

		if (!strncmp(text, v[i].point, len) && (text[len] == '/' || !text[len])) {
			*ret = &v[i];
			return text + len;
		}
	}
	return NULL;
}

int ord_cgroup_named(const char *text, const char *controller, struct ord_cgroup *ret,
		     struct ord_err *err)
{
	struct hierarchy mounts[MOUNTS_MAX];
	const struct hierarchy *given = NULL, *best;
	const char *path = text;
	char dir[PATH_MAX];
	size_t n;

	if (read_mounts(mounts, &n, err))
		return -1;
	if (strstr(text, "..") || strlen(text) >= sizeof ret->dir)
		return ord_fail(err, ORD_USAGE, "'%.64s' is not a path of a control group", text);
	if (!strncmp(text, "/sys/", 5)) {
		path = within(mounts, n, text, &given);
		if (!path)
			return ord_fail(err, ORD_USAGE,
					"'%s' lies below no mounted cgroup hierarchy", text);
	}
	best = pick(mounts, n, controller);
	for (size_t i = 0; i <= n; i++) {
		/* First the controller's own, then the one that was given, then whichever has such
		 * a path. */
		const struct hierarchy *h = i ? given ? given : &mounts[i - 1] : best;

		if (!h)
			continue;
		(void)snprintf(dir, sizeof dir, "%s%s%s", h->point,
			       *path == '/' || !*path ? "" : "/", path);
		if (is_group(dir) && strlen(dir) < sizeof ret->dir) {
			(void)snprintf(ret->dir, sizeof ret->dir, "%.255s", dir);
			for (size_t end = strlen(ret->dir); end > 1 && ret->dir[end - 1] == '/';
			     end--)
				ret->dir[end - 1] = '\0';
			ret->v2 = !h->controllers[0];
			return 0;
		}
	}
	return ord_fail(err, ORD_USAGE, "there is no control group '%s'", text);
}

/* Does a path have ".." for one of its parts? */
static bool climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p++)
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

/* The part of the text within the hierarchy, without slashes around it. */
static int within_unified(const char *text, const char *rest, const struct hierarchy *h,
			  size_t size, char *out, struct ord_err *err)
{
	size_t n;

	rest += strspn(rest, "/");
	n = strlen(rest);
	while (n && rest[n - 1] == '/')
		n--;
	if (climbs(rest) || n >= size)
		return ord_fail(
			err, ORD_USAGE,
			"'%.64s' is no path of a control group: say it from %s on, without '..'",
			text, h->point);
	if (n == 0)
		return ord_fail(err, ORD_USAGE,
				"'%s' is the root of all control groups: name one below %s", text,
				h->point);
	(void)snprintf(out, size, "%.*s", (int)n, rest);
	return 0;
}

int ord_cgroup_unified(const char *text, struct ord_cgroup *ret, char path[static ORD_CGROUP_PATH],
		       struct ord_err *err)
{
	struct hierarchy mounts[MOUNTS_MAX];
	const struct hierarchy *given = NULL, *h;
	char rest[ORD_CGROUP_PATH], dir[PATH_MAX], whole[PATH_MAX];
	const char *below;
	size_t n;

	if (read_mounts(mounts, &n, err))
		return -1;
	h = pick(mounts, n, "");
	if (!h || strstr(h->root, ".."))
		return ord_fail(
			err, ORD_SKIP,
			"control groups of version 2, which alone know senders, are not mounted "
			"here");
	below = within(mounts, n, text, &given);
	if (given && given->controllers[0])
		return ord_fail(
			err, ORD_USAGE,
			"'%s' is a control group of version 1 (%s), which knows no senders: name "
			"one of version 2, below %s",
			text, given->controllers, h->point);
	if (!given && !strncmp(text, "/sys/", 5))
		return ord_fail(
			err, ORD_USAGE,
			"'%s' does not lie below %s, where the control groups of version 2 are",
			text, h->point);
	h = given ? given : h;
	if (within_unified(text, below ? below : text, h, sizeof rest, rest, err))
		return -1;
	(void)snprintf(dir, sizeof dir, "%s/%s", h->point, rest);
	(void)snprintf(whole, sizeof whole, "%s/%s", strcmp(h->root, "/") ? h->root : "", rest);
	if (!is_group(dir))
		return ord_fail(err, ORD_USAGE,
				"there is no control group '%s': a path below %s is needed, as "
				"/proc/PID/cgroup has it after '0::'",
				dir, h->point);
	if (strlen(dir) >= sizeof ret->dir || strlen(whole) >= ORD_CGROUP_PATH)
		return ord_fail(err, ORD_USAGE, "the path '%.64s...' is too long", dir);
	*ret = (struct ord_cgroup){.v2 = true};
	memcpy(ret->dir, dir, strlen(dir) + 1);
	memcpy(path, whole, strlen(whole) + 1);
	return 0;
}

int ord_cgroup_get(const struct ord_cgroup *g, const char *file, char *out, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof path, "%s/%s", g->dir, file);
	n = ord_file_peek(AT_FDCWD, path, out, size);
	if (n < 0)
		return -1;
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

/* "populated 1", "frozen 1" of cgroup.events. */
static bool has_event(const struct ord_cgroup *g, const char *event)
{
	char path[PATH_MAX], text[256];

	(void)snprintf(path, sizeof path, "%s/cgroup.events", g->dir);
	return ord_file_peek(AT_FDCWD, path, text, sizeof text) > 0 && strstr(text, event);
}

/* The first of its children with a process in it or below. */
static bool populated_child(const struct ord_cgroup *g, struct ord_cgroup *ret)
{
	DIR *dir = opendir(g->dir);
	struct ord_cgroup child = {.v2 = true};
	struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir))) {
		int n = snprintf(child.dir, sizeof child.dir, "%s/%s", g->dir, e->d_name);

		found = e->d_name[0] != '.' && n > 0 && (size_t)n < sizeof child.dir &&
			has_event(&child, "populated 1");
	}
	if (dir)
		(void)closedir(dir);
	if (found)
		*ret = child;
	return found;
}

int ord_cgroup_admits(const struct ord_cgroup *g, struct ord_err *err)
{
	char type[32], control[256], member[16];
	struct ord_cgroup below = *g;

	if (!g->v2 || ord_cgroup_get(g, "cgroup.type", type, sizeof type))
		return 0; /* version 1, or the root */
	if (!strcmp(type, "domain invalid"))
		return ord_fail(
			err, ORD_USAGE,
			"control group '%s' can hold no process: it lies below a threaded one "
			"and is not threaded itself",
			g->dir);
	if (has_event(g, "frozen 1"))
		return ord_fail(err, ORD_USAGE,
				"control group '%s' is frozen: nothing in it would run", g->dir);
	if (strcmp(type, "domain") ||
	    ord_cgroup_get(g, "cgroup.subtree_control", control, sizeof control) || !*control)
		return 0;
	while (!ord_cgroup_get(&below, "cgroup.procs", member, sizeof member) && !*member)
		if (!populated_child(&below, &below))
			return 0; /* nobody anywhere: the kernel may allow it */
	if (!strcmp(below.dir, g->dir))
		return 0;
	return ord_fail(
		err, ORD_USAGE,
		"no process may be in control group '%s' itself: it divides %s among the groups "
		"below it (version 2); name one of those, as '%s'",
		g->dir, control, below.dir);
}
