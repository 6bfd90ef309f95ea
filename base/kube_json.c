/* Targets in a cluster: the form of plan and protocol. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/kube_filter.h"

#define TEXTS_MAX  256 /* of one list */
#define TEXT_MAX   320 /* bytes of one: "KIND/NAME" */
#define SELECT_MAX 4096
#define AGE_MAX	   (INT64_MAX / 2)

/* --- to JSON -------------------------------------------------------------------------------- */

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static json_t *texts_to_json(const struct ord_texts *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n; i++)
		if (json_array_append_new(list, json_string(t->v[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *filter_to_json(const struct ord_kube_filter *f)
{
	ord_auto(json) json_t *json = json_object();

	if (!json)
		return NULL;
	for (size_t i = 0; i < KUBE_LISTS; i++) {
		const struct ord_texts *t = kube_const_field(f, kube_lists[i].offset);

		if (t->n && set(json, kube_lists[i].key, texts_to_json(t)))
			return NULL;
	}
	for (size_t i = 0; i < KUBE_WORDS; i++) {
		const char *text = *(char *const *)kube_const_field(f, kube_words[i].offset);

		if (text && set(json, kube_words[i].key, json_string(text)))
			return NULL;
	}
	for (size_t i = 0; i < KUBE_AGES; i++) {
		uint64_t ns = *(const uint64_t *)kube_const_field(f, kube_ages[i].offset);

		if (ns && set(json, kube_ages[i].key, json_integer((json_int_t)ns)))
			return NULL;
	}
	return ord_steal_ptr(json);
}

static const char *const spreads[] = {
	[ORD_SPREAD_NONE] = "none", [ORD_SPREAD_NODE] = "node", [ORD_SPREAD_ZONE] = "zone"};

json_t *ord_kube_target_to_json(const struct ord_kube_target *t)
{
	ord_auto(json) json_t *json = json_object();

	if (!json || (*t->api_version && set(json, "api_version", json_string(t->api_version))) ||
	    (*t->kind && set(json, "kind", json_string(t->kind))) ||
	    set(json, "match", filter_to_json(&t->match)) ||
	    (t->has_exclude && set(json, "exclude", filter_to_json(&t->exclude))) ||
	    (t->spread && set(json, "spread", json_string(spreads[t->spread]))) ||
	    (t->follow && set(json, "follow", json_true())))
		return NULL;
	return ord_steal_ptr(json);
}

json_t *ord_cluster_place_to_json(const struct ord_cluster_place *p)
{
	ord_auto(json) json_t *json = json_object();
	json_t *list = json_array();

	if (!json || !list || set(json, "objects", list))
		return NULL;
	for (size_t i = 0; i < p->n; i++)
		if (json_array_append_new(list,
					  json_pack("[sssss]", p->v[i].api_version, p->v[i].kind,
						    p->v[i].ns, p->v[i].name, p->v[i].uid)))
			return NULL;
	if (set(json, "context", json_string(p->context)) ||
	    set(json, "server", json_string(p->server)) ||
	    set(json, "limit", json_integer((json_int_t)p->limit)) ||
	    (p->follow && set(json, "follow", ord_kube_target_to_json(p->follow))))
		return NULL;
	return ord_steal_ptr(json);
}

/* --- from JSON: every field is validated again ---------------------------------------------- */

static bool printable(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return false;
	return true;
}

static int texts_from_json(const json_t *json, const char *key, struct ord_texts *ret,
			   struct ord_err *err)
{
	json_t *list;

	if (!ord_json_has(json, key))
		return 0;
	if (ord_json_array(json, key, TEXTS_MAX, &list, err))
		return -1;
	if (!json_array_size(list))
		return ord_fail(err, ORD_USAGE, "'%s' is empty: leave it out", key);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !*text || strlen(text) > TEXT_MAX || !printable(text))
			return ord_fail(err, ORD_USAGE,
					"'%s' must be a list of texts of 1 to %d bytes", key,
					TEXT_MAX);
		if (ord_texts_add(ret, text, err))
			return -1;
	}
	return 0;
}

static int word_from_json(const json_t *json, const char *key, char **ret, struct ord_err *err)
{
	const char *text = NULL;

	if (ord_json_opt_text(json, key, SELECT_MAX, &text, err))
		return -1;
	if (!text)
		return 0;
	if (!*text || !printable(text))
		return ord_fail(err, ORD_USAGE, "'%s' is empty or not printable", key);
	*ret = strdup(text);
	return *ret ? 0 : ord_fail_nomem(err);
}

static int filter_keys(const json_t *json, struct ord_err *err)
{
	const char *keys[KUBE_LISTS + KUBE_WORDS + KUBE_AGES];
	size_t n = 0;

	for (size_t i = 0; i < KUBE_LISTS; i++)
		keys[n++] = kube_lists[i].key;
	for (size_t i = 0; i < KUBE_WORDS; i++)
		keys[n++] = kube_words[i].key;
	for (size_t i = 0; i < KUBE_AGES; i++)
		keys[n++] = kube_ages[i].key;
	return ord_json_keys(json, keys, n, err);
}

/* What was read before a mistake is in *f too: the caller frees it. */
static int filter_from_json(struct ord_kube_filter *f, const json_t *json, struct ord_err *err)
{
	if (filter_keys(json, err))
		return -1;
	for (size_t i = 0; i < KUBE_LISTS; i++)
		if (texts_from_json(json, kube_lists[i].key, kube_field(f, kube_lists[i].offset),
				    err))
			return -1;
	for (size_t i = 0; i < KUBE_WORDS; i++)
		if (word_from_json(json, kube_words[i].key, kube_field(f, kube_words[i].offset),
				   err))
			return -1;
	for (size_t i = 0; i < KUBE_AGES; i++)
		if (ord_json_opt_uint(json, kube_ages[i].key, AGE_MAX,
				      kube_field(f, kube_ages[i].offset), err))
			return -1;
	return 0;
}

static int check_version(const char *text, struct ord_err *err)
{
	return ord_kube_good_version(text)
		       ? 0
		       : ord_fail(err, ORD_USAGE,
				  "'%.64s' is no API version; one is written v1 or apps/v1", text);
}

static int check_kind(const char *text, struct ord_err *err)
{
	return ord_kube_good_kind(text)
		       ? 0
		       : ord_fail(err, ORD_USAGE, "a kind is written as in Deployment");
}

static int spread_from_json(const json_t *json, enum ord_spread *ret, struct ord_err *err)
{
	const char *text = spreads[ORD_SPREAD_NONE];

	if (ord_json_opt_text(json, "spread", 16, &text, err))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(spreads); i++)
		if (!strcmp(text, spreads[i])) {
			*ret = (enum ord_spread)i;
			return 0;
		}
	return ord_fail(err, ORD_USAGE, "'spread' is node, zone or none, not '%s'", text);
}

static int target_fields(struct ord_kube_target *t, json_t *json, struct ord_err *err)
{
	static const char *const keys[] = {"api_version", "kind",   "match",
					   "exclude",	  "spread", "follow"};
	json_t *match, *exclude;

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) ||
	    ord_json_opt_copy(json, "api_version", t->api_version, sizeof t->api_version, err) ||
	    ord_json_opt_copy(json, "kind", t->kind, sizeof t->kind, err) ||
	    (*t->api_version && check_version(t->api_version, err)) ||
	    (*t->kind && check_kind(t->kind, err)) || ord_json_object(json, "match", &match, err) ||
	    spread_from_json(json, &t->spread, err) ||
	    ord_json_opt_bool(json, "follow", &t->follow, err))
		return -1;
	if (filter_from_json(&t->match, match, err))
		return ord_wrap(err, "match");
	t->has_exclude = ord_json_has(json, "exclude");
	if (!t->has_exclude)
		return 0;
	if (ord_json_object(json, "exclude", &exclude, err))
		return -1;
	return filter_from_json(&t->exclude, exclude, err) ? ord_wrap(err, "exclude") : 0;
}

int ord_kube_target_from_json(struct ord_kube_target *ret, json_t *json, struct ord_err *err)
{
	struct ord_kube_target t = {0};

	if (target_fields(&t, json, err)) {
		ord_kube_target_done(&t);
		return -1;
	}
	*ret = t;
	return 0;
}

/* One part of a path, as the API server itself asks of names (path/name.go). */
static bool good_part(const char *text)
{
	return *text && printable(text) && !strpbrk(text, "/%") && strcmp(text, ".") != 0 &&
	       strcmp(text, "..") != 0;
}

static int object_from_json(struct ord_object *o, const json_t *json, struct ord_err *err)
{
	const struct {
		char *out;
		size_t size;
	} parts[] = {{o->api_version, sizeof o->api_version},
		     {o->kind, sizeof o->kind},
		     {o->ns, sizeof o->ns},
		     {o->name, sizeof o->name},
		     {o->uid, sizeof o->uid}};

	if (json_array_size(json) != ORD_COUNT(parts))
		return ord_fail(err, ORD_USAGE,
				"an object is written [API version, kind, namespace, name, UID]");
	for (size_t i = 0; i < ORD_COUNT(parts); i++) {
		const json_t *v = json_array_get(json, i);

		if (!json_is_string(v))
			return ord_fail(err, ORD_USAGE, "an object's parts are texts");
		if (json_string_length(v) >= parts[i].size)
			return ord_fail(err, ORD_USAGE, "'%.32s...' is longer than %zu bytes",
					json_string_value(v), parts[i].size - 1);
		memcpy(parts[i].out, json_string_value(v), json_string_length(v) + 1);
	}
	if (check_version(o->api_version, err) || check_kind(o->kind, err))
		return -1;
	if (*o->ns && !good_part(o->ns))
		return ord_fail(err, ORD_USAGE, "'%s' is no namespace", o->ns);
	if (!good_part(o->name))
		return ord_fail(err, ORD_USAGE, "'%.64s' is no name of an object", o->name);
	if (!good_part(o->uid))
		return ord_fail(err, ORD_USAGE, "'%.64s' is no UID", o->uid);
	return 0;
}

static int by_uid(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_twice(const struct ord_cluster_place *p, struct ord_err *err)
{
	ord_autofree const char **uids = calloc(p->n ? p->n : 1, sizeof *uids);

	if (!uids)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < p->n; i++)
		uids[i] = p->v[i].uid;
	qsort(uids, p->n, sizeof *uids, by_uid);
	for (size_t i = 1; i < p->n; i++)
		if (!strcmp(uids[i - 1], uids[i]))
			return ord_fail(err, ORD_USAGE, "objects: UID %s stands there twice",
					uids[i]);
	return 0;
}

static int objects_from_json(struct ord_cluster_place *p, const json_t *json, struct ord_err *err)
{
	json_t *list;

	if (ord_json_array(json, "objects", ORD_CLUSTER_OBJECTS_MAX, &list, err))
		return -1;
	p->v = calloc(json_array_size(list) ? json_array_size(list) : 1, sizeof *p->v);
	if (!p->v)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < json_array_size(list); i++, p->n++)
		if (object_from_json(&p->v[i], json_array_get(list, i), err))
			return ord_wrap(err, "objects");
	return check_twice(p, err);
}

static int server_from_json(struct ord_cluster_place *p, const json_t *json, struct ord_err *err)
{
	if (ord_json_copy(json, "context", p->context, sizeof p->context, err) ||
	    ord_json_copy(json, "server", p->server, sizeof p->server, err))
		return -1;
	if (!*p->context || !printable(p->context))
		return ord_fail(err, ORD_USAGE, "'context' is empty or not printable");
	if ((strncmp(p->server, "https://", 8) != 0 && strncmp(p->server, "http://", 7) != 0) ||
	    !printable(p->server) || strpbrk(p->server, " @?#"))
		return ord_fail(err, ORD_USAGE, "'server' must be the URL of an API server");
	return 0;
}

static int cluster_fields(struct ord_cluster_place *p, json_t *json, struct ord_err *err)
{
	static const char *const keys[] = {"context", "server", "limit", "objects", "follow"};
	uint64_t limit;
	json_t *follow;

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) || server_from_json(p, json, err) ||
	    ord_json_uint(json, "limit", ORD_CLUSTER_OBJECTS_MAX, &limit, err) ||
	    objects_from_json(p, json, err))
		return -1;
	p->limit = (size_t)limit;
	if (p->n > p->limit)
		return ord_fail(err, ORD_USAGE, "'limit' is %zu, but there are %zu objects",
				p->limit, p->n);
	if (!ord_json_has(json, "follow"))
		return p->n ? 0 : ord_fail(err, ORD_USAGE, "'objects' is empty");
	if (ord_json_object(json, "follow", &follow, err))
		return -1;
	p->follow = calloc(1, sizeof *p->follow);
	if (!p->follow)
		return ord_fail_nomem(err);
	return ord_kube_target_from_json(p->follow, follow, err) ? ord_wrap(err, "follow") : 0;
}

int ord_cluster_place_from_json(struct ord_cluster_place *ret, json_t *json, struct ord_err *err)
{
	struct ord_cluster_place p = {0};

	if (cluster_fields(&p, json, err)) {
		ord_cluster_place_done(&p);
		return -1;
	}
	*ret = p;
	return 0;
}
