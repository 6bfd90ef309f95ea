/* The types of all fields of a kubeconfig that we know; what we do not know is passed over, as
 * kubectl does. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "kube/config_file.h"

enum type {
	TEXT,
	FLAG,
	TEXTS,	/* a list of texts */
	ENV,	/* a list of {name, value} */
	LISTED, /* a list of {name, extension} */
	MAP,
};

struct field {
	const char *key;
	enum type type;
};

static const struct field cluster_fields[] = {
	{"server", TEXT},
	{"tls-server-name", TEXT},
	{"insecure-skip-tls-verify", FLAG},
	{"certificate-authority", TEXT},
	{"certificate-authority-data", TEXT},
	{"proxy-url", TEXT},
	{"disable-compression", FLAG},
	{"extensions", LISTED},
};

static const struct field user_fields[] = {
	{"client-certificate", TEXT},
	{"client-certificate-data", TEXT},
	{"client-key", TEXT},
	{"client-key-data", TEXT},
	{"token", TEXT},
	{"tokenFile", TEXT},
	{"as", TEXT},
	{"as-uid", TEXT},
	{"as-groups", TEXTS},
	{"as-user-extra", MAP},
	{"username", TEXT},
	{"password", TEXT},
	{"auth-provider", MAP},
	{"exec", MAP},
};

static const struct field context_fields[] = {
	{"cluster", TEXT},
	{"user", TEXT},
	{"namespace", TEXT},
};

static const struct field exec_fields[] = {
	{"command", TEXT},	   {"args", TEXTS},	  {"env", ENV},
	{"apiVersion", TEXT},	   {"installHint", TEXT}, {"provideClusterInfo", FLAG},
	{"interactiveMode", TEXT},
};

/* What stands there, without quoting it: it may be a secret. */
static const char *kind_of(const yaml_node_t *node)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return "a list";
	if (node->type == YAML_MAPPING_NODE)
		return "a map";
	switch (cfg_scalar(node)) {
	case CFG_STRING:
		return "a text";
	case CFG_NULL:
		return "nothing";
	case CFG_BOOL:
		return "true or false";
	case CFG_NUMBER:
		break;
	}
	return "a number";
}

static int check_text(const struct cfg_file *f, const yaml_node_t *node, const char *key,
		      struct ord_err *err)
{
	if (node->type == YAML_SCALAR_NODE && cfg_scalar(node) == CFG_STRING &&
	    strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
		return cfg_mistake(err, f, node, "%s holds a NUL character", key);
	if (node->type == YAML_SCALAR_NODE && cfg_scalar(node) == CFG_STRING)
		return 0;
	return cfg_mistake(err, f, node, "%s must be text, not %s%s", key, kind_of(node),
			   node->type == YAML_SCALAR_NODE ? "; quote it to make it text" : "");
}

static int check_list(const struct cfg_file *f, const yaml_node_t *node, const struct field *field,
		      struct ord_err *err)
{
	const yaml_node_t *item;

	if (node->type != YAML_SEQUENCE_NODE)
		return cfg_mistake(err, f, node, "%s must be a list, not %s", field->key,
				   kind_of(node));
	for (size_t i = 0; (item = cfg_item(f, node, i)); i++) {
		const yaml_node_t *name, *value;

		if (field->type == TEXTS) {
			if (check_text(f, item, field->key, err))
				return -1;
			continue;
		}
		if (item->type != YAML_MAPPING_NODE)
			return cfg_mistake(err, f, item, "an entry of %s must be a map, not %s",
					   field->key, kind_of(item));
		name = cfg_get(f, item, "name");
		value = field->type == ENV ? cfg_get(f, item, "value") : NULL;
		if ((name && check_text(f, name, "name", err)) ||
		    (value && check_text(f, value, "value", err)))
			return -1;
	}
	return 0;
}

static int check_field(const struct cfg_file *f, const yaml_node_t *node, const struct field *field,
		       struct ord_err *err)
{
	switch (field->type) {
	case TEXT:
		return check_text(f, node, field->key, err);
	case FLAG:
		if (node->type == YAML_SCALAR_NODE && cfg_scalar(node) == CFG_BOOL)
			return 0;
		return cfg_mistake(err, f, node, "%s must be true or false, not %s", field->key,
				   kind_of(node));
	case TEXTS:
	case ENV:
	case LISTED:
		return check_list(f, node, field, err);
	case MAP:
		break;
	}
	if (node->type == YAML_MAPPING_NODE)
		return 0;
	return cfg_mistake(err, f, node, "%s must be a map, not %s", field->key, kind_of(node));
}

static int check_fields(const struct cfg_file *f, const yaml_node_t *map,
			const struct field *fields, size_t n, struct ord_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *node = cfg_get(f, map, fields[i].key);

		if (node && check_field(f, node, &fields[i], err))
			return -1;
	}
	return 0;
}

struct table {
	const char *list, *inner;
	const struct field *fields;
	size_t n;
};

static int check_entry(const struct cfg_file *f, const yaml_node_t *entry, const struct table *t,
		       struct ord_err *err)
{
	const yaml_node_t *name, *inner, *exec, *seen;
	yaml_node_t *ignored, *first;

	if (entry->type != YAML_MAPPING_NODE)
		return cfg_mistake(err, f, entry, "an entry of %s must be a map, not %s", t->list,
				   kind_of(entry));
	name = cfg_get(f, entry, "name");
	if (name && check_text(f, name, "name", err))
		return -1;
	if (cfg_text(f, entry, "name") &&
	    cfg_entry(f, t->list, t->inner, cfg_text(f, entry, "name"), &ignored, &first) &&
	    first != entry) {
		seen = cfg_get(f, first, "name");
		return cfg_mistake(err, f, name, "the name '%.100s' stands in %s twice (line %zu)",
				   cfg_text(f, entry, "name"), t->list, seen->start_mark.line + 1);
	}
	inner = cfg_get(f, entry, t->inner);
	if (!inner)
		return 0;
	if (inner->type != YAML_MAPPING_NODE)
		return cfg_mistake(err, f, inner, "%s must be a map, not %s", t->inner,
				   kind_of(inner));
	if (check_fields(f, inner, t->fields, t->n, err))
		return -1;
	exec = cfg_get(f, inner, "exec");
	return exec && t->fields == user_fields
		       ? check_fields(f, exec, exec_fields, ORD_COUNT(exec_fields), err)
		       : 0;
}

static int check_list_of(const struct cfg_file *f, const struct table *t, struct ord_err *err)
{
	const yaml_node_t *list = cfg_get(f, cfg_root(f), t->list), *entry;

	if (!list)
		return 0;
	if (list->type != YAML_SEQUENCE_NODE)
		return cfg_mistake(err, f, list, "%s must be a list, not %s", t->list,
				   kind_of(list));
	for (size_t i = 0; (entry = cfg_item(f, list, i)); i++)
		if (check_entry(f, entry, t, err))
			return -1;
	return 0;
}

static int check_word(const struct cfg_file *f, const char *key, const char *right,
		      struct ord_err *err)
{
	const yaml_node_t *node = cfg_get(f, cfg_root(f), key);

	if (!node)
		return 0;
	if (check_text(f, node, key, err))
		return -1;
	if (!right || !strcmp((const char *)node->data.scalar.value, right))
		return 0;
	return cfg_mistake(err, f, node, "%s must be '%s': this is no kubeconfig", key, right);
}

int cfg_check(const struct cfg_file *f, struct ord_err *err)
{
	static const struct table tables[] = {
		{"clusters", "cluster", cluster_fields, ORD_COUNT(cluster_fields)},
		{"users", "user", user_fields, ORD_COUNT(user_fields)},
		{"contexts", "context", context_fields, ORD_COUNT(context_fields)},
	};
	const yaml_node_t *root = cfg_root(f);

	if (!root || cfg_scalar(root) == CFG_NULL)
		return 0; /* an empty file holds an empty config */
	if (root->type != YAML_MAPPING_NODE)
		return cfg_mistake(err, f, root, "a kubeconfig is a map, not %s", kind_of(root));
	if (check_word(f, "apiVersion", "v1", err) || check_word(f, "kind", "Config", err) ||
	    check_word(f, "current-context", NULL, err))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(tables); i++)
		if (check_list_of(f, &tables[i], err))
			return -1;
	return 0;
}
