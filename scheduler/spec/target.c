/* spec.faults[].target */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define TEXT (1u << SCALAR_TEXT)
#define INT  (1u << SCALAR_INT)

/* key->min holds the kind of target. */
static void put(struct reader *r, const struct key *key, const struct node *node, void *base,
		const char *text)
{
	struct ord_target *t = base;

	if (!*text || strlen(text) >= sizeof t->text) {
		sink_add(r->sink, node, "'%s' takes a text of 1 to %zu bytes", key->name,
			 sizeof t->text - 1);
		return;
	}
	t->kind = (enum ord_target_kind)key->min;
	(void)snprintf(t->text, sizeof t->text, "%s", text);
}

static void text_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (text)
		put(r, key, node, base, text);
}

static void pid_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, INT);
	struct ord_err err;
	int64_t pid;

	if (!text)
		return;
	if (ord_parse_int(text, 1, 1 << 22, &pid, &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
	else if (pid == 1)
		sink_add(r->sink, node, "%s: process 1 is never a target", key->name);
	else
		put(r, key, node, base, text);
}

/* 8080, "8080", "53/udp" */
static void listening_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT | INT), *slash;
	char port[8] = "";
	int64_t v;

	if (!text)
		return;
	slash = strchr(text, '/');
	(void)snprintf(port, sizeof port, "%.*s", slash ? (int)(slash - text) : 7, text);
	if (ord_parse_int(port, 1, 65535, &v, NULL) ||
	    (slash && strcmp(slash, "/udp") && strcmp(slash, "/tcp")) || strlen(text) > 9) {
		sink_add(r->sink, node, "%s: '%.40s' is not a port; write 8080 or '53/udp'",
			 key->name, text);
		return;
	}
	put(r, key, node, base, slash && !strcmp(slash, "/tcp") ? port : text);
}

static void cgroup_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (text && (strstr(text, "/../") || !strncmp(text, "../", 3)))
		sink_add(r->sink, node, "%s: '..' has no place in the path of a control group",
			 key->name);
	else if (text)
		put(r, key, node, base, text);
}

/* host: true, or an empty map */
static void host_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	struct ord_target *t = base;
	char shown[NODE_SHOWN];

	if ((node->kind == NODE_MAP && !node->n) ||
	    (node->kind == NODE_SCALAR && node->scalar == SCALAR_BOOL &&
	     (*node->text == 't' || *node->text == 'T')))
		t->kind = ORD_TARGET_HOST;
	else
		sink_add(r->sink, node, "'%s' takes true, not %s", key->name,
			 node_show(node, shown));
}

static void percent_read(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	const char *text =
		want_scalar(r, key->name, key->type->what, node, TEXT | INT | 1u << SCALAR_FLOAT);
	struct ord_target *t = base;
	struct ord_err err;
	int64_t ppm;

	if (!text)
		return;
	if (ord_parse_percent(text, &ppm, &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
	else if (ppm < 1 || ppm > ORD_PPM)
		sink_add(r->sink, node, "%s: '%s' is not more than 0%% and at most 100%%",
			 key->name, text);
	else
		t->percent_ppm = (uint32_t)ppm;
}

/* {id: ID}, {name: NAME}: key->max holds which. */
static void container_text_read(struct reader *r, const struct key *key, const struct node *node,
				void *base)
{
	struct ord_target *t = base;

	text_read(r, key, node, base);
	t->by = (enum ord_container_by)key->max;
}

static void socket_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_target *t = base;

	if (!text)
		return;
	if (*text != '/' || strlen(text) >= sizeof t->socket)
		sink_add(r->sink, node, "%s: '%.40s' is not an absolute path of at most %zu bytes",
			 key->name, text, sizeof t->socket - 1);
	else
		(void)snprintf(t->socket, sizeof t->socket, "%s", text);
}

/* container: NAME or ID, or {name: NAME}, {id: ID} */
static void container_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	if (node->kind == NODE_MAP)
		read_map(r, key->table, node, base);
	else
		text_read(r, key, node, base);
}

/* process: {...}, or a name */
static void process_read(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	if (node->kind == NODE_MAP)
		read_map(r, key->table, node, base);
	else
		text_read(r, key, node, base);
}

/* The words are the command's of ord_via, whose keys these are. */
static void via_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const struct key words = {
		.name = key->name, .type = &type_words, .offset = offsetof(struct ord_via, words)};
	struct ord_target *t = base;

	t->via = t->via ? t->via : calloc(1, sizeof *t->via);
	if (t->via)
		type_words.read(r, &words, node, t->via);
	r->no_memory |= !t->via;
}

static const struct type type_target_text = {"a text", text_read, schema_type_target_text};
static const struct type type_pid = {"the number of a process", pid_read, schema_type_pid};
static const struct type type_listening = {"a port: 8080 or '53/udp'", listening_read,
					   schema_type_listening};
static const struct type type_cgroup = {"a path below /sys/fs/cgroup", cgroup_read,
					schema_type_target_text};
static const struct type type_host = {"true", host_read, schema_type_true};
static const struct type type_percent = {"a percentage, as in '25%'", percent_read,
					 schema_type_percent};
static const struct type type_container_text = {"a text", container_text_read,
						schema_type_target_text};
static const struct type type_socket = {"an absolute path", socket_read, schema_type_socket};
static const struct type type_container = {"a name or an id, or a map", container_read,
					   schema_type_text_or_map};
static const struct type type_process = {"a name, or a map", process_read, schema_type_text_or_map};
static const struct type type_via = {"a list of texts", via_read, schema_type_words};

#define LATER(n)                              \
	{                                     \
		.name = n, .flags = KEY_LATER \
	}

static const struct key process_keys[] = {
	{.name = "name",
	 .type = &type_target_text,
	 .min = ORD_TARGET_PROCESS,
	 .help = "the name that ps shows, or the base name of the program"},
	{.name = "pid", .type = &type_pid, .min = ORD_TARGET_PID, .help = "its number"},
	{.name = "listening",
	 .type = &type_listening,
	 .min = ORD_TARGET_LISTENING,
	 .help = "a port that it listens on"},
	{.name = "cgroup",
	 .type = &type_cgroup,
	 .min = ORD_TARGET_CGROUP,
	 .help = "the processes of a control group, by its path below /sys/fs/cgroup"},
	{.name = "unit",
	 .type = &type_target_text,
	 .min = ORD_TARGET_UNIT,
	 .help = "the processes of a systemd unit"},
	LATER("args"),
	LATER("user"),
	LATER("exe"),
};

const struct table table_process = {.name = "process",
				    .path = "spec.faults[].target.process",
				    .help = "Processes of this machine.",
				    .one_of = "name|pid|listening|cgroup|unit",
				    ITEMS(process_keys)};

static const struct key container_keys[] = {
	{.name = "id",
	 .type = &type_container_text,
	 .min = ORD_TARGET_CONTAINER,
	 .max = ORD_BY_ID,
	 .help = "its id, or a unique beginning of it"},
	{.name = "name",
	 .type = &type_container_text,
	 .min = ORD_TARGET_CONTAINER,
	 .max = ORD_BY_NAME,
	 .help = "its name; of a pod's also POD/NAME or NAMESPACE/POD/NAME"},
	{.name = "runtime",
	 .type = &type_choice,
	 .offset = offsetof(struct ord_target, runtime),
	 .choices = ORD_RUNTIMES,
	 .def = "any",
	 .help = "who runs it; any: each that is there is asked, and two that know it are refused"},
	{.name = "socket",
	 .type = &type_socket,
	 .help = "the unix socket of who runs it, where it is not the usual one"},
	LATER("labels"),
	LATER("image"),
};

const struct table table_container = {.name = "container",
				      .path = "spec.faults[].target.container",
				      .help = "A container of this machine.",
				      .one_of = "id|name",
				      ITEMS(container_keys)};

#define CLUSTER(n, k, h)                                                                 \
	{                                                                                \
		.name = #n, .type = &type_cluster_kind, .table = &table_##n, .min = (k), \
		.help = (h)                                                              \
	}
#define BESIDE(n, h)                                                              \
	{                                                                         \
		.name = n, .type = &type_beside, .table = &table_pod, .help = (h) \
	}

static const struct key target_keys[] = {
	{.name = "process",
	 .type = &type_process,
	 .table = &table_process,
	 .min = ORD_TARGET_PROCESS,
	 .help = "processes of this machine; a text is a name"},
	{.name = "pid",
	 .type = &type_pid,
	 .min = ORD_TARGET_PID,
	 .help = "short for process: {pid: N}"},
	{.name = "listening",
	 .type = &type_listening,
	 .min = ORD_TARGET_LISTENING,
	 .help = "short for process: {listening: PORT}"},
	{.name = "cgroup",
	 .type = &type_cgroup,
	 .min = ORD_TARGET_CGROUP,
	 .help = "short for process: {cgroup: PATH}"},
	{.name = "unit",
	 .type = &type_target_text,
	 .min = ORD_TARGET_UNIT,
	 .help = "short for process: {unit: NAME}"},
	{.name = "container",
	 .type = &type_container,
	 .table = &table_container,
	 .min = ORD_TARGET_CONTAINER,
	 .help = "a container of this machine; a text is a name or an id"},
	{.name = "netns",
	 .type = &type_target_text,
	 .min = ORD_TARGET_NETNS,
	 .help = "a network namespace, by path or by its name under /run/netns"},
	{.name = "host", .type = &type_host, .help = "this machine"},
	{.name = "count",
	 .type = &type_count,
	 .offset = offsetof(struct ord_target, count),
	 .min = 1,
	 .max = ORD_CLUSTER_OBJECTS_MAX,
	 .help = "this many of those that match, chosen by the seed"},
	{.name = "percent",
	 .type = &type_percent,
	 .help = "this share of those that match, rounded up, chosen by the seed"},
	{.name = "all",
	 .type = &type_bool,
	 .offset = offsetof(struct ord_target, all),
	 .help = "all that match"},
	CLUSTER(pod, ORD_TARGET_POD, "pods of the cluster; a text is a name"),
	CLUSTER(node, ORD_TARGET_NODE, "nodes of the cluster; a text is a name"),
	CLUSTER(workload, ORD_TARGET_WORKLOAD, "workloads of the cluster; a text is KIND/NAME"),
	CLUSTER(service, ORD_TARGET_SERVICE, "services of the cluster; a text is a name"),
	CLUSTER(object, ORD_TARGET_OBJECT,
		"objects of any kind in the cluster; a text is APIVERSION/KIND/NAME"),
	BESIDE("namespace", "the namespace, beside the short form of a target in the cluster"),
	BESIDE("selector", "the same as in the map of the target"),
	BESIDE("labels", "the same as in the map of the target"),
	BESIDE("fieldSelector", "the same as in the map of the target"),
	{.name = "exclude",
	 .type = &type_exclude,
	 .table = &table_exclude,
	 .help = "who in the cluster is never hit"},
	{.name = "spread",
	 .type = &type_spread,
	 .choices = "node|zone",
	 .help = "choose from as many nodes, or zones, as there are"},
	{.name = "follow",
	 .type = &type_follow,
	 .offset = offsetof(struct ord_kube_target, follow),
	 .help = "pods that come to match while the fault lasts are hit too, up to "
		 "limits.targets"},
	{.name = "via",
	 .type = &type_via,
	 .min = 1,
	 .max = ORD_VIA_WORDS,
	 .help = "the command that leads to ordeal-injector on another machine, where the target "
		 "then is: [ssh, db1, sudo, /usr/libexec/ordeal/ordeal-injector]; no shell"},
	{.name = "viaCopy",
	 .type = &type_bool,
	 .offset = offsetof(struct ord_target, via_copy),
	 .help = "put the static injector where the last word of via says, where another one or "
		 "none is"},
	LATER("device"),
};

static void via_finish(struct reader *r, const struct node *map, struct ord_target *t)
{
	const struct node *via = node_find(map, "via"), *copy = node_find(map, "viaCopy");
	struct ord_err err;

	if (copy && !via)
		sink_add(r->sink, copy, "'viaCopy' goes with 'via', which is not given");
	if (via && ord_target_in_cluster(t->kind))
		sink_add(r->sink, via,
			 "'via' leads to a machine: a target in a cluster takes none");
	if (!t->via || !t->via->words[0])
		return;
	t->via->copy = t->via_copy;
	if (ord_via_check(t->via, &err))
		sink_add(r->sink, via, "via: %s", err.msg);
}

/* None of count, percent, all: exactly one must match. */
static void target_finish(struct reader *r, const struct node *map, void *base)
{
	static const char *const words[] = {"count", "percent", "all"};
	const struct node *first = NULL;
	struct ord_target *t = base;

	for (size_t i = 0; i < map->n; i++)
		for (size_t j = 0; j < ORD_COUNT(words); j++) {
			if (strcmp(map->keys[i]->text, words[j]) != 0)
				continue;
			/* The same key twice has been told. */
			if (first && strcmp(first->text, words[j]) != 0)
				sink_add(r->sink, map->keys[i],
					 "'%s' beside '%s': a target takes one of them", words[j],
					 first->text);
			first = first ? first : map->keys[i];
		}
	if (!ord_target_in_cluster(t->kind) && t->count > ORD_PROCS_MAX)
		sink_add(r->sink, node_find(map, "count"),
			 "count: at most %d processes of a machine are taken", ORD_PROCS_MAX);
	cluster_target_finish(r, map, t);
	via_finish(r, map, t);
}

const struct table table_target = {
	.name = "target",
	.path = "spec.faults[].target",
	.help = "Who is hit. Without count, percent and all, exactly one must match.",
	.one_of =
		"process|pid|listening|cgroup|unit|container|netns|host|pod|node|workload|service|"
		"object",
	ITEMS(target_keys),
	.finish = target_finish,
};
