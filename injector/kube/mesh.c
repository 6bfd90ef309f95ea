#include "injector/kube/mesh.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

void mesh_fault_done(struct mesh_fault *f)
{
	json_decref(f->source);
	f->source = NULL;
}

/* "KEY=VALUE,KEY=VALUE" */
static int source_parse(const char *text, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *labels = json_object();

	while (*text) {
		size_t len = strcspn(text, ",");
		const char *equals = memchr(text, '=', len);
		size_t key = equals ? (size_t)(equals - text) : 0;

		if (key == 0)
			return ord_fail(err, ORD_USAGE, "source: '%.*s' is not KEY=VALUE", (int)len,
					text);
		if (json_object_setn_new(labels, text, key,
					 json_stringn(equals + 1, len - key - 1)) < 0)
			return ord_fail_nomem(err);
		text += len + (text[len] == ',');
	}
	*ret = ord_steal_ptr(labels);
	return 0;
}

/* Istio wants the names of headers in lower case. */
static int header_parse(const char *text, struct mesh_fault *f, struct ord_err *err)
{
	size_t len = strcspn(text, "=");

	if (len == 0 || !text[len])
		return ord_fail(err, ORD_USAGE, "header: '%.64s' is not NAME=VALUE", text);
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("-_:", text[i]))
			return ord_fail(err, ORD_USAGE, "header: '%.*s' is not a header's name",
					(int)len, text);
		f->header[i] = (char)tolower((unsigned char)text[i]);
	}
	f->header[len] = '\0';
	(void)snprintf(f->value, sizeof f->value, "%s", text + len + 1);
	return 0;
}

int mesh_fault_read(const struct ord_args *args, struct mesh_fault *ret, struct ord_err *err)
{
	struct mesh_fault f = {0};

	if (ord_arg_set(args, "delay"))
		f.delay_ns = (uint64_t)ord_arg_int(args, "delay");
	if (ord_arg_set(args, "abort"))
		f.abort = ord_arg_int(args, "abort");
	f.percent_ppm = ord_arg_int(args, "percent");
	if (ord_arg_set(args, "header") && header_parse(ord_arg_text(args, "header"), &f, err) < 0)
		return -1;
	if (ord_arg_set(args, "source") &&
	    source_parse(ord_arg_text(args, "source"), &f.source, err) < 0)
		return -1;
	*ret = f;
	return 0;
}

/* In the largest unit that needs no fraction. */
static json_t *duration(uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *unit;
	} units[] = {{ORD_S, "s"}, {ORD_MS, "ms"}, {ORD_US, "us"}, {1, "ns"}};
	size_t i = 0;
	char text[32];

	while (ns % units[i].ns)
		i++;
	(void)snprintf(text, sizeof text, "%llu%s", (unsigned long long)(ns / units[i].ns),
		       units[i].unit);
	return json_string(text);
}

/* Without it Istio's default is nobody, not everybody. */
static json_t *percentage(const struct mesh_fault *f)
{
	return f->percent_ppm % 10000
		       ? json_pack("{s:f}", "value", (double)f->percent_ppm / 10000.0)
		       : json_pack("{s:I}", "value", (json_int_t)(f->percent_ppm / 10000));
}

static int fault_put(json_t *route, const struct mesh_fault *f, struct ord_err *err)
{
	json_t *fault = json_object_get(route, "fault");

	if (!fault) {
		fault = json_object();
		if (json_object_set_new(route, "fault", fault) < 0)
			return ord_fail_nomem(err);
	}
	if (f->delay_ns &&
	    json_object_set_new(fault, "delay",
				json_pack("{s:o s:o}", "fixedDelay", duration(f->delay_ns),
					  "percentage", percentage(f))) < 0)
		return ord_fail_nomem(err);
	if (f->abort &&
	    json_object_set_new(fault, "abort",
				json_pack("{s:I s:o}", "httpStatus", (json_int_t)f->abort,
					  "percentage", percentage(f))) < 0)
		return ord_fail_nomem(err);
	return 0;
}

/* The object of that key, made where it is not there. Borrowed; NULL: out of memory. */
static json_t *child(json_t *object, const char *key)
{
	json_t *c = json_object_get(object, key);

	if (!c && json_object_set_new(object, key, json_object()) < 0)
		return NULL;
	return c ? c : json_object_get(object, key);
}

enum joined { JOINED, NEVER, FAILED };

/* One block of a route's conditions and the fault's: both must hold. */
static enum joined header_join(json_t *block, const struct mesh_fault *f, struct ord_err *err)
{
	ord_auto(json) json_t *want = json_pack("{s:s}", "exact", f->value);
	json_t *headers = child(block, "headers"), *has;

	has = json_object_get(headers, f->header);
	if (!want || !headers)
		return (void)ord_fail_nomem(err), FAILED;
	if (!has)
		return json_object_set(headers, f->header, want) == 0
			       ? JOINED
			       : ((void)ord_fail_nomem(err), FAILED);
	if (json_equal(has, want))
		return JOINED;
	if (json_object_get(has, "exact"))
		return NEVER;
	(void)ord_fail(err, ORD_USAGE,
		       "header: a route has a condition of its own on '%.64s' that is not an exact "
		       "value; both cannot be asked for in one route",
		       f->header);
	return FAILED;
}

static enum joined source_join(json_t *block, const struct mesh_fault *f, struct ord_err *err)
{
	json_t *labels = child(block, "sourceLabels"), *value;
	const char *key;

	if (!labels)
		return (void)ord_fail_nomem(err), FAILED;
	json_object_foreach (f->source, key, value) {
		const json_t *has = json_object_get(labels, key);

		if (has && !json_equal(has, value))
			return NEVER;
		if (!has && json_object_set(labels, key, value) < 0)
			return (void)ord_fail_nomem(err), FAILED;
	}
	return JOINED;
}

static enum joined block_join(json_t *block, const struct mesh_fault *f, struct ord_err *err)
{
	enum joined j = JOINED;

	if (f->header[0])
		j = header_join(block, f, err);
	if (j == JOINED && f->source)
		j = source_join(block, f, err);
	return j;
}

/* The blocks of `match` are alternatives; one that can never hold is left out, and with the last
 * the route. */
static enum joined match_join(json_t *route, const struct mesh_fault *f, struct ord_err *err)
{
	json_t *match = json_object_get(route, "match");
	size_t i = 0;

	if (!f->header[0] && !f->source)
		return JOINED;
	if (json_array_size(match) == 0) {
		match = json_pack("[{}]");
		if (json_object_set_new(route, "match", match) < 0)
			return (void)ord_fail_nomem(err), FAILED;
	}
	while (i < json_array_size(match)) {
		enum joined j = block_join(json_array_get(match, i), f, err);

		if (j == FAILED)
			return FAILED;
		if (j == NEVER)
			(void)json_array_remove(match, i);
		else
			i++;
	}
	return json_array_size(match) ? JOINED : NEVER;
}

static int append(json_t *block, const json_t *route, const char *name, const struct mesh_fault *f,
		  size_t *faulted, struct ord_err *err)
{
	ord_auto(json) json_t *copy = json_deep_copy(route);
	bool forwards = json_array_size(json_object_get(route, "route")) > 0;
	char named[128];

	if (!copy)
		return ord_fail_nomem(err);
	switch (match_join(copy, f, err)) {
	case FAILED:
		return -1;
	case NEVER:
		return 0;
	case JOINED:
		break;
	}
	(void)snprintf(named, sizeof named, "%s-%zu", name, json_array_size(block));
	if (json_object_set_new(copy, "name", json_string(named)) < 0)
		return ord_fail_nomem(err);
	if (forwards && fault_put(copy, f, err) < 0)
		return -1;
	if (json_array_append(block, copy) < 0)
		return ord_fail_nomem(err);
	if (forwards)
		*faulted = json_array_size(block);
	return 0;
}

int mesh_routes(const json_t *spec, const struct mesh_fault *f, const char *name, json_t **ret,
		struct ord_err *err)
{
	ord_auto(json) json_t *block = json_array();
	const json_t *http = json_object_get(spec, "http"), *route;
	size_t i, faulted = 0;

	if (json_array_size(http) == 0)
		return ord_fail(err, ORD_USAGE,
				json_array_size(json_object_get(spec, "tcp")) +
						json_array_size(json_object_get(spec, "tls"))
					? "it has tcp or tls routes alone: in the mesh a fault is "
					  "a matter of http requests"
					: "it has no http routes");
	json_array_foreach (http, i, route)
		if (append(block, route, name, f, &faulted, err) < 0)
			return -1;
	/* After the last with the fault, what is copied changes nothing. */
	while (json_array_size(block) > faulted)
		(void)json_array_remove(block, json_array_size(block) - 1);
	if (faulted == 0)
		return ord_fail(err, ORD_USAGE,
				"none of its http routes forwards requests that could match "
				"(redirects, direct responses and delegates take no fault)");
	*ret = ord_steal_ptr(block);
	return 0;
}

int mesh_routes_of_host(const char *host, const struct mesh_fault *f, const char *name,
			json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *spec =
		json_pack("{s:[{s:[{s:{s:s}}]}]}", "http", "route", "destination", "host", host);
	json_t *block;

	if (!spec)
		return ord_fail_nomem(err);
	if (mesh_routes(spec, f, name, &block, err) < 0)
		return -1;
	/* With conditions, the others' requests need a route as well. */
	if ((f->header[0] || f->source) &&
	    json_array_append(block, json_array_get(json_object_get(spec, "http"), 0)) < 0) {
		json_decref(block);
		return ord_fail_nomem(err);
	}
	*ret = block;
	return 0;
}

bool mesh_route_is(const json_t *route, const char *name)
{
	const char *has = json_string_value(json_object_get(route, "name"));
	size_t n = strlen(name);

	return has && strncmp(has, name, n) == 0 && has[n] == '-' && has[n + 1] &&
	       strspn(has + n + 1, "0123456789") == strlen(has + n + 1);
}

/* "orders", "orders.shop", "orders.shop.svc", "orders.shop.svc.ANY.DOMAIN" */
static bool host_names(const char *host, const char *its_ns, const char *service, const char *ns)
{
	size_t n = strlen(service), m = strlen(ns);

	if (strncmp(host, service, n) != 0)
		return false;
	if (!host[n])
		return strcmp(its_ns, ns) == 0;
	if (host[n] != '.' || strncmp(host + n + 1, ns, m) != 0)
		return false;
	host += n + 1 + m;
	return !*host || strcmp(host, ".svc") == 0 || strncmp(host, ".svc.", 5) == 0;
}

bool mesh_applies(const json_t *virtual_service, const char *service, const char *ns)
{
	const json_t *spec = json_object_get(virtual_service, "spec"), *item;
	const json_t *gateways = json_object_get(spec, "gateways");
	const char *its_ns = json_string_value(
		json_object_get(json_object_get(virtual_service, "metadata"), "namespace"));
	bool mesh = json_array_size(gateways) == 0;
	size_t i;

	json_array_foreach (gateways, i, item)
		mesh = mesh || (json_is_string(item) && !strcmp(json_string_value(item), "mesh"));
	json_array_foreach (json_object_get(spec, "hosts"), i, item)
		if (mesh && json_is_string(item) &&
		    host_names(json_string_value(item), its_ns ? its_ns : "", service, ns))
			return true;
	return false;
}

/* https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/ */
static bool port_http(const json_t *port)
{
	static const char *const not_http[] = {"https", "mongo", "mysql", "redis",
					       "tcp",	"tls",	 "udp"};
	const char *protocol = json_string_value(json_object_get(port, "protocol"));
	const char *name = json_string_value(json_object_get(port, "appProtocol"));
	size_t n;

	if (protocol && strcmp(protocol, "TCP") != 0)
		return false;
	if (!name)
		name = json_string_value(json_object_get(port, "name"));
	n = name ? strcspn(name, "-") : 0;
	for (size_t i = 0; n && i < ORD_COUNT(not_http); i++)
		if (strlen(not_http[i]) == n && strncasecmp(name, not_http[i], n) == 0)
			return false;
	return true; /* or unnamed: Istio looks at the bytes */
}

bool mesh_service_http(const json_t *service)
{
	const json_t *port;
	size_t i;

	json_array_foreach (json_object_get(json_object_get(service, "spec"), "ports"), i, port)
		if (port_http(port))
			return true;
	return false;
}
