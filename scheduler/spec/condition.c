#include "scheduler/spec/condition.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "ordeal/alert.h"
#include "scheduler/spec/scan.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

static const char *const metrics[] = {
	[ORD_METRIC_OK_RATIO] = "ok_ratio", [ORD_METRIC_P50] = "latency.p50",
	[ORD_METRIC_P90] = "latency.p90",   [ORD_METRIC_P95] = "latency.p95",
	[ORD_METRIC_P99] = "latency.p99",   [ORD_METRIC_MAX] = "latency.max",
	[ORD_METRIC_VALUE] = "value",
};

const char *ord_metric_name(enum ord_metric metric)
{
	return metrics[metric];
}

const char *ord_op_name(enum ord_op op)
{
	static const char *const ops[] = {
		[ORD_OP_LT] = "<",  [ORD_OP_LE] = "<=", [ORD_OP_GT] = ">",
		[ORD_OP_GE] = ">=", [ORD_OP_EQ] = "==", [ORD_OP_NE] = "!="};

	return ops[op];
}

static int metric(struct scan *s, const char *name, size_t at, enum ord_metric *ret)
{
	const char *near;

	for (size_t i = 0; i < ORD_COUNT(metrics); i++)
		if (!strcmp(name, metrics[i])) {
			*ret = (enum ord_metric)i;
			return 0;
		}
	near = ord_nearest(name, metrics, ORD_COUNT(metrics));
	return scan_wrong(s, at, "unknown metric '%.40s'; %s%s%s", name,
			  near ? "did you mean '" : "there are ",
			  near ? near
			       : "ok_ratio, latency.p50, .p90, .p95, .p99 and .max, and value",
			  near ? "'?" : "");
}

static const char condition_form[] = "it as in 'orders.ok_ratio >= 0.99 over 5s'";

static bool starts(const char *word, const char *const *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(word, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* The last word as PROBE.METRIC. */
static int subject(struct scan *s, struct ord_condition *c, struct language_probe *probe)
{
	static const char *const channels[] = {
		"prometheus:", "alertmanager:", "kubernetes:", "log:"};
	const char *dot;
	size_t n;

	if (!scan_in_word(*s->word))
		return scan_wrong(s, s->at,
				  "a condition starts with a probe and a metric; write %s",
				  condition_form);
	if (starts(s->word, channels, ORD_COUNT(channels)))
		return scan_wrong(s, s->at,
				  "'%s': a condition is about the samples of a probe; alerts stop "
				  "a run in 'abort', and are detections in 'objectives'",
				  s->word);
	dot = strchr(s->word, '.');
	if (!dot || !dot[1])
		return scan_wrong(s, s->at,
				  "'%s' lacks a metric, as in '%s%sok_ratio' or '%s%slatency.p95'",
				  s->word, s->word, dot ? "" : ".", s->word, dot ? "" : ".");
	n = (size_t)(dot - s->word);
	if (n >= sizeof probe->name)
		return scan_wrong(s, s->at, "the probe's name is longer than %d characters",
				  ORD_NAME_MAX - 1);
	memcpy(probe->name, s->word, n);
	probe->name[n] = '\0';
	probe->at = s->at;
	return metric(s, dot + 1, s->at + n + 1, &c->metric);
}

static int value(struct scan *s, struct ord_condition *c)
{
	struct ord_err err;
	int rc;

	if (!*scan_next(s))
		return scan_wrong(s, s->at, "a value is missing; write %s", condition_form);
	if (c->metric == ORD_METRIC_VALUE)
		rc = ord_parse_decimal(s->word, &c->value, &err);
	else if (c->metric == ORD_METRIC_OK_RATIO)
		rc = ord_parse_ratio(s->word, &c->value, &err);
	else
		rc = ord_parse_duration(s->word, &c->value, &err);
	if (rc)
		return scan_wrong(s, s->at, "%.240s", err.msg);
	if (c->metric == ORD_METRIC_OK_RATIO && c->value > ORD_PPM)
		return scan_wrong(s, s->at,
				  "'%s' is more than all; a ratio is between 0 and 1, or a "
				  "percentage as in '99%%'",
				  s->word);
	return 0;
}

/* "OP VALUE over WINDOW" */
static int comparison(struct scan *s, struct ord_condition *c)
{
	scan_next(s);
	if (scan_operator(s, c->metric == ORD_METRIC_VALUE, &c->op) || value(s, c) ||
	    scan_expect(s, "over", condition_form) ||
	    scan_duration(s, "the window", (int64_t)ORD_MS, 3600 * (int64_t)ORD_S, &c->window_ns))
		return -1;
	return scan_no_more(s);
}

int condition_parse(const char *text, struct ord_condition *ret, struct language_probe *ret_probe,
		    struct language_mistake *ret_mistake)
{
	struct scan s = {.text = text, .p = text, .mistake = ret_mistake};
	struct ord_condition c = {0};
	struct language_probe probe = {0};

	if (scan_fold(&s, c.text, sizeof c.text))
		return -1;
	scan_next(&s);
	if (subject(&s, &c, &probe))
		return -1;
	*ret_probe = probe;
	if (comparison(&s, &c))
		return -1;
	*ret = c;
	return 0;
}

/* "firing" of an alert of Alertmanager is that it has it and does not suppress it. */
static int alert_state(struct scan *s, struct ord_alert *a, struct ord_condition *c)
{
	bool pending = !strcmp(scan_next(s), "pending") && !a->alertmanager;

	if (!pending && strcmp(s->word, "firing") != 0)
		return scan_wrong(s, s->at, "%s is wanted here, as in '%s firing'",
				  a->alertmanager ? "'firing'" : "'firing' or 'pending'",
				  a->alertmanager ? "alertmanager:SlowOrders"
						  : "prometheus:SlowOrders");
	(void)snprintf(c->state, sizeof c->state, "%s", pending ? "pending" : "firing");
	a->stage = pending	     ? ORD_ALERT_PENDING
		   : a->alertmanager ? ORD_ALERT_ACTIVE
				     : ORD_ALERT_FIRING;
	/* "pending" is a longer word than the one that it was read with. */
	if (ord_alert_text(a, c->channel))
		return scan_wrong(s, s->at, "a channel of more than %d bytes", ORD_CHANNEL_MAX - 1);
	return scan_no_more(s);
}

int abort_parse(const char *text, struct ord_condition *ret, struct language_probe *ret_probe,
		struct language_mistake *ret_mistake)
{
	static const char *const alerts[] = {"prometheus:", "alertmanager:"};
	struct scan s = {.text = text, .p = text, .mistake = ret_mistake};
	struct ord_condition c = {0};
	struct ord_alert alert;
	const char *slash;

	scan_next(&s);
	if (!starts(s.word, alerts, ORD_COUNT(alerts)))
		return condition_parse(text, ret, ret_probe, ret_mistake);
	if (scan_fold(&s, c.text, sizeof c.text) || scan_alert(&s, &alert, c.channel))
		return -1;
	slash = memchr(text + s.at, '/', (size_t)(s.p - text) - s.at);
	if (slash && !alert.n_labels)
		return scan_wrong(&s, (size_t)(slash - text),
				  "a stage belongs to detect(); write '%.*s firing'",
				  (int)(slash - text - (ptrdiff_t)s.at), text + s.at);
	*ret_probe = (struct language_probe){0};
	if (alert_state(&s, &alert, &c))
		return -1;
	*ret = c;
	return 0;
}

static void read_with(struct reader *r, const struct key *key, const struct node *node, void *base,
		      int (*parse)(const char *, struct ord_condition *, struct language_probe *,
				   struct language_mistake *))
{
	const char *text = want_scalar(r, key->name, key->type->what, node, 1u << SCALAR_TEXT);
	struct language_mistake m;
	struct language_probe probe;

	if (text && parse(text, base, &probe, &m))
		sink_add_within(r->sink, node, m.at, "%s", m.text);
}

static void condition_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	read_with(r, key, node, base, condition_parse);
}

static void abort_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	read_with(r, key, node, base, abort_parse);
}

const struct type type_condition = {"a condition, as in 'orders.ok_ratio >= 0.99 over 5s'",
				    condition_read, schema_type_condition};
const struct type type_abort = {
	"a condition, as in 'orders.ok_ratio < 0.2 over 5s' or 'alertmanager:SlowOrders firing'",
	abort_read, schema_type_abort};
