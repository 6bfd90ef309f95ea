/* What the rules say of a fault of the planned length: which alerts it can make fire. */
#include "base/auto.h"
#include "base/json.h"
#include "scheduler/monitor/module/member.h"
#include "scheduler/monitor/module/monitor.h"
#include "scheduler/monitor/read/needs.h"

/* Without an interval of the scrapes nothing is sure, and nothing impossible. */
static void judge_length(json_t *e, uint64_t scrape_ns, uint64_t fault_ns)
{
	struct mon_needs needs;

	if (!scrape_ns) {
		(void)json_object_set_new(e, "can_fire",
					  json_string(mon_can_name(MON_CAN_PERHAPS)));
		return;
	}
	mon_set_ns(e, "scrape_interval_ns", scrape_ns);
	/* What a recording rule makes of a sample comes one more evaluation later. */
	needs = mon_needs_of(scrape_ns + mon_ns_at(e, "recorded_ns"), mon_ns_at(e, "interval_ns"),
			     mon_ns_at(e, "for_ns"));
	mon_set_ns(e, "needs_ns", needs.guaranteed_ns);
	mon_set_ns(e, "impossible_below_ns", needs.impossible_ns);
	(void)json_object_set_new(e, "can_fire",
				  json_string(mon_can_name(mon_can_fire(&needs, fault_ns))));
}

static void judge_entry(const struct ord_monitor *m, json_t *e, uint64_t longest_ns,
			uint64_t fault_ns)
{
	uint64_t scrape_ns = mon_ns_at(e, "scrape_interval_ns");

	judge_length(e, scrape_ns ? scrape_ns : longest_ns, fault_ns);
	if (m->routes) {
		ord_auto(json) json_t *labels = json_copy(json_object_get(e, "labels"));
		struct mon_route route;

		if (!labels)
			labels = json_object();
		(void)json_object_set(labels, "alertname", json_object_get(e, "alert"));
		route = mon_routes_find(m->routes, labels, false);
		(void)json_object_set_new(e, "route", mon_route_json(&route));
	}
}

/* The grid of those that matter: the named ones, or all. */
static struct ord_monitor_grid grid_of(const json_t *rules, const struct ord_monitor_grid *all)
{
	struct ord_monitor_grid grid = {0};
	const json_t *e;
	size_t i;

	json_array_foreach (rules, i, e) {
		uint64_t scrape = mon_ns_at(e, "scrape_interval_ns"),
			 every = mon_ns_at(e, "interval_ns");

		if (!mon_true_at(e, "named"))
			continue;
		grid.scrape_ns = scrape > grid.scrape_ns ? scrape : grid.scrape_ns;
		grid.evaluation_ns = every > grid.evaluation_ns ? every : grid.evaluation_ns;
	}
	return grid.evaluation_ns ? grid : *all;
}

/* {"peers", "before": those that notify before this one}, where there are several; owned. */
static json_t *cluster_of(const struct ord_monitor *m)
{
	return json_pack("{s:I, s:I}", "peers", (json_int_t)m->n_peers, "before",
			 (json_int_t)m->n_before);
}

json_t *mon_rules_judge(struct ord_monitor *m, json_t *rules, const struct ord_monitor_grid *all)
{
	uint64_t fault_ns = mon_fault_length(m->plan);
	json_t *line = json_pack("{s:s, s:O, s:I}", "source", "prometheus", "rules", rules,
				 "fault_ns", (json_int_t)fault_ns);
	json_t *e;
	size_t i;

	if (!line)
		return NULL;
	json_array_foreach (rules, i, e)
		judge_entry(m, e, all->scrape_ns, fault_ns);
	m->grid = grid_of(rules, all);
	if (m->routes) {
		struct mon_route root = mon_routes_find(m->routes, NULL, false);

		(void)json_object_set_new(line, "route", mon_route_json(&root));
	}
	if (m->n_peers > 1)
		(void)json_object_set_new(line, "cluster", cluster_of(m));
	return line;
}
