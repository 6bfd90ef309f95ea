/* What filters over objects of a cluster are given: names, owners, selectors, conditions. */
#include "scheduler/spec/cluster.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/selector.h"
#include "ordeal/fault.h"
#include "ordeal/that.h"
#include "scheduler/spec/schema.h"

#define TEXT	   (1u << SCALAR_TEXT)
#define SELECT_MAX 4096
#define LABEL_MAX  317 /* a prefix of 253, '/', a name of 63 */

static void *at(const struct key *key, void *base)
{
	return (char *)base + key->offset;
}

/* --- names ---------------------------------------------------------------------------------- */

/* key->min: what it may be made of; key->choices: these words alone. */
static void name_take(struct reader *r, const struct key *key, const struct node *node,
		      struct ord_texts *out)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_err err;
	size_t wrong;

	if (!text)
		return;
	if (key->choices && !choice_find(key->choices, text, NULL))
		unknown_choice(r, node, key->name, text, key->choices);
	else if (!key->choices &&
		 ord_kube_check_name(text, (enum ord_kube_form)key->min, &wrong, &err))
		sink_add_within(r->sink, node, wrong, "%s: %s", key->name, err.msg);
	else if (ord_texts_add(out, text, &err))
		r->no_memory = true;
}

static void names_read_by(struct reader *r, const struct key *key, const struct node *node,
			  void *base,
			  void (*take)(struct reader *, const struct key *, const struct node *,
				       struct ord_texts *))
{
	struct ord_texts *out = at(key, base);

	if (node->kind != NODE_LIST) {
		take(r, key, node, out);
		return;
	}
	if (!node->n || node->n > 256)
		sink_add(r->sink, node, "'%s' takes one, or a list of 1 to 256", key->name);
	for (size_t i = 0; i < node->n && i < 256; i++)
		take(r, key, node->items[i], out);
}

static void names_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	names_read_by(r, key, node, base, name_take);
}

static void owner_take(struct reader *r, const struct key *key, const struct node *node,
		       struct ord_texts *out)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	char owner[ORD_OWNER_TEXT];
	struct ord_err err;

	if (!text)
		return;
	if (ord_owner_parse(text, owner, &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
	else if (ord_texts_add(out, owner, &err))
		r->no_memory = true;
}

static void owners_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	names_read_by(r, key, node, base, owner_take);
}

/* --- selectors ------------------------------------------------------------------------------ */

/* What is there already stays: `labels` and `selector` hold together. */
static void join(struct reader *r, char **text, const char *more)
{
	char *both;

	if (asprintf(&both, "%s%s%s", *text ? *text : "", *text ? "," : "", more) < 0) {
		r->no_memory = true;
		return;
	}
	free(*text);
	*text = both;
}

bool one_line(const struct node *node)
{
	for (const char *c = node->text; *c; c++)
		if (iscntrl((unsigned char)*c))
			return false;
	return node->size > 0 && node->size <= SELECT_MAX;
}

static bool well_formed(struct reader *r, const char *name, const struct node *node)
{
	if (one_line(node))
		return true;
	sink_add(r->sink, node, "'%s' takes a selector of 1 to %d bytes in one line", name,
		 SELECT_MAX);
	return false;
}

static bool parses(struct reader *r, const char *name, const struct node *node, bool annotations)
{
	struct ord_selector *s = NULL;
	struct ord_err err;
	size_t wrong;
	bool good;

	if (!well_formed(r, name, node))
		return false;
	good = !ord_selector_parse_at(node->text, annotations, &s, &wrong, &err);
	ord_selector_free(s);
	if (!good)
		sink_add_within(r->sink, node, wrong, "%s: %s", name, err.msg);
	return good;
}

bool selector_check(struct reader *r, const char *name, const struct node *node)
{
	return parses(r, name, node, false);
}

static void selector_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (text && parses(r, key->name, node, false))
		join(r, at(key, base), text);
}

static void annotations_read(struct reader *r, const struct key *key, const struct node *node,
			     void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (text && parses(r, key->name, node, true))
		join(r, at(key, base), text);
}

/* app: orders -> app=orders. Read by the rules of selectors, so that nothing else can be meant. */
static void labels_take(struct reader *r, const struct node *key, const struct node *value,
			char **out)
{
	const char *text = want_scalar(r, key->text, "a text", value, TEXT);
	struct ord_selector *s = NULL;
	char pair[LABEL_MAX + 64 + 2];
	struct ord_err err;
	size_t wrong;

	if (!text)
		return;
	if (!key->size || key->size > LABEL_MAX || strpbrk(key->text, "=!(),<> \t\r\n")) {
		sink_add(r->sink, key, "'%.60s' is no key of a label", key->text);
		return;
	}
	if (value->size > 63 || strpbrk(text, "=!(),<> \t\r\n")) {
		sink_add(r->sink, value,
			 "%s: '%.70s' is no value of a label; it may hold letters, digits, '-', "
			 "'_' and '.', at most 63",
			 key->text, text);
		return;
	}
	(void)snprintf(pair, sizeof pair, "%s=%s", key->text, text);
	if (ord_selector_parse_at(pair, false, &s, &wrong, &err))
		sink_add(r->sink, wrong > key->size ? value : key, "labels: %s", err.msg);
	else
		join(r, out, pair);
	ord_selector_free(s);
}

static void label_map_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "'%s' is empty; leave it out", key->name);
	for (size_t i = 0; i < node->n; i++)
		labels_take(r, node->keys[i], node->items[i], at(key, base));
}

/* --- fields --------------------------------------------------------------------------------- */

bool fields_check(struct reader *r, const char *name, const struct node *node)
{
	struct ord_err err;
	size_t wrong;

	if (!well_formed(r, name, node))
		return false;
	if (!ord_fields_check(node->text, NULL, NULL, &wrong, &err))
		return true;
	sink_add_within(r->sink, node, wrong, "%s: %s", name, err.msg);
	return false;
}

static void fields_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (text && fields_check(r, key->name, node))
		join(r, at(key, base), text);
}

/* By which an API server selects (1.36: AddFieldLabelConversions... of each group); besides
 * metadata.name and metadata.namespace, which every kind has. */
static const struct {
	const char *kind, *fields;
} selectable[] = {
	{"pod", "spec.nodeName|spec.restartPolicy|spec.schedulerName|spec.serviceAccountName|"
		"spec.hostNetwork|status.phase|status.podIP|status.podIPs|"
		"status.nominatedNodeName"},
	{"node", "spec.unschedulable"},
	{"service", "spec.clusterIP|spec.type"},
	{"workload", "status.successful"},
};

struct warned {
	struct reader *r;
	const struct node *node;
	const char *kind, *fields;
};

static void warn_of(void *arg, const char *field, size_t size)
{
	struct warned *w = arg;
	const char *names[16], *near;
	char word[80], each[16][48];
	size_t n = 0;

	(void)snprintf(word, sizeof word, "%.*s", (int)size, field);
	if (!strcmp(word, "metadata.name") || !strcmp(word, "metadata.namespace") ||
	    choice_find(w->fields, word, NULL))
		return;
	while (n < ORD_COUNT(each) && choice_get(w->fields, n, each[n], sizeof each[n])) {
		names[n] = each[n];
		n++;
	}
	near = ord_nearest(word, names, n);
	sink_warn(w->r->sink, w->node,
		  "fieldSelector: API servers are not known to select a %s by '%.60s'%s%s%s",
		  w->kind, word, near ? "; did you mean '" : "", near ? near : "",
		  near ? "'?" : "");
}

void fields_warn(struct reader *r, const struct node *node, const char *kind)
{
	struct warned w = {.r = r, .node = node, .kind = kind};
	struct ord_err err;
	size_t wrong;

	for (size_t i = 0; i < ORD_COUNT(selectable); i++)
		if (!strcmp(selectable[i].kind, kind))
			w.fields = selectable[i].fields;
	if (w.fields && node->kind == NODE_SCALAR &&
	    !ord_fields_check(node->text, NULL, NULL, &wrong, &err))
		(void)ord_fields_check(node->text, warn_of, &w, &wrong, &err);
}

/* Ready, or Ready=False */
static void condition_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT), *is;
	char all[400];
	char **out = at(key, base);

	if (!text)
		return;
	is = strchr(text, '=');
	if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") !=
		    (is ? (size_t)(is - text) : node->size) ||
	    is == text || !node->size || node->size > 317) {
		sink_add(r->sink, node, "%s: '%.60s' is not TYPE or TYPE=STATUS, as in Ready=False",
			 key->name, text);
		return;
	}
	if (is && !choice_find("True|False|Unknown", is + 1, NULL)) {
		sink_add_within(r->sink, node, (size_t)(is + 1 - text),
				"%s: the status is True, False or Unknown, not '%.40s'", key->name,
				is + 1);
		return;
	}
	(void)snprintf(all, sizeof all, "%s%s", text, is ? "" : "=True");
	free(*out);
	*out = keep_text(r, all);
}

/* --- the types ------------------------------------------------------------------------------ */

const struct type type_names = {"a name, or a list of them", names_read, schema_type_names};
const struct type type_owners = {"KIND/NAME, or a list of them", owners_read, schema_type_owners};
const struct type type_selector = {"a selector, as in 'app=orders,tier in (web,api)'",
				   selector_read, schema_type_text};
const struct type type_annotations = {"a selector of annotations, as in 'team=shop'",
				      annotations_read, schema_type_text};
const struct type type_label_map = {"a map of texts", label_map_read, schema_type_labels};
const struct type type_fields = {"fields, as in 'spec.nodeName=worker-1'", fields_read,
				 schema_type_text};
const struct type type_object_condition = {"a condition, as in 'Ready=False'", condition_read,
					   schema_type_object_condition};
