#include "scheduler/monitor/read/scrapes.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/monitor/read/needs.h"
#include "scheduler/monitor/read/yaml.h"

#define INTERVAL_NS (60 * ORD_S) /* Prometheus's own default */

/* What a mapping says of it itself, or `otherwise`. */
static uint64_t interval_of(const yaml_document_t *doc, const yaml_node_t *map, uint64_t otherwise)
{
	uint64_t ns;

	if (mon_duration(mon_yaml_text_at(doc, map, "scrape_interval"), &ns) || !ns)
		return otherwise;
	return ns;
}

static int read_jobs(const yaml_document_t *doc, const yaml_node_t *list, uint64_t interval_ns,
		     struct mon_scrapes *s, struct ord_err *err)
{
	const yaml_node_item_t *from = list->data.sequence.items.start;
	const yaml_node_item_t *to = list->data.sequence.items.top;

	s->v = calloc((size_t)(to - from) + 1, sizeof *s->v);
	if (!s->v)
		return ord_fail_nomem(err);
	for (; from < to; from++) {
		const yaml_node_t *job = mon_yaml_node(doc, *from);
		const char *name = mon_yaml_text_at(doc, job, "job_name");

		if (!name)
			continue;
		s->v[s->n].job = strdup(name);
		if (!s->v[s->n].job)
			return ord_fail_nomem(err);
		s->v[s->n++].interval_ns = interval_of(doc, job, interval_ns);
	}
	return 0;
}

int mon_scrapes_parse(const char *yaml, size_t size, struct mon_scrapes *ret, struct ord_err *err)
{
	struct mon_scrapes s = {0};
	const yaml_node_t *root, *list, *files;
	yaml_document_t doc;
	uint64_t ns;
	int rc = 0;

	if (mon_yaml_parse(yaml, size, "Prometheus", &doc, err))
		return -1;
	root = mon_yaml_root(&doc);
	ns = interval_of(&doc, mon_yaml_value(&doc, root, "global"), INTERVAL_NS);
	list = mon_yaml_value(&doc, root, "scrape_configs");
	files = mon_yaml_value(&doc, root, "scrape_config_files");
	s.more = files && files->type == YAML_SEQUENCE_NODE &&
		 files->data.sequence.items.top > files->data.sequence.items.start;
	if (list && list->type == YAML_SEQUENCE_NODE)
		rc = read_jobs(&doc, list, ns, &s, err);
	yaml_document_delete(&doc);
	if (rc) {
		mon_scrapes_done(&s);
		return -1;
	}
	*ret = s;
	return 0;
}

void mon_scrapes_done(struct mon_scrapes *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].job);
	free(s->v);
	*s = (struct mon_scrapes){0};
}
