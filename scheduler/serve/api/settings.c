#include "scheduler/serve/api/settings.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/serve/api/ring.h"
#include "scheduler/spec/table.h"

#define FILE_MAX     262144
#define ITEMS(a)     .keys = (a), .n = ORD_COUNT(a)
#define AT(s, field) .offset = offsetof(struct s, field)
#define TEXT	     (1u << SCALAR_TEXT)

/* What is worth waking somebody for, and what may be asked for beside it. */
#define EVENTS "ended|interrupted|skipped|halt|resume|store|dispatched|queued|phase|mark|note|clock"
#define TOLD   6

static void event_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	uint32_t *bits = base;

	if (text && choice_find(EVENTS, text, NULL))
		*bits |= api_ring_type(text);
	else if (text)
		unknown_choice(r, node, "event", text, EVENTS);
}

static void events_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	struct api_hook *hook = base;

	if (node->kind != NODE_LIST || !node->n) {
		sink_add(r->sink, node, "'%s' takes %s", key->name, key->type->what);
		return;
	}
	for (size_t i = 0; i < node->n; i++)
		event_read(r, key, node->items[i], &hook->events);
}

static const struct type type_events = {.what = "a list of events, as in '[ended, halt]'",
					.read = events_read};

static const struct key hook_keys[] = {
	{.name = "url",
	 .type = &type_url,
	 AT(api_hook, url),
	 .max = API_TEXT_MAX,
	 .help = "where it is posted to"},
	{.name = "urlFile",
	 .type = &type_text,
	 AT(api_hook, url_file),
	 .max = API_TEXT_MAX,
	 .help = "a file that holds the URL, where that is a secret"},
	{.name = "secretFile",
	 .type = &type_text,
	 AT(api_hook, secret_file),
	 .max = API_TEXT_MAX,
	 .help = "a file that holds the key that signs what is posted"},
	{.name = "format",
	 .type = &type_choice,
	 AT(api_hook, format),
	 .def = "cloudevents",
	 .choices = "cloudevents|slack",
	 .help = "what is posted"},
	{.name = "events", .type = &type_events, .help = "which events"},
};

static void hook_finish(struct reader *r, const struct node *map, void *base)
{
	struct api_hook *hook = base;
	char word[API_TYPE_MAX];

	(void)r;
	if (!node_find(map, "events"))
		for (size_t i = 0; i < TOLD && choice_get(EVENTS, i, word, sizeof word); i++)
			hook->events |= api_ring_type(word);
}

static const struct table table_hook = {.name = "webhooks[]",
					.path = "webhooks[]",
					.help = "Where events are posted to.",
					.one_of = "url|urlFile",
					.finish = hook_finish,
					ITEMS(hook_keys)};

static const struct key tls_keys[] = {
	{.name = "cert",
	 .type = &type_text,
	 .flags = KEY_REQUIRED,
	 AT(api_settings, tls_cert),
	 .max = API_TEXT_MAX,
	 .help = "the certificate's file, in PEM",
	 .example = "cert: /etc/ordeal/tls.crt"},
	{.name = "key",
	 .type = &type_text,
	 .flags = KEY_REQUIRED,
	 AT(api_settings, tls_key),
	 .max = API_TEXT_MAX,
	 .help = "its key's file, in PEM",
	 .example = "key: /etc/ordeal/tls.key"},
};

static const struct table table_tls = {
	.name = "tls", .path = "tls", .help = "TLS on the TCP port.", ITEMS(tls_keys)};

static bool group_take(struct reader *r, const struct node *map, size_t i, void *base)
{
	const struct node *name = map->keys[i], *item = map->items[i];
	const char *role = want_scalar(r, name->text, "a role, as in 'responder'", item, TEXT);
	struct api_settings *s = base;
	struct api_group *g = &s->groups[s->n_groups];
	const struct group *found;

	if (!role)
		return true;
	if (s->n_groups == API_GROUPS_MAX) {
		sink_add(r->sink, name, "'groups' takes at most %d of them", API_GROUPS_MAX);
	} else if (!api_role_parse(role, &g->role)) {
		unknown_choice(r, item, "role", role, "viewer|responder|operator");
	} else if (!(found = getgrnam(
			     name->text))) { /* NOLINT(concurrency-mt-unsafe): one thread */
		sink_add(r->sink, name, "this machine has no group '%.64s'", name->text);
	} else {
		g->gid = found->gr_gid;
		g->name = keep_text(r, name->text);
		s->n_groups++;
	}
	return true;
}

static const struct table table_groups = {
	.name = "groups", .path = "groups", .help = "Roles of groups.", .other = group_take};

static const struct key hook_item = {.name = "webhooks[]", .type = &type_map, .table = &table_hook};
static const struct key host_item = {.name = "hosts", .type = &type_text, .max = 253};

static const struct key settings_keys[] = {
	{.name = "listen",
	 .type = &type_text,
	 AT(api_settings, listen),
	 .max = 64,
	 .help = "an address and a port, beside the unix socket"},
	{.name = "tokenFile",
	 .type = &type_text,
	 AT(api_settings, token_file),
	 .max = API_TEXT_MAX,
	 .help = "the file of tokens for the port"},
	{.name = "tls", .type = &type_map, .table = &table_tls, .help = "TLS on the port"},
	{.name = "hosts",
	 .type = &type_list,
	 AT(api_settings, hosts),
	 .n_offset = offsetof(struct api_settings, n_hosts),
	 .item = &host_item,
	 .item_size = sizeof(char *),
	 .min = 1,
	 .max = API_HOSTS_MAX,
	 .help = "names under which browsers find the port"},
	{.name = "groups",
	 .type = &type_map,
	 .table = &table_groups,
	 .help = "who may speak to the unix socket beside root and the daemon's user"},
	{.name = "webhooks",
	 .type = &type_list,
	 AT(api_settings, hooks),
	 .n_offset = offsetof(struct api_settings, n_hooks),
	 .item = &hook_item,
	 .item_size = sizeof(struct api_hook),
	 .min = 1,
	 .max = API_HOOKS_MAX,
	 .help = "where events are posted to"},
};

static const struct table table_settings = {
	.name = "the settings", .path = "", .help = "Settings.", ITEMS(settings_keys)};

void api_settings_done(struct api_settings *s)
{
	free(s->listen);
	free(s->token_file);
	free(s->tls_cert);
	free(s->tls_key);
	for (size_t i = 0; i < API_HOSTS_MAX; i++)
		free(s->hosts[i]);
	for (size_t i = 0; i < s->n_groups; i++)
		free(s->groups[i].name);
	for (size_t i = 0; i < API_HOOKS_MAX; i++) {
		free(s->hooks[i].url);
		free(s->hooks[i].url_file);
		free(s->hooks[i].secret_file);
	}
	*s = (struct api_settings){0};
}

static int first_of(const char *path, const struct ord_mistakes *m, struct ord_err *err)
{
	const struct ord_mistake *first = NULL;

	for (size_t i = 0; i < m->n && !first; i++)
		first = m->v[i].warning ? NULL : &m->v[i];
	if (!first)
		return ord_fail_nomem(err);
	if (!first->line)
		return ord_fail(err, ORD_USAGE, "%s: %s", path, first->text);
	return ord_fail(err, ORD_USAGE, "%s:%u:%u: %s", path, first->line, first->column,
			first->text);
}

int api_settings_parse(const char *path, const char *text, size_t size, struct api_settings *ret,
		       struct ord_err *err)
{
	struct ord_mistakes mistakes = {0};
	struct api_settings s = {0};
	struct sink sink = {0};
	struct tree tree = {0};
	struct reader r = {.tree = &tree, .sink = &sink};
	bool good;

	tree.root = tree_read(&tree, text, size, NULL, &sink);
	if (tree.root && tree.root->kind != NODE_MAP)
		sink_add(&sink, tree.root, "settings are a map, as in 'groups: {sre: responder}'");
	else if (tree.root)
		read_map(&r, &table_settings, tree.root, &s);
	good = tree.root && !sink.n_errors && !tree.no_memory && !r.no_memory;
	tree_done(&tree);
	sink_hand_out(&sink, &mistakes);
	if (good) {
		*ret = s;
	} else {
		(void)first_of(path, &mistakes, err);
		api_settings_done(&s);
	}
	ord_mistakes_done(&mistakes);
	return good ? 0 : -1;
}

int api_settings_read(const char *path, struct api_settings *ret, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size;

	return ord_file_read(path, FILE_MAX, &text, &size, err) ||
			       api_settings_parse(path, text, size, ret, err)
		       ? -1
		       : 0;
}
