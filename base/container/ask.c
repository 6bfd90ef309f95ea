/* All who may know the container are asked; one must know it, and only one. */
#include "base/container/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/target_find.h"

#define PATIENCE_NS (2 * ORD_S)

bool ask_is_wanted(const struct ask *a, enum ord_runtime runtime)
{
	return a->target->runtime == ORD_RUNTIME_ANY || a->target->runtime == runtime;
}

void ask_tell(struct ask *a, const char *fmt, ...)
{
	size_t left = sizeof a->why - a->used;
	va_list ap;
	int n;

	n = snprintf(a->why + a->used, left, "%s", a->used ? "; " : "");
	if (n < 0 || (size_t)n >= left)
		return;
	va_start(ap, fmt);
	n += vsnprintf(a->why + a->used + n, left - (size_t)n, fmt, ap);
	va_end(ap);
	a->used += (size_t)n < left ? (size_t)n : left - 1;
}

void ask_found(struct ask *a, const struct container *c)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->found[i].id, c->id))
			return;
	if (a->n < ASK_FOUND_MAX)
		a->found[a->n++] = *c;
	else
		a->n_more++;
}

bool ask_fits(const struct ask *a, const char *id, const char *name)
{
	const char *text = a->target->text;

	return (a->target->by != ORD_BY_NAME && !strncmp(id, text, strlen(text))) ||
	       (a->target->by != ORD_BY_ID && *name && !strcmp(name, text));
}

/* As many as there is room for, whole. */
static int several(const struct ask *a, struct ord_err *err)
{
	const size_t n = a->n + a->n_more;
	char all[320] = "", more[32] = "";
	size_t used = 0, i;
	bool pods = false;

	for (i = 0; i < a->n; i++) {
		const struct container *c = &a->found[i];
		int w = snprintf(all + used, sizeof all - used, "%s%s's '%.100s' (%.12s)",
				 i ? ", " : "", ord_runtime_name(c->runtime), c->name, c->id);

		if ((size_t)w >= sizeof all - used)
			break;
		used += (size_t)w;
		pods = pods || strchr(c->name, '/');
	}
	all[used] = '\0';
	if (i < n)
		(void)snprintf(more, sizeof more, " and %zu more", n - i);
	return ord_fail(err, ORD_USAGE, "%zu containers match '%.64s': %s%s; say which by its id%s",
			n, a->target->text, all, more,
			pods ? ", its runtime, or a pod's as NAMESPACE/POD/NAME"
			     : " or its runtime");
}

static int find(const struct ord_target *t, struct container *ret, struct ord_err *err)
{
	struct ask a = {.target = t, .deadline_ns = ord_now_ns() + PATIENCE_NS};
	struct container c = {.runtime = ORD_RUNTIME_ANY};

	ask_daemons(&a);
	ask_tasks(&a);
	/* Who runs it is not asked, or nobody that we know: its control group has its id. */
	if (!a.n && t->by != ORD_BY_NAME && !*t->socket) {
		if (ord_find_container_id(t->text, sizeof c.id, c.id, err))
			return -1;
		if (*c.id)
			ask_found(&a, &c);
	}
	if (a.n > 1)
		return several(&a, err);
	if (!a.n)
		return ord_fail(err, a.refused ? ORD_SKIP : ORD_USAGE,
				"no container '%.64s' was found: %s", t->text, a.why);
	*ret = a.found[0];
	return 0;
}

__attribute__((visibility("default"))) const struct container_calls ordeal_container_calls = {
	.size = sizeof ordeal_container_calls,
	.find = find,
};
