/* The processes of a container. Who runs it is asked by a module (base/container). */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/container/container.h"
#include "base/module.h"
#include "base/proc.h"
#include "base/target_find.h"

static const char *const runtimes[] = {
	[ORD_RUNTIME_ANY] = "any",
	[ORD_RUNTIME_DOCKER] = "docker",
	[ORD_RUNTIME_PODMAN] = "podman",
	[ORD_RUNTIME_CONTAINERD] = "containerd",
};

const char *ord_runtime_name(enum ord_runtime runtime)
{
	return runtimes[runtime];
}

static int ask(const struct ord_target *t, struct container *ret, struct ord_err *err)
{
	static struct ord_module module = {
		.file = "ordeal-container.so",
		.folder = "base/container",
		.symbol = CONTAINER_SYMBOL,
		.what = "asking who runs containers",
		.size = sizeof(struct container_calls),
	};
	const struct container_calls *calls;
	void *found;

	if (ord_module_open(&module, &found, err))
		return -1;
	calls = found;
	return calls->find(t, ret, err);
}

/* 64 hexadecimal digits: Docker, Podman and CRI draw such ids at random, so nobody needs to be
 * asked whose it is. */
static bool is_whole_id(const char *text)
{
	size_t n = 0;

	while (isxdigit((unsigned char)text[n]))
		n++;
	return n == 64 && !text[n];
}

/* Of a container whose runtime did not tell: what was started first. */
static pid_t oldest(const struct ord_found *f)
{
	uint64_t first = UINT64_MAX;
	pid_t pid = 0;

	for (size_t i = 0; i < f->n; i++) {
		uint64_t start = ord_proc_start(f->v[i].pid);

		if (start && start < first) {
			first = start;
			pid = f->v[i].pid;
		}
	}
	return pid;
}

/* Without a control group of its own its PID namespace says who is in it, where that is its own. */
static int find_beside(const struct container *c, struct ord_found *ret, struct ord_err *err)
{
	ord_autoclose int dir = c->init ? ord_proc_open(c->init) : -1,
			  self = ord_proc_open(getpid());
	uint64_t ino = dir < 0 ? 0 : ord_proc_ns(dir, "pid");

	if (dir < 0)
		return 0;
	if (ino && self >= 0 && ino != ord_proc_ns(self, "pid"))
		return ord_find_space(ino, ret, err);
	return ord_found_add(ret, c->init, 0, err);
}

static int ended(const char *which, struct ord_err *err)
{
	return ord_fail(err, ORD_USAGE, "container '%.100s' has just ended", which);
}

static int find_members(const struct container *c, struct ord_found *ret, struct ord_err *err)
{
	if (ord_find_members(c->id, ret, err) || (!ret->n && find_beside(c, ret, err)))
		return -1;
	ret->init = c->init ? c->init : oldest(ret);
	if (!ret->n || !ret->init || (c->init && ord_proc_start(c->init) != c->start))
		return ended(*c->name ? c->name : c->id, err);
	return 0;
}

int ord_find_container(const struct ord_target *t, struct ord_found *ret, struct ord_err *err)
{
	struct container c = {.runtime = ORD_RUNTIME_ANY};

	if (t->runtime == ORD_RUNTIME_ANY && !*t->socket && t->by != ORD_BY_NAME &&
	    is_whole_id(t->text)) {
		if (ord_find_members(t->text, ret, err))
			return -1;
		ret->init = oldest(ret);
		if (ret->n)
			return ret->init ? 0 : ended(t->text, err);
	}
	return ask(t, &c, err) ? -1 : find_members(&c, ret, err);
}
