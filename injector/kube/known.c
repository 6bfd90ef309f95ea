#include "injector/kube/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *inj_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* FNV-1a. */
static size_t bucket(const char *uid)
{
	uint32_t h = 2166136261u;

	for (; *uid; uid++)
		h = (h ^ (unsigned char)*uid) * 16777619u;
	return h % INJ_KNOWN_BUCKETS;
}

struct inj_known *inj_known_find(const struct inj_known_table *t, const char *uid)
{
	struct inj_known *k = t->buckets[bucket(uid)];

	while (k && strcmp(k->uid, uid) != 0)
		k = k->next;
	return k;
}

static struct inj_known *known_new(const json_t *meta)
{
	const char *ns = inj_json_text(meta, "namespace"), *name = inj_json_text(meta, "name");
	const char *uid = inj_json_text(meta, "uid");
	size_t n_ns = strlen(ns) + 1, n_name = strlen(name) + 1, n_uid = strlen(uid) + 1;
	struct inj_known *k = calloc(1, sizeof *k + n_ns + n_name + n_uid);

	if (!k)
		return NULL;
	k->ns = memcpy(k->text, ns, n_ns);
	k->name = memcpy(k->text + n_ns, name, n_name);
	k->uid = memcpy(k->text + n_ns + n_name, uid, n_uid);
	return k;
}

struct inj_known *inj_known_note(struct inj_known_table *t, const json_t *meta, bool *ret_new)
{
	const char *uid = inj_json_text(meta, "uid");
	struct inj_known **head = &t->buckets[bucket(uid)], *k = inj_known_find(t, uid);

	*ret_new = !k;
	if (k)
		return k;
	k = known_new(meta);
	if (!k)
		return NULL;
	k->next = *head;
	*head = k;
	t->n++;
	return k;
}

void inj_known_drop(struct inj_known_table *t, struct inj_known *k)
{
	struct inj_known **at = &t->buckets[bucket(k->uid)];

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	t->n--;
	free(k);
}

void inj_known_done(struct inj_known_table *t)
{
	for (size_t i = 0; i < INJ_KNOWN_BUCKETS; i++)
		while (t->buckets[i])
			inj_known_drop(t, t->buckets[i]);
}

void inj_known_object(const struct inj_known *k, struct ord_object *ret)
{
	*ret = (struct ord_object){.api_version = "v1", .kind = "Pod"};
	(void)snprintf(ret->ns, sizeof ret->ns, "%s", k->ns);
	(void)snprintf(ret->name, sizeof ret->name, "%s", k->name);
	(void)snprintf(ret->uid, sizeof ret->uid, "%s", k->uid);
}
