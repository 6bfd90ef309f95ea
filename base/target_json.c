/* A target as it is described, in the form of the protocol (docs/formats/protocol.md). */
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/target.h"

struct json_t *ord_target_to_json(const struct ord_target *t)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:I, s:I}", "kind",
			 ord_target_kind_name(t->kind), "text", t->text, "runtime",
			 ord_runtime_name(t->runtime), "by", (int)t->by, "socket", t->socket, "all",
			 t->all, "count", (json_int_t)t->count, "percent_ppm",
			 (json_int_t)t->percent_ppm);
}

/* Of one machine: host to netns. */
static int kind_from_json(const json_t *json, enum ord_target_kind *ret, struct ord_err *err)
{
	const char *text;

	if (ord_json_text(json, "kind", 16, &text, err))
		return -1;
	for (int k = ORD_TARGET_HOST; !ord_target_in_cluster((enum ord_target_kind)k); k++) {
		if (!strcmp(ord_target_kind_name((enum ord_target_kind)k), text)) {
			*ret = (enum ord_target_kind)k;
			return 0;
		}
	}
	return ord_fail(err, ORD_USAGE, "kind: '%.16s' is no target of a machine", text);
}

/* Of a container. */
static int runtime_from_json(const json_t *json, struct ord_target *t, struct ord_err *err)
{
	char name[16] = "";
	uint64_t by = ORD_BY_EITHER;

	if (ord_json_opt_copy(json, "runtime", name, sizeof name, err) ||
	    ord_json_opt_copy(json, "socket", t->socket, sizeof t->socket, err) ||
	    ord_json_opt_uint(json, "by", ORD_BY_NAME, &by, err))
		return -1;
	t->by = (enum ord_container_by)by;
	for (int r = ORD_RUNTIME_ANY; *name && r <= ORD_RUNTIME_CONTAINERD; r++) {
		t->runtime = (enum ord_runtime)r;
		if (!strcmp(ord_runtime_name(t->runtime), name))
			return 0;
	}
	return *name ? ord_fail(err, ORD_USAGE, "runtime: '%s' is none", name) : 0;
}

int ord_target_from_json(struct ord_target *ret, struct json_t *json, struct ord_err *err)
{
	static const char *const keys[] = {"kind",   "text", "runtime", "by",
					   "socket", "all",  "count",	"percent_ppm"};
	struct ord_target t = {0};
	uint64_t count = 0, ppm = 0;

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) || kind_from_json(json, &t.kind, err) ||
	    ord_json_opt_copy(json, "text", t.text, sizeof t.text, err) ||
	    runtime_from_json(json, &t, err) || ord_json_opt_bool(json, "all", &t.all, err) ||
	    ord_json_opt_uint(json, "count", ORD_PROCS_MAX, &count, err) ||
	    ord_json_opt_uint(json, "percent_ppm", 1000000, &ppm, err))
		return -1;
	t.count = (uint32_t)count;
	t.percent_ppm = (uint32_t)ppm;
	*ret = t;
	return 0;
}
