#include "scheduler/monitor/read/yaml.h"

#include <stdint.h>
#include <string.h>

int mon_yaml_parse(const char *text, size_t size, const char *whose, yaml_document_t *ret,
		   struct ord_err *err)
{
	yaml_parser_t parser;
	int ok;

	if (!yaml_parser_initialize(&parser))
		return ord_fail_nomem(err);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	ok = yaml_parser_load(&parser, ret);
	yaml_parser_delete(&parser);
	return ok ? 0 : ord_fail(err, ORD_SYS, "%s's configuration is no YAML", whose);
}

/* libyaml gives no way to look at a document that is const, and changes nothing here. */
static yaml_document_t *of(const yaml_document_t *doc)
{
	return (yaml_document_t *)(uintptr_t)doc;
}

yaml_node_t *mon_yaml_root(const yaml_document_t *doc)
{
	return yaml_document_get_root_node(of(doc));
}

yaml_node_t *mon_yaml_node(const yaml_document_t *doc, int index)
{
	return yaml_document_get_node(of(doc), index);
}

const char *mon_yaml_text(const yaml_node_t *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

yaml_node_t *mon_yaml_value(const yaml_document_t *doc, const yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		const char *k = mon_yaml_text(mon_yaml_node(doc, p->key));

		if (k && !strcmp(k, key))
			return mon_yaml_node(doc, p->value);
	}
	return NULL;
}

const char *mon_yaml_text_at(const yaml_document_t *doc, const yaml_node_t *map, const char *key)
{
	return mon_yaml_text(mon_yaml_value(doc, map, key));
}
