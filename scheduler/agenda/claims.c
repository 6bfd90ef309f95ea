/* What an experiment takes, and whether two of them may be the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/locks.h"

int ord_claims_of(const struct ord_spec *spec, struct ord_claims *ret, struct ord_err *err)
{
	struct ord_claims c = {.share = spec->share_targets};

	for (size_t i = 0; i < spec->n_faults; i++) {
		const struct ord_fault_spec *f = &spec->faults[i];
		struct ord_claim *claim = &c.v[c.n];

		claim->net = f->args && !strncmp(f->args->fault->name, "net.", strlen("net."));
		claim->target = f->target;
		claim->target.kube = NULL;
		claim->target.via = NULL;
		c.n++;
		if (f->target.via && ord_via_copy(f->target.via, &claim->target.via, err)) {
			ord_claims_done(&c);
			return -1;
		}
		if (!f->target.kube)
			continue;
		claim->target.kube = calloc(1, sizeof *claim->target.kube);
		if (!claim->target.kube ||
		    ord_kube_target_copy(f->target.kube, claim->target.kube, err)) {
			ord_claims_done(&c);
			return ord_fail_nomem(err);
		}
	}
	*ret = c;
	return 0;
}

void ord_claims_done(struct ord_claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		ord_target_done(&claims->v[i].target);
	*claims = (struct ord_claims){0};
}

/* Whether one of two paths lies in the other, or is it. */
static bool nested(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (n && a[n - 1] == '/')
		n--;
	while (m && b[m - 1] == '/')
		m--;
	if (strncmp(a, b, n < m ? n : m) != 0)
		return false;
	return n == m || (n < m ? b[n] : a[m]) == '/';
}

/* "/sys/fs/cgroup/x" and "x" are one. */
static const char *cgroup(const char *path)
{
	static const char root[] = "/sys/fs/cgroup/";

	return strncmp(path, root, strlen(root)) ? path : path + strlen(root);
}

static bool is_slice(const char *unit)
{
	const char *dot = strrchr(unit, '.');

	return dot && !strcmp(dot, ".slice");
}

/* Whether a text can only be an id: 64 hexadecimal digits, or as such. */
static bool is_id(const struct ord_target *t)
{
	return t->by == ORD_BY_ID ||
	       (t->by == ORD_BY_EITHER && strspn(t->text, "0123456789abcdef") == 64);
}

/* Whether it can only be a name, and the whole of it, which no container has two of. */
static bool is_name(const struct ord_target *t)
{
	return !strchr(t->text, '/') &&
	       (t->by == ORD_BY_NAME ||
		(t->by == ORD_BY_EITHER && t->text[strspn(t->text, "0123456789abcdef")]));
}

static bool containers_apart(const struct ord_target *a, const struct ord_target *b)
{
	size_t n = strlen(a->text), m = strlen(b->text);

	if (is_id(a) && is_id(b)) /* which may be cut short */
		return strncmp(a->text, b->text, n < m ? n : m) != 0;
	return is_name(a) && is_name(b) && strcmp(a->text, b->text) != 0;
}

/* Whether two targets of one kind on this machine are surely not the same. */
static bool apart_here(const struct ord_target *a, const struct ord_target *b)
{
	switch (a->kind) {
	case ORD_TARGET_PID:
		return strcmp(a->text, b->text) != 0;
	case ORD_TARGET_UNIT:
		return strcmp(a->text, b->text) != 0 && !is_slice(a->text) && !is_slice(b->text);
	case ORD_TARGET_CONTAINER:
		return containers_apart(a, b);
	case ORD_TARGET_CGROUP:
		/* An absolute path may be in a hierarchy of its own, of the same processes. */
		return *cgroup(a->text) != '/' && *cgroup(b->text) != '/' &&
		       !nested(cgroup(a->text), cgroup(b->text));
	/* One process may have two names, listen on two ports, be anywhere. */
	case ORD_TARGET_UNSET:
	case ORD_TARGET_HOST:
	case ORD_TARGET_PROCESS:
	case ORD_TARGET_LISTENING:
	case ORD_TARGET_NETNS:
	case ORD_TARGET_POD:
	case ORD_TARGET_NODE:
	case ORD_TARGET_WORKLOAD:
	case ORD_TARGET_SERVICE:
	case ORD_TARGET_OBJECT:
		break;
	}
	return false;
}

/* Whether two lists of names have surely none in common; an empty one means any. */
static bool disjoint(const struct ord_texts *a, const struct ord_texts *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			if (!strcmp(a->v[i], b->v[j]) || ord_kube_is_wild(a->v[i]) ||
			    ord_kube_is_wild(b->v[j]))
				return false;
	return a->n && b->n;
}

/* Two names of clusters may be two contexts of one. */
static bool apart_in_cluster(const struct ord_target *a, const struct ord_target *b)
{
	const struct ord_kube_filter *x = &a->kube->match, *y = &b->kube->match;

	/* Pods are on nodes; what is done to one is felt on the other. */
	if ((a->kind == ORD_TARGET_NODE) != (b->kind == ORD_TARGET_NODE))
		return false;
	if (a->kind != ORD_TARGET_NODE && disjoint(&x->namespaces, &y->namespaces))
		return true;
	if (a->kind != b->kind || a->kind == ORD_TARGET_WORKLOAD || a->kind == ORD_TARGET_OBJECT)
		return false; /* one may own the other */
	return disjoint(&x->names, &y->names);
}

static bool apart(const struct ord_claim *a, const struct ord_claim *b)
{
	bool there = ord_target_in_cluster(a->target.kind);

	/* This machine may be a node of the cluster. */
	if (there != ord_target_in_cluster(b->target.kind))
		return false;
	if (there)
		return a->target.kube && b->target.kube && apart_in_cluster(&a->target, &b->target);
	/* Two processes may share a network namespace, which faults of the network hit whole. */
	return !(a->net && b->net) && a->target.kind == b->target.kind &&
	       apart_here(&a->target, &b->target);
}

bool ord_claims_clash(const struct ord_claims *a, const struct ord_claims *b, size_t *ret_which)
{
	if (a->share && b->share)
		return false;
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			if (!apart(&a->v[i], &b->v[j])) {
				if (ret_which)
					*ret_which = j;
				return true;
			}
	return false;
}

char *ord_claim_text(const struct ord_claim *claim, char out[static ORD_CLAIM_TEXT])
{
	const struct ord_target *t = &claim->target;
	const struct ord_kube_filter *m = t->kube ? &t->kube->match : NULL;
	const char *text = m && m->names.n ? m->names.v[0] : t->text;
	const char *ns = m && m->namespaces.n ? m->namespaces.v[0] : "";

	if (m && !m->names.n)
		text = m->selector ? m->selector : m->owners.n ? m->owners.v[0] : "";
	if (t->kind == ORD_TARGET_HOST)
		text = "";
	(void)snprintf(out, ORD_CLAIM_TEXT, "%s%s%.250s%s%s", ord_target_kind_name(t->kind),
		       *text ? " " : "", text, *ns ? " in " : "", ns);
	return out;
}
