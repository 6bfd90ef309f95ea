/* What only the whole of an experiment can tell of channels: whether anybody is there to ask. */
#include <string.h>

#include "base/auto.h"
#include "ordeal/alert.h"
#include "scheduler/spec/detection.h"

static void lacks(struct reader *r, const struct node *node, const char *channel, const char *line)
{
	sink_add(r->sink, node, "'%.100s': nobody is named to ask; add '%s'", channel, line);
}

static void check_log(struct reader *r, const struct node *node, const char *channel,
		      const struct ord_spec *spec)
{
	const char *names[ORD_LOGS_MAX], *name = channel + strlen("log:");
	const char *at = node->kind == NODE_SCALAR ? strstr(node->text, channel) : NULL;

	for (size_t i = 0; i < spec->detection.n_logs; i++) {
		if (!strcmp(spec->detection.logs[i].name, name))
			return;
		names[i] = spec->detection.logs[i].name;
	}
	if (!spec->detection.n_logs)
		lacks(r, node, channel,
		      "detection: {logs: [{name: NAME, file: /PATH, match: EXPRESSION}]}");
	else
		unknown_word(r, node, at ? (size_t)(at - node->text) + 4 : 0, "log", name, "",
			     names, spec->detection.n_logs);
}

void check_source(struct reader *r, const struct node *node, enum ord_channel_kind source,
		  const char *channel, const struct ord_spec *spec)
{
	const struct ord_detection_spec *d = &spec->detection;
	struct ord_that_mistake m;
	struct ord_alert alert;

	switch (source) {
	case ORD_CHANNEL_PROMETHEUS:
		if (!d->prometheus.named)
			lacks(r, node, channel,
			      "detection: {prometheus: {url: \"http://127.0.0.1:9090\"}}");
		break;
	case ORD_CHANNEL_ALERTMANAGER:
		if (!d->alertmanager.named)
			lacks(r, node, channel,
			      "detection: {alertmanager: {url: \"http://127.0.0.1:9093\"}}");
		else if (!d->webhook && !ord_alert_parse(channel, &alert, &m) &&
			 alert.stage == ORD_ALERT_NOTIFIED)
			sink_add(r->sink, node,
				 "'%.100s': only a webhook tells who was notified; add 'webhook: "
				 "{listen: \"127.0.0.1:9199\"}' to detection.alertmanager, and a "
				 "receiver there to Alertmanager's own configuration",
				 channel);
		break;
	case ORD_CHANNEL_LOG:
		check_log(r, node, channel, spec);
		break;
	case ORD_CHANNEL_PROBE:
	case ORD_CHANNEL_KUBERNETES:
	case ORD_CHANNEL_MARK:
		break;
	}
}

static void check_logs(struct reader *r, const struct node *list, const struct ord_spec *spec)
{
	for (size_t i = 1; list && list->kind == NODE_LIST && i < spec->detection.n_logs; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(spec->detection.logs[i].name, spec->detection.logs[j].name)) {
				sink_add(r->sink, list->items[i],
					 "two logs are called '%s'; each needs a name of its own",
					 spec->detection.logs[i].name);
				break;
			}
}

static void check_prom_probes(struct reader *r, const struct node *probes,
			      const struct ord_spec *spec)
{
	for (size_t i = 0; i < spec->n_probes; i++) {
		const struct ord_probe_spec *p = &spec->probes[i];
		const struct node *prom = node_find(probes->items[i], "prom");

		/* A url that is wrong was said to be. */
		if (p->kind == ORD_PROBE_PROM && !node_find(prom, "url") &&
		    !spec->detection.prometheus.named)
			sink_add(r->sink, probes->items[i],
				 "the probe '%s' names no Prometheus; add 'detection: {prometheus: "
				 "{url: \"http://127.0.0.1:9090\"}}', or a 'url' to its prom",
				 p->name);
	}
}

void check_detection(struct reader *r, const struct node *root, const struct ord_spec *spec)
{
	const struct node *node = node_find(root, "spec"), *probes = node_find(node, "probes");

	check_logs(r, node_find(node_find(node, "detection"), "logs"), spec);
	if (probes && probes->kind == NODE_LIST)
		check_prom_probes(r, probes, spec);
}
