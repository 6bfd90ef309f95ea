/* What a question is about: each fault, where it is, and in which namespaces its targets may be. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/policy/rules/judging.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static unsigned class_of(const char *kind)
{
	static const struct {
		const char *kind;
		unsigned class;
	} all[] = {{"host", CLASS_HOST},	 {"netns", CLASS_NETNS},
		   {"pod", CLASS_POD},		 {"node", CLASS_NODE},
		   {"workload", CLASS_WORKLOAD}, {"service", CLASS_SERVICE},
		   {"object", CLASS_OBJECT}};

	for (size_t i = 0; i < ORD_COUNT(all); i++)
		if (!strcmp(all[i].kind, kind))
			return all[i].class;
	return CLASS_PROCESS;
}

static bool in_cluster(const struct subject *s)
{
	return s->class & (CLASS_POD | CLASS_NODE | CLASS_WORKLOAD | CLASS_SERVICE | CLASS_OBJECT);
}

/* What is not known is in no environment. */
static bool any_matches(const struct patterns *p, const char *value)
{
	return *value && patterns_take(p, value);
}

static void find_environments(const struct judging *j, struct subject *s)
{
	const json_t *cluster = json_object_get(j->question, "cluster");

	for (size_t i = 0; i < j->rules->n_environments; i++) {
		const struct environment *e = &j->rules->environments[i];

		if (in_cluster(s))
			s->in[i] = any_matches(&e->clusters, text_of(cluster, "context")) ||
				   any_matches(&e->clusters, text_of(cluster, "name")) ||
				   any_matches(&e->servers, text_of(cluster, "server"));
		else
			s->in[i] = any_matches(&e->hosts, text_of(j->question, "host"));
	}
}

char *subject_where(const struct judging *j, const struct subject *s, char out[static WORDS_MAX])
{
	const json_t *cluster = json_object_get(j->question, "cluster");
	size_t n = 0;

	for (size_t i = 0; i < j->rules->n_environments && n < WORDS_MAX; i++)
		if (s->in[i])
			n += (size_t)snprintf(out + n, WORDS_MAX - n, "%s%s",
					      n ? ", " : "environment ",
					      j->rules->environments[i].name);
	if (!n && in_cluster(s))
		(void)snprintf(out, WORDS_MAX, "no environment (cluster '%.60s', %.100s)",
			       text_of(cluster, "name"), text_of(cluster, "server"));
	else if (!n)
		(void)snprintf(out, WORDS_MAX, "no environment (host '%.64s')",
			       text_of(j->question, "host"));
	return out;
}

static const json_t *resolved_of(const struct judging *j, const char *name)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(j->question, "targets"), i, entry)
		if (!strcmp(text_of(entry, "fault"), name))
			return entry;
	return NULL;
}

static int add(json_t *set, const char *ns)
{
	return ns && *ns ? json_object_set_new(set, ns, json_true()) : 0;
}

/*
 * As written, and as found: what is written may come to mean others while the run lasts. A choice
 * by the namespaces' labels may mean any.
 */
static int namespaces_of(const struct subject *s, json_t *set)
{
	const json_t *match = json_object_get(json_object_get(s->target, "in_cluster"), "match"),
		     *objects = json_object_get(
			     json_object_get(json_object_get(s->resolved, "place"), "cluster"),
			     "objects"),
		     *one;
	bool named = json_array_size(json_object_get(match, "namespaces"));
	size_t i;
	int r = 0;

	if (!in_cluster(s) || s->class & CLASS_NODE)
		return 0;
	json_array_foreach (json_object_get(match, "namespaces"), i, one)
		r |= add(set, json_string_value(one));
	json_array_foreach (objects, i, one)
		r |= add(set, json_string_value(json_array_get(one, 2)));
	if (!named && (json_object_get(match, "namespace_selector") || !json_array_size(objects)))
		r |= add(set, "*");
	return r;
}

static int fault_each(struct judging *j, const json_t *fault,
		      void (*each)(struct judging *j, const struct subject *s), struct ord_err *err)
{
	ord_auto(json) json_t *set = json_object();
	struct subject s = {.fault = fault,
			    .target = json_object_get(fault, "target"),
			    .name = text_of(fault, "name"),
			    .what = text_of(fault, "fault")};
	const char *ns;
	json_t *ignored;

	if (!*s.what || !*text_of(s.target, "kind"))
		return ord_fail(err, ORD_USAGE, "the plan has a fault without a name or a target");
	s.class = class_of(text_of(s.target, "kind"));
	s.resolved = resolved_of(j, s.name);
	find_environments(j, &s);
	if (!set || namespaces_of(&s, set))
		return ord_fail_nomem(err);
	if (!json_object_size(set))
		each(j, &s);
	json_object_foreach (set, ns, ignored) {
		s.ns = ns;
		each(j, &s);
	}
	return 0;
}

int subjects_each(struct judging *j, void (*each)(struct judging *j, const struct subject *s),
		  struct ord_err *err)
{
	const json_t *faults = json_object_get(j->plan, "faults"), *fault;
	size_t i;

	if (!json_array_size(faults))
		return ord_fail(err, ORD_USAGE, "the plan has no faults");
	json_array_foreach (faults, i, fault)
		if (fault_each(j, fault, each, err))
			return -1;
	return j->no_memory ? ord_fail_nomem(err) : 0;
}
