/* spec.faults[]: its own keys, and one key that names a fault of the catalogue, with the fault's
 * parameters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define TEXT  (1u << SCALAR_TEXT)
#define INT   (1u << SCALAR_INT)
#define FLOAT (1u << SCALAR_FLOAT)

/* Faults and parameters that later versions build: refused as such, not as unknown. */
static const char later_faults[] = "net.reset|net.dns|net.down|disk.fill|disk.slow|"
				   "disk.error|cgroup.freeze|cgroup.limit|time.skew|unit.stop|"
				   "proc.trace|container.kill|container.pause|syscall.fault";
static const char later_params[] = "host|hosts|cgroup|established|mark";

struct endpoint_parts {
	char *cidr, *ports, *protocol;
};

static void ports_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text =
		want_scalar(r, key->name, key->type->what, node, key->min ? TEXT | INT : INT);
	struct endpoint_parts *parts = base;

	if (text && !parts->ports)
		parts->ports = keep_text(r, text);
}

static const struct type type_endpoint_port = {"a number from 1 to 65535", ports_read,
					       schema_type_endpoint_port};
static const struct type type_endpoint_ports = {"ports, as in '8000-8099'", ports_read,
						schema_type_endpoint_ports};

static const struct key endpoint_keys[] = {
	{.name = "cidr",
	 .type = &type_text,
	 .offset = offsetof(struct endpoint_parts, cidr),
	 .min = 1,
	 .max = 64,
	 .help = "addresses of IPv4 or IPv6, as in '10.0.0.0/8'; none given: all"},
	{.name = "port", .type = &type_endpoint_port, .help = "a port; none given: all"},
	{.name = "ports",
	 .type = &type_endpoint_ports,
	 .min = 1,
	 .help = "a range of ports, as in '8000-8099'"},
	{.name = "protocol",
	 .type = &type_choice_text,
	 .offset = offsetof(struct endpoint_parts, protocol),
	 .choices = "tcp|udp|icmp",
	 .help = "none given: all, and with a port TCP and UDP"},
	{.name = "host", .flags = KEY_LATER},
};

static void endpoint_finish(struct reader *r, const struct node *map, void *base)
{
	const struct node *ports = node_find(map, "ports");

	(void)base;
	if (!map->n)
		sink_add(r->sink, map, "an endpoint needs one of cidr, port, ports and protocol");
	if (ports && node_find(map, "port"))
		sink_add(r->sink, ports, "'ports' beside 'port': an endpoint takes one of them");
}

const struct table table_endpoint = {
	.name = "an endpoint",
	.path = "spec.faults[].*.to[]",
	.help = "Peers of a network fault; a text as in '10.0.0.0/8:5432/tcp' says the same in "
		"short.",
	.keys = endpoint_keys,
	.n = ORD_COUNT(endpoint_keys),
	.finish = endpoint_finish,
};

/* The short form of an endpoint that was written as a map; false: the mistake is in the sink. */
static bool endpoint_text(struct reader *r, const struct node *map, char *out, size_t size)
{
	struct endpoint_parts parts = {0};
	size_t before = r->sink->n_errors;
	bool brackets;

	read_map(r, &table_endpoint, map, &parts);
	brackets = parts.cidr && parts.ports && strchr(parts.cidr, ':');
	(void)snprintf(out, size, "%s%s%s%s%s%s%s", brackets ? "[" : "",
		       parts.cidr ? parts.cidr : "", brackets ? "]" : "", parts.ports ? ":" : "",
		       parts.ports ? parts.ports : "", parts.protocol ? "/" : "",
		       parts.protocol ? parts.protocol : "");
	free(parts.cidr);
	free(parts.ports);
	free(parts.protocol);
	return before == r->sink->n_errors && !r->no_memory;
}

static void read_endpoints(struct reader *r, struct ord_args *args, const struct ord_param *p,
			   const struct node *list)
{
	char buf[2 * ORD_ENDPOINT_TEXT], shown[NODE_SHOWN];
	struct ord_err err;
	const char *text;

	if (list->kind != NODE_LIST || !list->n) {
		sink_add(r->sink, list,
			 "'%s' takes a list of one or more endpoints, as in [':5432/tcp'], not %s",
			 p->name,
			 list->kind == NODE_LIST ? "an empty one" : node_show(list, shown));
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct node *item = list->items[i];

		text = buf;
		if (item->kind == NODE_MAP && !endpoint_text(r, item, buf, sizeof buf))
			continue;
		if (item->kind != NODE_MAP)
			text = want_scalar(r, p->name,
					   "endpoints, as in ':5432/tcp' or {port: 5432}", item,
					   TEXT | INT);
		if (text && ord_args_set(args, p->name, text, &err))
			sink_add(r->sink, item, "%s", err.msg);
	}
}

static unsigned scalars_of(enum ord_param_type type, const char **ret_what)
{
	switch (type) {
	case ORD_PARAM_DURATION:
		*ret_what = "a duration, as in '200ms'";
		return TEXT | INT;
	case ORD_PARAM_PERCENT:
		*ret_what = "a percentage, as in '25%'";
		return TEXT | INT | FLOAT;
	case ORD_PARAM_SIZE:
		*ret_what = "a size, as in '512MiB'";
		return TEXT | INT;
	case ORD_PARAM_RATE:
		*ret_what = "a rate, as in '100MiB/s'";
		return TEXT;
	case ORD_PARAM_COUNT:
		*ret_what = "a whole number";
		return INT;
	case ORD_PARAM_BOOL:
		*ret_what = "true or false";
		return 1u << SCALAR_BOOL;
	case ORD_PARAM_SIGNAL:
		*ret_what = "a signal, as in TERM";
		return TEXT | INT;
	case ORD_PARAM_CPUS:
		*ret_what = "CPUs, as in '0-3,6'";
		return TEXT | INT;
	case ORD_PARAM_CHOICE:
	case ORD_PARAM_TEXT:
	case ORD_PARAM_ENDPOINTS:
		break;
	}
	*ret_what = "a text";
	return TEXT;
}

static const struct ord_param *param_find(const struct ord_fault *fault, const char *name)
{
	for (size_t i = 0; i < fault->n_params; i++)
		if (!strcmp(fault->params[i].name, name))
			return &fault->params[i];
	return NULL;
}

static size_t param_names(const struct ord_fault *fault, const char *names[static ORD_PARAMS_MAX])
{
	for (size_t i = 0; i < fault->n_params; i++)
		names[i] = fault->params[i].name;
	return fault->n_params;
}

static void unknown_param(struct reader *r, const struct ord_fault *fault, const struct node *key)
{
	const char *names[ORD_PARAMS_MAX];

	if (choice_find(later_params, key->text, NULL))
		sink_add(r->sink, key, "'%s' of %s is not in this version", key->text, fault->name);
	else if (choice_find("target|peer|at|for|engine", key->text, NULL))
		sink_add(r->sink, key, "unknown key '%s' in %s; it belongs beside '%s', not in it",
			 key->text, fault->name, fault->name);
	else
		unknown_word(r, key, 0, "key", key->text, fault->name, names,
			     param_names(fault, names));
}

static void read_param(struct reader *r, struct ord_args *args, const struct node *key,
		       const struct node *node)
{
	const struct ord_param *p = param_find(args->fault, key->text);
	const char *what, *text;
	struct ord_err err;
	unsigned kinds;

	if (!p) {
		unknown_param(r, args->fault, key);
		return;
	}
	if (p->type == ORD_PARAM_ENDPOINTS) {
		read_endpoints(r, args, p, node);
		return;
	}
	kinds = scalars_of(p->type, &what);
	text = want_scalar(r, p->name, what, node, kinds);
	if (!text)
		return;
	if (p->type == ORD_PARAM_CHOICE && !choice_find(p->choices, text, NULL)) {
		unknown_choice(r, node, p->name, text, p->choices);
		return;
	}
	if (p->type == ORD_PARAM_BOOL)
		text = *text == 't' || *text == 'T' ? "true" : "false";
	if (ord_args_set(args, p->name, text, &err))
		sink_add(r->sink, node, "%s", err.msg);
}

/* What is missing, and what goes not together. */
static void finish_params(struct reader *r, struct ord_args *args, const struct node *key,
			  const struct node *body, size_t before)
{
	const struct ord_fault *fault = args->fault;
	const struct node *about = NULL;
	const char *names[ORD_PARAMS_MAX];
	struct ord_err err;

	for (size_t i = 0; i < fault->n_params; i++)
		if (fault->params[i].required && !node_find(body, fault->params[i].name) &&
		    !misspelt(body, fault->params[i].name, names, param_names(fault, names)))
			sink_add(r->sink, key, "%s lacks '%s': %s", fault->name,
				 fault->params[i].name, fault->params[i].help);
	if (before != r->sink->n_errors || !ord_args_finish(args, &err))
		return;
	for (size_t i = 0; i < fault->n_params && !about; i++) {
		size_t n = strlen(fault->params[i].name);

		if (!strncmp(err.msg, fault->params[i].name, n) && err.msg[n] == ':')
			about = node_find(body, fault->params[i].name);
	}
	sink_add(r->sink, about ? about : key, "%s", err.msg);
}

static void read_fault(struct reader *r, const struct ord_fault *fault, const struct node *key,
		       const struct node *body, struct ord_fault_spec *spec)
{
	const bool empty =
		body->kind == NODE_SCALAR && !body->quoted && body->scalar == SCALAR_NULL;
	size_t before = r->sink->n_errors;

	if (spec->args) {
		sink_add(r->sink, key,
			 "'%s' beside '%s': a fault has one effect; write a second item",
			 fault->name, spec->args->fault->name);
		return;
	}
	if (body->kind != NODE_MAP && !empty) {
		want_map(r, fault->name, body);
		return;
	}
	spec->args = calloc(1, sizeof *spec->args);
	if (!spec->args) {
		r->no_memory = true;
		return;
	}
	ord_args_init(spec->args, fault);
	for (size_t i = 0; i < body->n; i++)
		read_param(r, spec->args, body->keys[i], body->items[i]);
	finish_params(r, spec->args, key, body, before);
}

static size_t fault_names(const char **names, size_t max)
{
	size_t n = 0;

	for (; n < ord_n_faults && n < max; n++)
		names[n] = ord_faults[n].name;
	return n;
}

const struct node *fault_body(const struct node *item, const struct node **ret_key)
{
	for (size_t i = 0; item->kind == NODE_MAP && i < item->n; i++)
		if (ord_fault_find(item->keys[i]->text)) {
			if (ret_key)
				*ret_key = item->keys[i];
			return item->items[i];
		}
	return NULL;
}

/* Takes a fault's name. */
static bool fault_other(struct reader *r, const struct node *map, size_t i, void *base)
{
	const struct node *key = map->keys[i];
	const struct ord_fault *fault = ord_fault_find(key->text);
	const struct node *fault_key = NULL;
	const char *names[64];

	(void)fault_body(map, &fault_key);
	if (fault)
		read_fault(r, fault, key, map->items[i], base);
	else if (choice_find(later_faults, key->text, NULL))
		sink_add(r->sink, key, "the fault '%s' is not in this version", key->text);
	else if (fault_key && param_find(ord_fault_find(fault_key->text), key->text))
		sink_add(r->sink, key, "'%s' belongs in %s, not beside it", key->text,
			 fault_key->text);
	else if (strchr(key->text, '.'))
		unknown_word(r, key, 0, "fault", key->text, "", names,
			     fault_names(names, ORD_COUNT(names)));
	else
		return false;
	return true;
}

static void check_engine(struct reader *r, const struct node *map,
			 const struct ord_fault_spec *spec)
{
	const struct ord_fault *fault = spec->args->fault;
	const struct node *node = node_find(map, "engine");

	if (!*spec->engine || choice_find(fault->engines, spec->engine, NULL))
		return;
	if (!*fault->engines) {
		sink_add(r->sink, node, "engine: %s has but one way to do it; leave the key out",
			 fault->name);
	} else {
		unknown_choice(r, node, "engine", spec->engine, fault->engines);
	}
}

/* "processes or the host" */
static void takes(unsigned targets, size_t size, char *out)
{
	static const struct {
		unsigned bit, unless;
		const char *words;
	} all[] = {
		{ORD_ON_NET, ORD_ON_PROCESS, "a network namespace"},
		{ORD_ON_PROCESS | ORD_ON_NET | ORD_ON_CGROUP, 0, "processes"},
		{ORD_ON_POD, 0, "pods"},
		{ORD_ON_NODE, 0, "nodes"},
		{ORD_ON_WORKLOAD, 0, "workloads"},
		{ORD_ON_SERVICE, 0, "services"},
		{ORD_ON_OBJECT, 0, "objects"},
		{ORD_ON_HOST, 0, "the host"},
	};
	size_t n = 0, left = 0;

	for (size_t i = 0; i < ORD_COUNT(all); i++)
		left += targets & all[i].bit && !(targets & all[i].unless);
	*out = '\0';
	for (size_t i = 0; i < ORD_COUNT(all) && n < size; i++) {
		if (!(targets & all[i].bit) || targets & all[i].unless)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s", all[i].words,
				      left == 1	  ? ""
				      : left == 2 ? " or "
						  : ", ");
		left--;
	}
}

static void check_target(struct reader *r, const struct node *map,
			 const struct ord_fault_spec *spec)
{
	static const unsigned gives[] = {
		[ORD_TARGET_UNSET] = ~0u,
		[ORD_TARGET_HOST] = ORD_ON_HOST,
		[ORD_TARGET_PID] = ORD_ON_PROCESS | ORD_ON_NET | ORD_ON_CGROUP,
		[ORD_TARGET_PROCESS] = ORD_ON_PROCESS | ORD_ON_NET | ORD_ON_CGROUP,
		[ORD_TARGET_LISTENING] = ORD_ON_PROCESS | ORD_ON_NET | ORD_ON_CGROUP,
		[ORD_TARGET_CGROUP] = ORD_ON_PROCESS | ORD_ON_NET | ORD_ON_CGROUP,
		[ORD_TARGET_UNIT] = ORD_ON_PROCESS | ORD_ON_NET | ORD_ON_CGROUP,
		[ORD_TARGET_CONTAINER] = ORD_ON_PROCESS | ORD_ON_NET | ORD_ON_CGROUP,
		[ORD_TARGET_NETNS] = ORD_ON_NET,
		[ORD_TARGET_POD] = ORD_ON_POD,
		[ORD_TARGET_NODE] = ORD_ON_NODE,
		[ORD_TARGET_WORKLOAD] = ORD_ON_WORKLOAD,
		[ORD_TARGET_SERVICE] = ORD_ON_SERVICE,
		[ORD_TARGET_OBJECT] = ORD_ON_OBJECT,
	};
	const struct ord_fault *fault = spec->args->fault;
	const struct node *target = node_find(map, "target");
	char words[160];

	if (!target || gives[spec->target.kind] & fault->targets)
		return;
	takes(fault->targets, sizeof words, words);
	sink_add(r->sink, target, "%s cannot take %s as its target; it takes %s", fault->name,
		 spec->target.kind == ORD_TARGET_HOST	     ? "the host"
		 : spec->target.kind == ORD_TARGET_NETNS     ? "a network namespace"
		 : !ord_target_in_cluster(spec->target.kind) ? "processes"
		 : spec->target.kind == ORD_TARGET_POD	     ? "pods"
		 : spec->target.kind == ORD_TARGET_NODE	     ? "nodes"
		 : spec->target.kind == ORD_TARGET_WORKLOAD  ? "workloads"
		 : spec->target.kind == ORD_TARGET_SERVICE   ? "services"
							     : "objects",
		 words);
}

static void fault_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_fault_spec *spec = base;

	if (!spec->args) {
		for (size_t i = 0; i < map->n; i++)
			if (strchr(map->keys[i]->text, '.') || ord_fault_find(map->keys[i]->text))
				return; /* said already */
		sink_add(r->sink, map,
			 "a fault needs a key that says what is done, as in 'net.delay: {delay: "
			 "200ms}'");
		return;
	}
	check_engine(r, map, spec);
	check_target(r, map, spec);
	peer_check(r, map, spec);
}

static void engine_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_fault_spec *spec = base;

	if (!text)
		return;
	if (!*text || strlen(text) >= sizeof spec->engine)
		sink_add(r->sink, node, "'%s' takes the name of an engine", key->name);
	else
		(void)snprintf(spec->engine, sizeof spec->engine, "%s", text);
}

static const struct type type_engine = {"the name of an engine", engine_read, schema_type_engine};

static const struct key fault_keys[] = {
	{.name = "name",
	 .type = &type_name,
	 .flags = KEY_REQUIRED,
	 .example = "name: slow-database",
	 .help = "what reports call it"},
	{.name = "target",
	 .type = &type_map,
	 .table = &table_target,
	 .flags = KEY_REQUIRED,
	 .offset = offsetof(struct ord_fault_spec, target),
	 .example = "target: {process: {name: orders}}",
	 .help = "who is hit"},
	{.name = "peer",
	 .type = &type_map,
	 .table = &table_target,
	 .offset = offsetof(struct ord_fault_spec, peer),
	 .example = "peer: {container: db}",
	 .help = "of a network fault: the other side, as a target is named; it is limited to what "
		 "goes to and from its addresses, which are looked up when the run begins, and "
		 "'to' then names its ports alone; a net.partition cuts both ways"},
	{.name = "at",
	 .type = &type_duration,
	 .offset = offsetof(struct ord_fault_spec, at_ns),
	 .def = "0s",
	 .max = DAY_NS,
	 .help = "when it is injected, from the start of the repetition's faults"},
	{.name = "for",
	 .type = &type_duration,
	 .flags = KEY_REQUIRED,
	 .offset = offsetof(struct ord_fault_spec, for_ns),
	 .min = 1000000,
	 .max = DAY_NS,
	 .example = "for: 30s",
	 .help = "how long it is held"},
	{.name = "engine",
	 .type = &type_engine,
	 .help = "the way to do it, where there are several; none given: the best that works here"},
	{.name = "via", .flags = KEY_LATER},
};

const struct table table_fault = {
	.name = "a fault",
	.path = "spec.faults[]",
	.help = "One fault: these keys, and one that names what is done (see FAULTS) with its "
		"parameters.",
	.keys = fault_keys,
	.n = ORD_COUNT(fault_keys),
	.other = fault_other,
	.finish = fault_finish,
	.schema = schema_faults,
	.names = fault_names,
};
