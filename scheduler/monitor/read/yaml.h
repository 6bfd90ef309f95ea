/* A configuration as a server tells it, looked into by libyaml. Pure. */
#ifndef ORDEAL_MONITOR_YAML_H
#define ORDEAL_MONITOR_YAML_H

#include <stddef.h>
#include <yaml.h>

#include "ordeal/err.h"

/* whose: "Alertmanager", for the message. To be deleted with yaml_document_delete(). */
int mon_yaml_parse(const char *text, size_t size, const char *whose, yaml_document_t *ret,
		   struct ord_err *err);
yaml_node_t *mon_yaml_root(const yaml_document_t *doc); /* NULL: it is empty */
yaml_node_t *mon_yaml_node(const yaml_document_t *doc, int index);
/* The value of a key; NULL: there is none, or no mapping. */
yaml_node_t *mon_yaml_value(const yaml_document_t *doc, const yaml_node_t *map, const char *key);
/* A scalar's text; NULL: it is none. */
const char *mon_yaml_text(const yaml_node_t *n);
const char *mon_yaml_text_at(const yaml_document_t *doc, const yaml_node_t *map, const char *key);

#endif
