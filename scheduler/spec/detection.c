/* spec.detection and spec.slo: who is asked what was detected, and what users were promised. */
#include "scheduler/spec/detection.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)

static void put(struct reader *r, const struct key *key, void *base, const char *text)
{
	char **place = (char **)(void *)((char *)base + key->offset);

	if (!*place)
		*place = keep_text(r, text);
}

static void path_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (!text)
		return;
	if (*text != '/' || node->size > 4000 || strpbrk(text, "\r\n"))
		sink_add(r->sink, node,
			 "%s: '%.80s' is not a path from '/' on; write it as in '%s'", key->name,
			 text, key->example);
	else
		put(r, key, base, text);
}

static void unit_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:_.\\@-";
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT), *dot;

	if (!text)
		return;
	dot = strrchr(text, '.');
	if (!*text || node->size > 255 || text[strspn(text, letters)])
		sink_add(r->sink, node,
			 "unit: '%.80s' is not the name of a unit, as in 'orders.service'", text);
	else if (!dot || dot == text || !dot[1])
		sink_add(r->sink, node, "unit: '%.80s' lacks its kind; write '%.80s.service'", text,
			 text);
	else
		put(r, key, base, text);
}

/* "127.0.0.1:9199": the part before the port, NULL where there is no port. */
static const char *port_of(const char *text, char *host, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	int64_t port;

	if (!n || ord_parse_int(colon + 1, 1, 65535, &port, NULL))
		return NULL;
	if (*text == '[' && n > 2 && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= size)
		return NULL;
	(void)snprintf(host, size, "%.*s", (int)n, text);
	return host;
}

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* Who may reach it may tell of a detection: nobody but this machine. */
static void listen_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	char host[64];

	if (!text)
		return;
	if (!strncmp(text, "unix:", 5)) {
		if (text[5] == '/' && node->size - 5 < 108)
			put(r, key, base, text);
		else
			sink_add_within(r->sink, node, 5,
					"listen: a socket is named by a path from '/' on, of at "
					"most 107 bytes, as in 'unix:/run/ordeal/hook'");
		return;
	}
	if (!port_of(text, host, sizeof host))
		sink_add(r->sink, node,
			 "listen: '%.80s' is not an address and a port; write it as in "
			 "'127.0.0.1:9199' or 'unix:/run/ordeal/hook'",
			 text);
	else if (!is_loopback(host))
		sink_add(r->sink, node,
			 "listen: '%.60s' is not on loopback, and who reaches it could tell of a "
			 "detection; write '127.0.0.1:%s'",
			 text, strrchr(text, ':') + 1);
	else
		put(r, key, base, text);
}

char *share_meant(const char *text, int64_t ppm, int64_t most, char out[static SHARE_MEANT])
{
	*out = '\0';
	if (!strchr(text, '%') && ppm / 100 <= most)
		(void)snprintf(out, SHARE_MEANT, "; write '%.40s%%'", text);
	return out;
}

static void share_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node,
				       TEXT | 1u << SCALAR_FLOAT | 1u << SCALAR_INT);
	char lo[32], hi[32], meant[SHARE_MEANT];
	struct ord_err err;
	int64_t ppm;

	if (!text)
		return;
	if (ord_parse_ratio(text, &ppm, &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
	else if (ppm < key->min || ppm > key->max)
		sink_add(r->sink, node, "%s: '%s' is not within %s to %s%s", key->name, text,
			 ord_format_percent(key->min, lo), ord_format_percent(key->max, hi),
			 share_meant(text, ppm, key->max, meant));
	else
		*(uint32_t *)(void *)((char *)base + key->offset) = (uint32_t)ppm;
}

static const struct type type_path = {"a path", path_read, schema_type_path};
static const struct type type_unit = {"the name of a unit, as in 'orders.service'", unit_read,
				      schema_type_unit};
static const struct type type_listen = {"an address on loopback, or a socket, as in 'unix:/PATH'",
					listen_read, schema_type_listen};
const struct type type_share = {"a share, as in '99.9%'", share_read, schema_type_share};

#define SOURCE_KEYS(url_text)                                                                      \
	{.name = "url",                                                                            \
	 .type = &type_url,                                                                        \
	 .flags = KEY_REQUIRED,                                                                    \
	 AT(ord_source_spec, url),                                                                 \
	 .example = "url: " url_text,                                                              \
	 .help = "where its API is"},                                                              \
		{.name = "every",                                                                  \
		 .type = &type_duration,                                                           \
		 AT(ord_source_spec, every_ns),                                                    \
		 .def = "1s",                                                                      \
		 .min = 50 * MS,                                                                   \
		 .max = 3600 * SEC,                                                                \
		 .help = "how often it is asked"},                                                 \
		{.name = "timeout",                                                                \
		 .type = &type_duration,                                                           \
		 AT(ord_source_spec, timeout_ns),                                                  \
		 .def = "1s",                                                                      \
		 .min = 10 * MS,                                                                   \
		 .max = 60 * SEC,                                                                  \
		 .help = "when an answer is given up"},                                            \
		{.name = "headers",                                                                \
		 .type = &type_headers,                                                            \
		 AT(ord_source_spec, headers),                                                     \
		 .n_offset = offsetof(struct ord_source_spec, n_headers),                          \
		 .help = "headers that are sent, at most 16; they stand in no plan and no "        \
			 "report"},                                                                \
		{.name = "tokenFile",                                                              \
		 .type = &type_path,                                                               \
		 AT(ord_source_spec, token_file),                                                  \
		 .example = "/run/secrets/token",                                                  \
		 .help = "a file with a token that is sent as 'Authorization: Bearer', read anew " \
			 "when it changes"},                                                       \
	{                                                                                          \
		.name = "insecure", .type = &type_bool, AT(ord_source_spec, insecure),             \
		.def = "false", .help = "take any certificate"                                     \
	}

static void source_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_source_spec *source = base;

	(void)r;
	(void)map;
	source->named = true;
}

static const struct key prometheus_keys[] = {SOURCE_KEYS("http://127.0.0.1:9090")};

const struct table table_prometheus = {
	.name = "prometheus",
	.path = "spec.detection.prometheus",
	.help = "A Prometheus server: its rules, their alerts, and queries.",
	.finish = source_finish,
	ITEMS(prometheus_keys)};

static const struct key webhook_keys[] = {
	{.name = "listen",
	 .type = &type_listen,
	 .flags = KEY_REQUIRED,
	 AT(ord_detection_spec, webhook),
	 .example = "listen: 127.0.0.1:9199",
	 .help = "an address of this machine alone, or 'unix:/PATH'"},
};

const struct table table_webhook = {
	.name = "webhook",
	.path = "spec.detection.alertmanager.webhook",
	.help = "Where ordeal itself receives Alertmanager's notifications while a run lasts; it "
		"tells when somebody would have been told. Name it as a receiver there.",
	ITEMS(webhook_keys)};

/* The webhook is a part of detection, not of the source: it is read by detection's own finish. */
static void webhook_late(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	struct ord_source_spec *source = base;
	struct ord_detection_spec *detection =
		(void *)((char *)source - offsetof(struct ord_detection_spec, alertmanager));

	if (node->kind == NODE_MAP)
		read_map(r, key->table, node, detection);
	else
		want_map(r, key->name, node);
}

static const struct type type_webhook = {"a map", webhook_late, schema_type_map};

static const struct key alertmanager_keys[] = {
	SOURCE_KEYS("http://127.0.0.1:9093"),
	{.name = "webhook",
	 .type = &type_webhook,
	 .table = &table_webhook,
	 .help = "receive its notifications"},
};

const struct table table_alertmanager = {.name = "alertmanager",
					 .path = "spec.detection.alertmanager",
					 .help = "An Alertmanager: what it has received, what it "
						 "suppresses, whom it told.",
					 .finish = source_finish,
					 ITEMS(alertmanager_keys)};

static const struct key log_keys[] = {
	{.name = "name",
	 .type = &type_name,
	 .flags = KEY_REQUIRED,
	 AT(ord_log_spec, name),
	 .example = "name: orders",
	 .help = "what objectives call it, as in 'detect(log:orders) within 5s'"},
	{.name = "file",
	 .type = &type_path,
	 AT(ord_log_spec, file),
	 .example = "/var/log/orders.log",
	 .help = "a file; it is followed when it is rotated or truncated, and may appear later"},
	{.name = "unit",
	 .type = &type_unit,
	 AT(ord_log_spec, unit),
	 .help = "a systemd unit, whose lines are read from the journal"},
	{.name = "match",
	 .type = &type_regex,
	 .flags = KEY_REQUIRED,
	 AT(ord_log_spec, match),
	 .max = 4096,
	 .example = "match: 'failing over'",
	 .help = "a regular expression (POSIX, extended) that a line must match somewhere; lines "
		 "of before the run do not count"},
};

const struct table table_log = {.name = "a log",
				.path = "spec.detection.logs[]",
				.one_of = "file|unit",
				.help = "Lines that mean that the system noticed.",
				ITEMS(log_keys)};

static const struct key log_item = {.name = "logs", .type = &type_map, .table = &table_log};

static const struct key detection_keys[] = {
	{.name = "prometheus",
	 .type = &type_map,
	 .table = &table_prometheus,
	 AT(ord_detection_spec, prometheus),
	 .help = "for 'prometheus:' channels and prom probes"},
	{.name = "alertmanager",
	 .type = &type_map,
	 .table = &table_alertmanager,
	 AT(ord_detection_spec, alertmanager),
	 .help = "for 'alertmanager:' channels"},
	{.name = "logs",
	 .type = &type_list,
	 AT(ord_detection_spec, logs),
	 .item = &log_item,
	 .item_size = sizeof(struct ord_log_spec),
	 .n_offset = offsetof(struct ord_detection_spec, n_logs),
	 .max = ORD_LOGS_MAX,
	 .help = "for 'log:' channels"},
};

const struct table table_detection = {.name = "detection",
				      .path = "spec.detection",
				      .help = "Who is asked what was detected, beside the probes.",
				      ITEMS(detection_keys)};

static void slo_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_slo_spec *slo = base;

	(void)r;
	(void)map;
	slo->set = true;
}

static const struct key slo_keys[] = {
	{.name = "target",
	 .type = &type_share,
	 .flags = KEY_REQUIRED,
	 AT(ord_slo_spec, target_ppm),
	 .min = 1,
	 .max = ORD_PPM - 1,
	 .example = "target: 99.9%",
	 .help = "the share that must be good"},
	{.name = "window",
	 .type = &type_duration,
	 AT(ord_slo_spec, window_ns),
	 .def = "30d",
	 .min = 3600 * SEC,
	 .max = 366 * DAY_NS,
	 .help = "the period over which it must be"},
	{.name = "budgetingMethod",
	 .type = &type_choice,
	 AT(ord_slo_spec, method),
	 .def = "Occurrences",
	 .choices = "Occurrences|Timeslices|RatioTimeslices",
	 .help = "what is counted, as OpenSLO names it: samples, slices of time, or the share of "
		 "good samples in each slice"},
	{.name = "timeSliceTarget",
	 .type = &type_share,
	 AT(ord_slo_spec, slice_target_ppm),
	 .def = "95%",
	 .min = 1,
	 .max = ORD_PPM,
	 .help = "the share of good samples that makes a slice good"},
	{.name = "timeSliceWindow",
	 .type = &type_duration,
	 AT(ord_slo_spec, slice_ns),
	 .def = "1m",
	 .min = 100 * MS,
	 .max = 3600 * SEC,
	 .help = "the length of a slice"},
};

const struct table table_slo = {
	.name = "slo",
	.path = "spec.slo",
	.help = "What users are promised: of it, the report tells how much of the error budget a "
		"repetition burnt and whether burn-rate alerts would have paged.",
	.finish = slo_finish,
	ITEMS(slo_keys)};
