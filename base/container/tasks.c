/*
 * Containers of containerd, without its socket: each is a task below a shim, which runs in the
 * folder (bundle) of one of them and is told which it is:
 *
 *     containerd-shim-runc-v2 -namespace default -id web -address /run/containerd/containerd.sock
 *
 * A shim may serve several, as those of a pod: their bundles lie beside one another. init.pid is
 * the task's first process, config.json its OCI specification, in whose annotations nerdctl and the
 * CRI plugin keep the name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/container/ask.h"
#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"

#define FILE_MAX    (4u << 20)
#define FOLDERS_MAX 16
#define CRI	    "io.kubernetes.cri."

static const struct ord_json_limits limits = {.size = FILE_MAX, .depth = 32};

struct shim {
	char ns[128], id[CONTAINER_ID], address[ORD_SOCKET_MAX];
	int dir; /* of /proc/PID; borrowed */
};

struct walk {
	struct ask *ask;
	size_t n_shims, n_shut; /* whose folder this user may not see */
	/* Folders of bundles that were looked at: one for each of containerd's namespaces, in which
	 * every pod has a shim. */
	struct {
		dev_t dev;
		ino_t ino;
	} seen[FOLDERS_MAX];
	size_t n_seen;
};

/* The argument after each of these words. */
static bool read_arguments(int dir, struct shim *ret)
{
	ord_autofree char *text = NULL;
	size_t size;

	if (ord_file_read_at(dir, "cmdline", FILE_MAX, &text, &size, NULL) || !size)
		return false;
	for (const char *p = text, *next; p < text + size; p = next) {
		next = p + strlen(p) + 1;
		if (next >= text + size)
			break;
		if (!strcmp(p, "-namespace"))
			(void)snprintf(ret->ns, sizeof ret->ns, "%s", next);
		else if (!strcmp(p, "-id"))
			(void)snprintf(ret->id, sizeof ret->id, "%s", next);
		else if (!strcmp(p, "-address"))
			(void)snprintf(ret->address, sizeof ret->address, "%s", next);
	}
	return ret->id[0] && ret->ns[0];
}

static const char *annotation(const json_t *of, const char *key)
{
	const char *text = json_string_value(json_object_get(of, key));

	return text ? text : "";
}

/* Its name; of Kubernetes NAMESPACE/POD/NAME. */
static void read_name(int bundle, char *out, size_t size)
{
	ord_autofree char *config = NULL;
	ord_auto(json) json_t *json = NULL;
	const json_t *of;
	size_t n;

	*out = '\0';
	if (ord_file_read_at(bundle, "config.json", FILE_MAX, &config, &n, NULL) ||
	    ord_json_parse(config, n, &limits, &json, NULL))
		return;
	of = json_object_get(json, "annotations");
	if (*annotation(of, CRI "container-name"))
		(void)snprintf(out, size, "%s/%s/%s", annotation(of, CRI "sandbox-namespace"),
			       annotation(of, CRI "sandbox-name"),
			       annotation(of, CRI "container-name"));
	else
		(void)snprintf(out, size, "%s", annotation(of, "nerdctl/name"));
}

/* As much of the name as the text asks for: NAME, POD/NAME or all of it. */
static const char *end_of(const char *name, const char *text)
{
	const char *end = name + strlen(name);
	size_t slashes = 0;

	for (const char *p = text; *p; p++)
		slashes += *p == '/';
	while (end > name && (end[-1] != '/' || slashes--))
		end--;
	return end;
}

/* init.pid outlives its process until the task is deleted. */
static void look_at_task(struct ask *a, int bundle, const char *id)
{
	struct container c = {.runtime = ORD_RUNTIME_CONTAINERD};
	char pid[32];

	(void)snprintf(c.id, sizeof c.id, "%.128s", id);
	read_name(bundle, c.name, sizeof c.name);
	if (!*c.name) /* ctr's have none but their ids, which people choose */
		(void)snprintf(c.name, sizeof c.name, "%s", c.id);
	if (!ask_fits(a, c.id, end_of(c.name, a->target->text)))
		return;
	if (ord_file_peek(bundle, "init.pid", pid, sizeof pid) > 0)
		c.init = (pid_t)strtol(pid, NULL, 10);
	c.start = container_start(c.init, c.id);
	if (c.start)
		ask_found(a, &c);
	else
		ask_tell(a, "containerd: container '%.100s' does not run", c.name);
}

/* Not: it went meanwhile. */
static bool is_shut(void)
{
	return errno == EACCES || errno == EPERM;
}

static bool is_new(struct walk *w, int folder)
{
	struct stat st;

	if (fstat(folder, &st) < 0)
		return false;
	for (size_t i = 0; i < w->n_seen; i++)
		if (w->seen[i].dev == st.st_dev && w->seen[i].ino == st.st_ino)
			return false;
	if (w->n_seen < FOLDERS_MAX) {
		w->seen[w->n_seen].dev = st.st_dev;
		w->seen[w->n_seen++].ino = st.st_ino;
	}
	return true;
}

/* The bundles beside the one that the shim runs in. False: this user may not look. */
static bool look_beside(struct walk *w, const struct shim *shim)
{
	char cwd[PATH_MAX];
	ssize_t n = readlinkat(shim->dir, "cwd", cwd, sizeof cwd - 1);
	const struct dirent *e;
	bool is_first;
	DIR *all;

	if (n <= 0)
		return !is_shut();
	cwd[n] = '\0';
	if (!strrchr(cwd, '/') || strcmp(strrchr(cwd, '/') + 1, shim->id) != 0)
		return true; /* another program of that name */
	*strrchr(cwd, '/') = '\0';
	all = opendir(cwd);
	if (!all)
		return !is_shut();
	is_first = is_new(w, dirfd(all));
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is our own */
	while (is_first && (e = readdir(all))) {
		ord_autoclose int bundle =
			*e->d_name == '.' || strlen(e->d_name) >= CONTAINER_ID
				? -1
				: openat(dirfd(all), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (bundle >= 0)
			look_at_task(w->ask, bundle, e->d_name);
	}
	(void)closedir(all);
	return true;
}

static int each_shim(void *arg, pid_t pid, int dir)
{
	struct walk *w = arg;
	const char *socket = w->ask->target->socket;
	struct shim shim = {.dir = dir};
	struct container c = {.runtime = ORD_RUNTIME_CONTAINERD};
	struct ord_proc_stat s;

	(void)pid;
	if (ord_proc_stat(dir, &s) || strncmp(s.comm, "containerd-shim", 15) != 0 ||
	    !read_arguments(dir, &shim) || (*socket && strcmp(socket, shim.address) != 0))
		return 0;
	w->n_shims++;
	if (look_beside(w, &shim))
		return 0;
	/* Its arguments are for everybody to read. */
	w->n_shut++;
	(void)snprintf(c.id, sizeof c.id, "%s", shim.id);
	(void)snprintf(c.name, sizeof c.name, "%s", shim.id);
	if (ask_fits(w->ask, c.id, c.name))
		ask_found(w->ask, &c);
	return 0;
}

void ask_tasks(struct ask *a)
{
	struct walk w = {.ask = a};
	size_t before = a->n;

	if (!ask_is_wanted(a, ORD_RUNTIME_CONTAINERD) ||
	    (*a->target->socket && a->target->runtime == ORD_RUNTIME_ANY))
		return;
	(void)ord_proc_walk(each_shim, &w, NULL);
	if (a->n > before)
		return;
	if (w.n_shut) {
		a->refused = true;
		ask_tell(a, "containerd: no container has that id, and names are root's to see "
			    "(the beginning of an id, as crictl or ctr shows it, is enough)");
	} else {
		ask_tell(a, "containerd: %s",
			 w.n_shims ? "none of its containers has that id or name"
				   : "it has no container here");
	}
}
