#include "ordeal/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/check.h"
#include "scheduler/spec/override.h"
#include "scheduler/spec/table.h"

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

static void read_root(struct reader *r, const struct node *root, struct ord_spec *spec)
{
	const struct node *kind = root->kind == NODE_MAP ? node_find(root, "kind") : NULL;

	/* Its other keys are no mistakes: it is the wrong command that reads it. */
	if (kind && kind->kind == NODE_SCALAR && !strcmp(kind->text, "GameDay")) {
		sink_add(r->sink, kind,
			 "kind 'GameDay' is no experiment; 'ordeal gameday' is for it");
		return;
	}
	if (kind && kind->kind == NODE_SCALAR && !strcmp(kind->text, "Schedule")) {
		sink_add(
			r->sink, kind,
			"kind 'Schedule' is no experiment, but says when one of several is run: "
			"'ordeal next' tells which and when, 'ordeal serve' runs them, and 'ordeal "
			"run' takes the file of one");
		return;
	}
	if (root->kind != NODE_MAP) {
		char shown[NODE_SHOWN];

		sink_add(r->sink, root,
			 "an experiment is a map that starts with 'apiVersion: ordeal.dev/v1', not "
			 "%s",
			 node_show(root, shown));
		return;
	}
	read_map(r, &table_root, root, spec);
	spec_check(r, root, spec);
}

int ord_spec_parse(const char *yaml, size_t size, const struct ord_override *set, size_t n_set,
		   struct ord_spec *ret, struct ord_mistakes *mistakes)
{
	struct sink sink = {0};
	struct tree tree = {0};
	struct reader r = {.tree = &tree, .sink = &sink};
	struct ord_spec *spec = calloc(1, sizeof *spec);
	bool good;

	tree.root = tree_read(&tree, yaml, size, NULL, &sink);
	for (size_t i = 0; tree.root && i < n_set; i++)
		tree.root = override_apply(&r, tree.root, &set[i]);
	if (tree.root && spec)
		read_root(&r, tree.root, spec);
	if (!spec || tree.no_memory || r.no_memory)
		sink_place(&sink, 0, 0, "out of memory");
	good = spec && tree.root && !sink.n_errors && !tree.no_memory && !r.no_memory;
	if (good)
		*ret = *spec;
	else if (spec)
		ord_spec_done(spec);
	free(spec);
	tree_done(&tree);
	sink_hand_out(&sink, mistakes);
	return good ? 0 : -1;
}
