#include "scheduler/cluster/module/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static int grow(void **v, size_t *room, size_t need, size_t size, struct ord_err *err)
{
	size_t more = *room ? *room : 256;
	void *larger;

	if (need <= *room)
		return 0;
	while (more < need)
		more += more / 2;
	larger = reallocarray(*v, more, size);
	if (!larger)
		return ord_fail_nomem(err);
	*v = larger;
	*room = more;
	return 0;
}

int pool_add(struct pool *p, uint32_t kind, const struct ord_object *o, const char *group,
	     struct ord_err *err)
{
	const char *const parts[] = {o->ns, o->name, o->uid, group};
	size_t sizes[ORD_COUNT(parts)], all = 0;
	void *v = p->v, *texts = p->texts;

	for (size_t i = 0; i < ORD_COUNT(parts); i++)
		all += sizes[i] = strlen(parts[i]) + 1;
	if (grow(&v, &p->room, p->n + 1, sizeof *p->v, err))
		return -1;
	p->v = v;
	if (grow(&texts, &p->texts_room, p->used + all, 1, err))
		return -1;
	p->texts = texts;
	p->v[p->n++] = (struct pool_entry){.at = p->used, .kind = kind};
	for (size_t i = 0; i < ORD_COUNT(parts); i++) {
		memcpy(p->texts + p->used, parts[i], sizes[i]);
		p->used += sizes[i];
	}
	return 0;
}

void pool_clear(struct pool *p)
{
	p->n = p->used = 0;
}

void pool_done(struct pool *p)
{
	free(p->v);
	free(p->texts);
	*p = (struct pool){0};
}

/* The n-th text of an entry. */
static const char *part(const struct pool *p, size_t i, unsigned n)
{
	const char *text = p->texts + p->v[i].at;

	while (n--)
		text += strlen(text) + 1;
	return text;
}

/* Of entries: a's and b's texts one after the other, so that namespace decides before name. */
static int by_name(const void *a, const void *b, void *texts)
{
	const struct pool_entry *x = a, *y = b;
	const char *s = (const char *)texts + x->at, *t = (const char *)texts + y->at;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	for (unsigned i = 0; i < 3; i++) {
		int r = strcmp(s, t);

		if (r)
			return r;
		s += strlen(s) + 1;
		t += strlen(t) + 1;
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The place of a text among n sorted ones. */
static uint32_t place_of(const char *const *sorted, size_t n, const char *text)
{
	const char *const *found = bsearch(&text, sorted, n, sizeof *sorted, by_text);

	return found ? (uint32_t)(found - sorted) : 0;
}

static int number_groups(struct pool *p, struct ord_err *err)
{
	ord_autofree const char **groups = calloc(p->n ? p->n : 1, sizeof *groups);
	size_t n = 0;

	if (!groups)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < p->n; i++)
		groups[i] = part(p, i, 3);
	qsort(groups, p->n, sizeof *groups, by_text);
	for (size_t i = 0; i < p->n; i++)
		if (!n || strcmp(groups[n - 1], groups[i]) != 0)
			groups[n++] = groups[i];
	for (size_t i = 0; i < p->n; i++)
		p->v[i].group = place_of(groups, n, part(p, i, 3));
	return 0;
}

int pool_sort(struct pool *p, struct ord_err *err)
{
	if (p->n)
		qsort_r(p->v, p->n, sizeof *p->v, by_name, p->texts);
	return number_groups(p, err);
}

void pool_get(const struct pool *p, size_t i, struct ord_object *ret)
{
	*ret = p->kinds[p->v[i].kind];
	(void)snprintf(ret->ns, sizeof ret->ns, "%s", part(p, i, 0));
	(void)snprintf(ret->name, sizeof ret->name, "%s", part(p, i, 1));
	(void)snprintf(ret->uid, sizeof ret->uid, "%s", part(p, i, 2));
}

const char *pool_names(const struct pool *p, size_t size, char *out)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->n && i < 4 && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
					 part(p, i, 1));
	if (p->n > 4 && used < size)
		(void)snprintf(out + used, size - used, ", ...");
	return out;
}
