/* What an exec plugin is told of the cluster: spec.cluster of $KUBERNETES_EXEC_INFO. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "kube/config_private.h"

#define JSON_DEPTH 16
#define JSON_ITEMS 1000

static json_t *to_json(const struct cfg_file *f, const yaml_node_t *node, unsigned depth,
		       unsigned *left);

static json_t *scalar_to_json(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	char *end;
	long long v;

	switch (cfg_scalar(node)) {
	case CFG_NULL:
		return json_null();
	case CFG_BOOL:
		return json_boolean(cfg_true(node));
	case CFG_NUMBER:
		v = strtoll(text, &end, 10);
		return *end ? json_real(strtod(text, NULL)) : json_integer(v);
	case CFG_STRING:
		break;
	}
	return json_stringn(text, node->data.scalar.length);
}

static json_t *map_to_json(const struct cfg_file *f, const yaml_node_t *node, unsigned depth,
			   unsigned *left)
{
	json_t *map = json_object();

	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		const yaml_node_t *key = cfg_node(f, p->key);
		json_t *value = to_json(f, cfg_node(f, p->value), depth, left);

		if (key->type != YAML_SCALAR_NODE ||
		    json_object_set_new(map, (const char *)key->data.scalar.value, value)) {
			if (key->type != YAML_SCALAR_NODE)
				json_decref(value);
			json_decref(map);
			return NULL;
		}
	}
	return map;
}

/* NULL: too deep, too much, or no memory. */
static json_t *to_json(const struct cfg_file *f, const yaml_node_t *node, unsigned depth,
		       unsigned *left)
{
	const yaml_node_t *item;
	json_t *list;

	if (!depth || !*left)
		return NULL;
	--*left;
	if (node->type == YAML_MAPPING_NODE)
		return map_to_json(f, node, depth - 1, left);
	if (node->type != YAML_SEQUENCE_NODE)
		return scalar_to_json(node);
	list = json_array();
	for (size_t i = 0; (item = cfg_item(f, node, i)); i++)
		if (json_array_append_new(list, to_json(f, item, depth - 1, left))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* The cluster's extension of the plugins' own name is told as `config`. */
static int add_extension(const struct cfg_file *f, const yaml_node_t *cluster, json_t *to,
			 struct ord_err *err)
{
	const yaml_node_t *list = cfg_get(f, cluster, "extensions"), *item;
	unsigned left = JSON_ITEMS;

	for (size_t i = 0; (item = cfg_item(f, list, i)); i++) {
		const char *name = cfg_text(f, item, "name");
		const yaml_node_t *value = cfg_get(f, item, "extension");
		json_t *json;

		if (!name || !value || strcmp(name, "client.authentication.k8s.io/exec") != 0)
			continue;
		json = to_json(f, value, JSON_DEPTH, &left);
		if (!json)
			return cfg_mistake(err, f, value,
					   "this extension is deeper than %d or larger than %d "
					   "values",
					   JSON_DEPTH, JSON_ITEMS);
		if (json_object_set_new(to, "config", json))
			return ord_fail_nomem(err);
		break;
	}
	return 0;
}

static char *encode64(const struct kube_secret *s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = malloc((s->size + 2) / 3 * 4 + 1), *to = out;

	for (size_t i = 0; out && i < s->size; i += 3) {
		unsigned v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < s->size ? (unsigned char)s->text[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			*to++ = i + k <= s->size ? digits[v >> (18 - 6 * k) & 63] : '=';
	}
	if (out)
		*to = '\0';
	return out;
}

int cfg_plugin_cluster(const struct cfg_file *f, const yaml_node_t *cluster, struct kube_config *c,
		       struct ord_err *err)
{
	ord_auto(json) json_t *told = NULL;
	ord_autofree char *ca = NULL;
	int rc = 0;

	if (!c->plugin || !c->plugin->tell_cluster)
		return 0;
	told = json_pack("{s:s, s:s*, s:s*}", "server", c->server, "tls-server-name",
			 c->server_name, "proxy-url", c->proxy_url);
	if (!told)
		return ord_fail_nomem(err);
	if (c->insecure)
		rc = json_object_set_new(told, "insecure-skip-tls-verify", json_true());
	if (c->ca.data.size) {
		ca = encode64(&c->ca.data);
		rc |= !ca ||
		      json_object_set_new(told, "certificate-authority-data", json_string(ca));
	}
	if (rc)
		return ord_fail_nomem(err);
	if (add_extension(f, cluster, told, err))
		return -1;
	c->plugin->cluster = json_dumps(told, JSON_COMPACT);
	return c->plugin->cluster ? 0 : ord_fail_nomem(err);
}
