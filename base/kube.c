/* Targets in a cluster: who owns what of them. */
#include "ordeal/kube.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/kube_filter.h"

void ord_texts_done(struct ord_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	*t = (struct ord_texts){0};
}

int ord_texts_add(struct ord_texts *t, const char *text, struct ord_err *err)
{
	char **v = realloc(t->v, (t->n + 1) * sizeof *v);

	if (!v)
		return ord_fail_nomem(err);
	t->v = v;
	v[t->n] = strdup(text);
	if (!v[t->n])
		return ord_fail_nomem(err);
	t->n++;
	return 0;
}

const struct kube_field kube_lists[KUBE_LISTS] = {
	{"names", offsetof(struct ord_kube_filter, names)},
	{"namespaces", offsetof(struct ord_kube_filter, namespaces)},
	{"owners", offsetof(struct ord_kube_filter, owners)},
	{"nodes", offsetof(struct ord_kube_filter, nodes)},
	{"zones", offsetof(struct ord_kube_filter, zones)},
	{"phases", offsetof(struct ord_kube_filter, phases)},
	{"containers", offsetof(struct ord_kube_filter, containers)},
};
const struct kube_field kube_words[KUBE_WORDS] = {
	{"selector", offsetof(struct ord_kube_filter, selector)},
	{"namespace_selector", offsetof(struct ord_kube_filter, namespace_selector)},
	{"field_selector", offsetof(struct ord_kube_filter, field_selector)},
	{"annotations", offsetof(struct ord_kube_filter, annotations)},
	{"condition", offsetof(struct ord_kube_filter, condition)},
};
const struct kube_field kube_ages[KUBE_AGES] = {
	{"older_ns", offsetof(struct ord_kube_filter, older_ns)},
	{"younger_ns", offsetof(struct ord_kube_filter, younger_ns)},
};

static void filter_done(struct ord_kube_filter *f)
{
	for (size_t i = 0; i < KUBE_LISTS; i++)
		ord_texts_done(kube_field(f, kube_lists[i].offset));
	for (size_t i = 0; i < KUBE_WORDS; i++)
		free(*(char **)kube_field(f, kube_words[i].offset));
	*f = (struct ord_kube_filter){0};
}

void ord_kube_target_done(struct ord_kube_target *t)
{
	filter_done(&t->match);
	filter_done(&t->exclude);
	*t = (struct ord_kube_target){0};
}

static void follow_free(struct ord_kube_target *t)
{
	if (t)
		ord_kube_target_done(t);
	free(t);
}

void ord_cluster_place_done(struct ord_cluster_place *p)
{
	follow_free(p->follow);
	free(p->v);
	*p = (struct ord_cluster_place){0};
}

static int filter_copy(const struct ord_kube_filter *from, struct ord_kube_filter *to,
		       struct ord_err *err)
{
	for (size_t i = 0; i < KUBE_LISTS; i++) {
		const struct ord_texts *t = kube_const_field(from, kube_lists[i].offset);

		for (size_t j = 0; j < t->n; j++)
			if (ord_texts_add(kube_field(to, kube_lists[i].offset), t->v[j], err))
				return -1;
	}
	for (size_t i = 0; i < KUBE_WORDS; i++) {
		const char *text = *(char *const *)kube_const_field(from, kube_words[i].offset);
		char **out = kube_field(to, kube_words[i].offset);

		if (text && !(*out = strdup(text)))
			return ord_fail_nomem(err);
	}
	for (size_t i = 0; i < KUBE_AGES; i++)
		*(uint64_t *)kube_field(to, kube_ages[i].offset) =
			*(const uint64_t *)kube_const_field(from, kube_ages[i].offset);
	return 0;
}

int ord_kube_target_copy(const struct ord_kube_target *from, struct ord_kube_target *ret,
			 struct ord_err *err)
{
	struct ord_kube_target t = {
		.has_exclude = from->has_exclude, .spread = from->spread, .follow = from->follow};

	memcpy(t.api_version, from->api_version, sizeof t.api_version);
	memcpy(t.kind, from->kind, sizeof t.kind);
	if (filter_copy(&from->match, &t.match, err) ||
	    filter_copy(&from->exclude, &t.exclude, err)) {
		ord_kube_target_done(&t);
		return -1;
	}
	*ret = t;
	return 0;
}

int ord_cluster_place_copy(const struct ord_cluster_place *from, struct ord_cluster_place *ret,
			   struct ord_err *err)
{
	struct ord_cluster_place p = *from;

	p.follow = NULL;
	p.v = calloc(from->n ? from->n : 1, sizeof *p.v);
	if (from->follow)
		p.follow = calloc(1, sizeof *p.follow);
	if (!p.v || (from->follow && !p.follow)) {
		ord_cluster_place_done(&p);
		return ord_fail_nomem(err);
	}
	if (from->n)
		memcpy(p.v, from->v, from->n * sizeof *p.v);
	if (from->follow && ord_kube_target_copy(from->follow, p.follow, err)) {
		ord_cluster_place_done(&p);
		return -1;
	}
	*ret = p;
	return 0;
}
