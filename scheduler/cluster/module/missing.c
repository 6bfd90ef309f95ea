#include "scheduler/cluster/module/missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/fault.h"

#define NAMES_MAX 5000 /* read, to find one that is near */
#define SHOWN_MAX 8

static int keep_name(void *arg, const json_t *item, struct ord_err *err)
{
	struct ord_texts *names = arg;
	const char *name =
		json_string_value(json_object_get(json_object_get(item, "metadata"), "name"));

	if (names->n == NAMES_MAX)
		return ord_fail(err, ORD_SYS, "enough");
	return name ? ord_texts_add(names, name, err) : 0;
}

static void join(const struct ord_texts *names, size_t size, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < names->n && i < SHOWN_MAX && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
					 names->v[i]);
	if (names->n > SHOWN_MAX && used < size)
		(void)snprintf(out + used, size - used, ", ...");
}

static int fail_name(const struct missing *m, const char *kind, const char *name, const char *ns,
		     const struct ord_texts *there, struct ord_err *err)
{
	const char *near = ord_nearest(name, (const char *const *)there->v, there->n);
	char others[240] = "";

	if (near)
		(void)snprintf(others, sizeof others, "; did you mean '%.200s'?", near);
	else if (there->n) {
		(void)snprintf(others, sizeof others, "; there %s ", there->n == 1 ? "is" : "are");
		join(there, sizeof others - strlen(others), others + strlen(others));
	}
	return ord_fail(err, ORD_USAGE, "no %s matches: there is no %s '%.80s'%s%s%s", m->what,
			kind, name, ns ? " in namespace " : "", ns ? ns : "", others);
}

/* 1: it is not there, and err says so. 0: it is, or that cannot be said. */
static int look_for(const struct missing *m, const char *version, const char *kind, const char *ns,
		    const char *name, const char *word, struct ord_err *err)
{
	struct ord_object o = {0};
	struct kube_set set = {.ns = ns, .metadata_only = true};
	struct ord_texts there = {0};
	struct ord_err ignored;
	json_t *object = NULL;
	int status = 0;

	(void)snprintf(o.api_version, sizeof o.api_version, "%s", version);
	(void)snprintf(o.kind, sizeof o.kind, "%s", kind);
	(void)snprintf(o.ns, sizeof o.ns, "%s", ns ? ns : "");
	(void)snprintf(o.name, sizeof o.name, "%s", name);
	if (!kube_get(m->kube, &o, m->deadline_ns, &object, &status, &ignored)) {
		json_decref(object);
		return 0;
	}
	if (status != 404)
		return 0;
	if (!kube_kind_find(m->kube, version, kind, m->deadline_ns, &set.kind, &ignored))
		(void)kube_list(m->kube, &set, keep_name, &there, m->deadline_ns, NULL, &ignored);
	(void)fail_name(m, word, name, ns, &there, err);
	ord_texts_done(&there);
	return 1;
}

/* The first literal of the list that is not there. */
static int look_for_each(const struct missing *m, const struct ord_texts *names, const char *kind,
			 const char *word, struct ord_err *err)
{
	for (size_t i = 0; i < names->n; i++)
		if (!ord_kube_is_wild(names->v[i]) &&
		    look_for(m, "v1", kind, NULL, names->v[i], word, err))
			return 1;
	return 0;
}

/* Only where it is plain where the object would be: one kind, one namespace, one name. */
static int look_for_itself(const struct missing *m, struct ord_err *err)
{
	const struct ord_texts *ns = &m->f->namespaces;

	if (m->n_kinds != 1 || m->f->names.n != 1 || ord_kube_is_wild(m->f->names.v[0]) ||
	    ns->n > 1 || (ns->n && ord_kube_is_wild(ns->v[0])) || m->f->namespace_selector)
		return 0;
	return look_for(m, m->kinds[0].api_version, m->kinds[0].kind, ns->n ? ns->v[0] : NULL,
			m->f->names.v[0], m->kinds[0].kind, err);
}

bool missing_tell(const struct missing *m, struct ord_err *err)
{
	return look_for_each(m, &m->f->namespaces, "Namespace", "namespace", err) ||
	       look_for_each(m, &m->f->nodes, "Node", "node", err) || look_for_itself(m, err);
}
