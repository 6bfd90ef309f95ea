#include "ordeal/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/check.h"
#include "scheduler/spec/document.h"

static void probe_done(struct ord_probe_spec *p)
{
	free(p->url);
	free(p->method);
	free(p->request_body);
	free(p->host);
	for (size_t i = 0; i < ORD_HEADERS_MAX; i++)
		free(p->headers[i]);
	for (size_t i = 0; i < ORD_ARGV_MAX; i++)
		free(p->argv[i]);
	if (p->kube) {
		free(p->kube->selector);
		free(p->kube->field_selector);
	}
	free(p->kube);
	free(p->prom.query);
	free(p->prom.url);
	free(p->dns.name);
	free(p->dns.server);
	free(p->dns.rcode);
	for (size_t i = 0; i < ORD_ANSWERS_MAX; i++)
		free(p->dns.addresses[i]);
	free(p->expect.body);
	free(p->expect.header_name);
	free(p->expect.header);
	free(p->expect.json_path);
	free(p->expect.json_value);
}

static void source_done(struct ord_source_spec *source)
{
	free(source->url);
	free(source->token_file);
	for (size_t i = 0; i < ORD_HEADERS_MAX; i++)
		free(source->headers[i]);
}

static void detection_done(struct ord_detection_spec *d)
{
	source_done(&d->prometheus);
	source_done(&d->alertmanager);
	free(d->webhook);
	for (size_t i = 0; i < ORD_LOGS_MAX; i++) {
		free(d->logs[i].file);
		free(d->logs[i].unit);
		free(d->logs[i].match);
	}
}

void ord_spec_done(struct ord_spec *spec)
{
	detection_done(&spec->detection);
	for (size_t i = 0; i < ORD_PROBES_MAX; i++)
		probe_done(&spec->probes[i]);
	for (size_t i = 0; i < ORD_FAULTS_MAX; i++) {
		free(spec->faults[i].args);
		ord_target_done(&spec->faults[i].target);
		ord_target_done(&spec->faults[i].peer);
	}
	for (size_t i = 0; i < ORD_LABELS_MAX; i++) {
		free(spec->labels[i].key);
		free(spec->labels[i].value);
	}
	for (size_t i = 0; i < ORD_POLICIES_MAX; i++)
		free(spec->policies[i]);
	free(spec->hypothesis);
	free(spec->sequential.objective);
	*spec = (struct ord_spec){0};
}

/* Its other keys are no mistakes: it is the wrong command that reads it. */
static const char *other_kind(const struct node *root)
{
	const struct node *kind = node_find(root, "kind");

	if (!kind || kind->kind != NODE_SCALAR)
		return NULL;
	if (!strcmp(kind->text, "GameDay"))
		return "kind 'GameDay' is no experiment; 'ordeal gameday' is for it";
	if (!strcmp(kind->text, "Schedule"))
		return "kind 'Schedule' is no experiment, but says when one of several is run: "
		       "'ordeal next' tells which and when, 'ordeal serve' runs them, and 'ordeal "
		       "run' takes the file of one";
	return NULL;
}

static void read_experiment(struct reader *r, const struct node *root, void *base)
{
	const char *other = other_kind(root);

	if (other) {
		sink_add(r->sink, node_find(root, "kind"), "%s", other);
		return;
	}
	read_map(r, &table_root, root, base);
	spec_check(r, root, base);
}

static void experiment_done(void *base)
{
	ord_spec_done(base);
}

static const struct document experiment = {
	.table = &table_root,
	.size = sizeof(struct ord_spec),
	.read = read_experiment,
	.done = experiment_done,
	.schema = "experiment",
	.title = "ordeal experiment",
};

int ord_spec_parse(const char *yaml, size_t size, const struct ord_override *set, size_t n_set,
		   struct ord_spec *ret, struct ord_mistakes *mistakes)
{
	ord_autofree struct ord_spec *spec = NULL;
	void *read;

	if (document_parse(&experiment, yaml, size, set, n_set, &read, mistakes))
		return -1;
	spec = read;
	*ret = *spec;
	return 0;
}

struct json_t *ord_spec_schema(void)
{
	return document_schema(&experiment);
}
