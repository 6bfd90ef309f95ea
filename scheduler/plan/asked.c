/* The cluster behind a plan, as it was asked. */
#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/plan.h"

#define SHOWN_MAX 12 /* permissions, in text */

void ord_plan_cluster_done(struct ord_plan_cluster *c)
{
	ord_texts_done(&c->warnings);
	ord_texts_done(&c->missing);
	ord_texts_done(&c->lacking);
}

static void print_list(const char *label, const struct ord_texts *t, FILE *out)
{
	for (size_t i = 0; i < t->n && i < SHOWN_MAX; i++)
		(void)fprintf(out, "  %-11s%s\n", i ? "" : label, t->v[i]);
	if (t->n > SHOWN_MAX)
		(void)fprintf(out, "  %-11sand %zu more\n", "", t->n - SHOWN_MAX);
}

static void print_rights(const struct ord_plan_cluster *c, FILE *out)
{
	(void)fprintf(out, "  rights     ");
	if (!c->asked)
		(void)fprintf(out, "not asked for");
	else if (c->missing.n)
		(void)fprintf(out,
			      "%zu of the %zu that it needs are missing: a run would be refused",
			      c->missing.n, c->n_rules);
	else
		(void)fprintf(out, "all that it needs are granted");
	(void)fprintf(out, "; `ordeal rbac` prints the least role\n");
	print_list("missing", &c->missing, out);
	print_list("lacking", &c->lacking, out);
}

void ord_plan_cluster_text(const struct ord_plan_cluster *c, FILE *out)
{
	(void)fprintf(out, "\ncluster\n");
	if (*c->server)
		(void)fprintf(out, "  context    %s\n  name       %s\n  server     %s%s%s\n",
			      c->context, c->name, c->server, *c->version ? ", " : "", c->version);
	print_list("warning", &c->warnings, out);
	if (!c->asked)
		(void)fprintf(out, "  not asked  %s\n", c->why.msg);
	if (*c->server)
		print_rights(c, out);
}

static json_t *texts(const struct ord_texts *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n; i++)
		if (json_array_append_new(list, json_string(t->v[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *ord_plan_cluster_json(const struct ord_plan_cluster *c)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o, s:b}", "context", c->context, "name",
				 c->name, "server", c->server, "version", c->version, "warnings",
				 texts(&c->warnings), "asked", c->asked);

	if (json && !c->asked)
		(void)json_object_set_new(json, "why", json_string(c->why.msg));
	else if (json)
		(void)json_object_update_new(json, json_pack("{s:I, s:o, s:o}", "rules",
							     (json_int_t)c->n_rules, "missing",
							     texts(&c->missing), "lacking",
							     texts(&c->lacking)));
	return json;
}
