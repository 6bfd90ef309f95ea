#include "tests/cluster/client/client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

struct kube_config *config;
struct kube *k;
char our_ns[64];
struct ord_err err;
const struct kube_kind map_kind = MAP_KIND;

uint64_t soon(void)
{
	return ord_now_ns() + 30 * ORD_S;
}

struct ord_object named(const char *api_version, const char *kind, const char *name)
{
	struct ord_object o = {.uid = ""};

	(void)snprintf(o.api_version, sizeof o.api_version, "%s", api_version);
	(void)snprintf(o.kind, sizeof o.kind, "%s", kind);
	(void)snprintf(o.ns, sizeof o.ns, "%s", our_ns);
	(void)snprintf(o.name, sizeof o.name, "%s", name);
	return o;
}

const char *meta(const json_t *object, const char *key)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(object, "metadata"), key));

	return text ? text : "";
}

json_t *read_json(const char *text)
{
	json_error_t e;
	json_t *j = json_loads(text, 0, &e);

	if (!j)
		fail_msg("%s: %s", e.text, text);
	return j;
}

json_t *make(const struct kube_kind *kind, const char *text)
{
	ord_auto(json) json_t *object = read_json(text);
	json_t *made = NULL;

	must(kube_create(k, kind, our_ns, object, soon(), &made, NULL, &err));
	return made;
}

json_t *make_map(const char *name)
{
	char text[256];

	(void)snprintf(
		text, sizeof text,
		"{\"metadata\":{\"name\":\"%s\",\"labels\":{\"odd\":\"%s\"}},\"data\":{\"n\":"
		"\"0\"}}",
		name, strlen(name) % 2 ? "yes" : "no");
	return make(&map_kind, text);
}

int client_begin(void **state)
{
	static const struct kube_kind namespaces = {"v1", "Namespace", "namespaces", false};
	struct ord_object account;
	char text[128];

	(void)state;
	(void)snprintf(our_ns, sizeof our_ns, "kube-client-%d", getpid());
	if (kube_config_load("kubelab", &config, &err) || kube_open(config, &k, &err)) {
		print_error("%s\n", err.msg);
		return -1;
	}
	(void)snprintf(text, sizeof text, "{\"metadata\":{\"name\":\"%s\"}}", our_ns);
	json_decref(make(&namespaces, text));
	account = named("v1", "ServiceAccount", "default");
	for (unsigned i = 0; kube_get(k, &account, soon(), NULL, NULL, &err); i++) {
		assert_true(i < 300);
		(void)usleep(100000);
	}
	return 0;
}

int client_end(void **state)
{
	struct ord_object o = {.api_version = "v1", .kind = "Namespace"};

	(void)state;
	(void)snprintf(o.name, sizeof o.name, "%s", our_ns);
	(void)kube_delete(k, &o, -1, soon(), NULL, &err);
	kube_close(k);
	kube_config_free(config);
	return 0;
}
