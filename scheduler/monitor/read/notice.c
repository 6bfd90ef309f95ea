#include "scheduler/monitor/read/notice.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

#define TEXT_MAX  8192
#define LABEL_MAX 64

static int labels_of(const json_t *alert, const json_t **ret, struct ord_err *err)
{
	const char *name;
	json_t *labels, *value;

	if (ord_json_object(alert, "labels", &labels, err))
		return -1;
	if (json_object_size(labels) > LABEL_MAX)
		return ord_fail(err, ORD_USAGE, "an alert with more than %d labels", LABEL_MAX);
	json_object_foreach (labels, name, value)
		if (!json_is_string(value))
			return ord_fail(err, ORD_USAGE, "the label '%.60s' is no text", name);
	if (!json_object_get(labels, "alertname"))
		return ord_fail(err, ORD_USAGE, "an alert without the label 'alertname'");
	*ret = labels;
	return 0;
}

static int status_of(const json_t *object, bool *ret_firing, struct ord_err *err)
{
	const char *status;

	if (ord_json_text(object, "status", 16, &status, err))
		return -1;
	*ret_firing = !strcmp(status, "firing");
	if (!*ret_firing && strcmp(status, "resolved") != 0)
		return ord_fail(err, ORD_USAGE, "status '%s' is neither firing nor resolved",
				status);
	return 0;
}

static int alert_of(const json_t *json, struct mon_notice_alert *ret, struct ord_err *err)
{
	ret->ends = ret->fingerprint = "";
	if (labels_of(json, &ret->labels, err) || status_of(json, &ret->firing, err) ||
	    ord_json_text(json, "startsAt", 64, &ret->starts, err) ||
	    ord_json_opt_text(json, "endsAt", 64, &ret->ends, err) ||
	    ord_json_opt_text(json, "fingerprint", 64, &ret->fingerprint, err))
		return -1;
	if (ord_parse_utc(ret->starts, &ret->starts_ns))
		return ord_fail(err, ORD_USAGE, "startsAt '%s' is no time", ret->starts);
	return 0;
}

static int version_of(const json_t *json, struct ord_err *err)
{
	const char *version;

	if (ord_json_text(json, "version", 16, &version, err))
		return -1;
	if (strcmp(version, "4") != 0)
		return ord_fail(err, ORD_USAGE,
				"version '%s' of the webhook's payload; this reads version 4",
				version);
	return 0;
}

static int read_all(struct mon_notice *n, struct ord_err *err)
{
	json_t *alerts;
	bool firing;

	n->receiver = n->group_key = "";
	if (version_of(n->json, err) || status_of(n->json, &firing, err) ||
	    ord_json_opt_text(n->json, "receiver", TEXT_MAX, &n->receiver, err) ||
	    ord_json_opt_text(n->json, "groupKey", TEXT_MAX, &n->group_key, err) ||
	    ord_json_opt_int(n->json, "truncatedAlerts", 0, INT64_MAX, &n->truncated, err) ||
	    ord_json_array(n->json, "alerts", MON_NOTICE_ALERTS, &alerts, err))
		return -1;
	n->n = json_array_size(alerts);
	n->v = calloc(n->n + 1, sizeof *n->v);
	if (!n->v)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < n->n; i++)
		if (alert_of(json_array_get(alerts, i), &n->v[i], err))
			return ord_wrap(err, "alert %zu", i + 1);
	return 0;
}

int mon_notice_parse(const char *text, size_t size, struct mon_notice *ret, struct ord_err *err)
{
	static const struct ord_json_limits limits = {.size = MON_NOTICE_SIZE, .depth = 8};
	struct mon_notice n = {0};

	if (ord_json_parse(text, size, &limits, &n.json, err))
		return -1;
	if (read_all(&n, err)) {
		mon_notice_done(&n);
		return -1;
	}
	*ret = n;
	return 0;
}

void mon_notice_done(struct mon_notice *n)
{
	json_decref(n->json);
	free(n->v);
	*n = (struct mon_notice){0};
}
