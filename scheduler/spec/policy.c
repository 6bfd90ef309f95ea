/* spec.policy: whom else to ask before anything is injected. */
#include "scheduler/spec/policy.h"

#include <jansson.h>
#include <string.h>

#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)

static bool is_url(const char *text)
{
	return strstr(text, "://");
}

static void policy_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (!text)
		return;
	if (is_url(text))
		type_url.read(r, key, node, base);
	else
		type_text.read(r, key, node, base);
}

/* One, or a list of them. */
static void policies_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	struct ord_spec *spec = base;

	if (node->kind == NODE_LIST) {
		type_list.read(r, key, node, base);
		return;
	}
	policy_read(r, &policy_item, node, spec->policies);
	spec->n_policies = 1;
}

static json_t *schema_policy(const struct key *key)
{
	return json_pack("{s:[{s:s, s:i, s:I, s:{s:s}}, o]}", "anyOf", "type", "string",
			 "minLength", 1, "maxLength", (json_int_t)key->max, "not", "pattern", "://",
			 schema_type_url(key));
}

static json_t *schema_policies(const struct key *key)
{
	return json_pack("{s:[o, {s:s, s:i, s:I, s:o}]}", "anyOf", schema_policy(key->item), "type",
			 "array", "minItems", 1, "maxItems", (json_int_t)key->max, "items",
			 schema_policy(key->item));
}

static const struct type type_policy = {"a rule file, or the URL of an Open Policy Agent",
					policy_read, schema_policy};
const struct key policy_item = {.name = "policy", .type = &type_policy, .max = POLICY_TEXT_MAX};
const struct type type_policies = {
	"a rule file, or the URL of an Open Policy Agent, or a list of them", policies_read,
	schema_policies};
