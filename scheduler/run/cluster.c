/* What a run has to do with a cluster: one connection, opened before anything is done; and what is
 * watched there, as lines of the timeline. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/cluster.h"
#include "scheduler/run/machine.h"

static bool asks_for_any(const struct ord_spec *spec)
{
	for (size_t i = 0; i < spec->n_faults; i++)
		if (ord_target_is_asked_for(&spec->faults[i].target))
			return true;
	return false;
}

static int check_cluster(struct run *r, struct ord_err *err)
{
	if (ord_cluster_version(r->cluster, r->cluster_version, err))
		return ord_wrap(err, "the cluster");
	return ord_cluster_preflight(r->cluster, r->plan, r->options->tell, r->options->arg, err);
}

int run_cluster_open(struct run *r, struct ord_err *err)
{
	if (ord_cluster_for(r->spec, r->options->context, r->loop, &r->cluster, err) ||
	    (r->cluster && check_cluster(r, err)))
		return -1;
	return asks_for_any(r->spec) ? run_finder_open(r->plan, r->cluster, r->loop, run_found, r,
						       &r->finder, err)
				     : 0;
}

int run_cluster_find(struct run *r, struct ord_err *err)
{
	return r->finder ? run_finder_start(r->finder, r->rep, err) : 1;
}

int run_cluster_target(struct run *r, size_t fault, struct ord_resolved *ret, struct ord_err *err)
{
	return ord_target_is_asked_for(&r->spec->faults[fault].target)
		       ? run_finder_take(r->finder, fault, ret, &r->faults[fault].holder, err)
		       : ord_plan_resolve(r->plan, fault, r->rep, ret, err);
}

json_t *run_cluster_json(const struct run *r)
{
	json_t *warnings = json_array(), *out;

	for (size_t i = 0; warnings && *ord_cluster_warning(r->cluster, i); i++)
		(void)json_array_append_new(warnings,
					    json_string(ord_cluster_warning(r->cluster, i)));
	out = json_pack("{s:s, s:s, s:s, s:s}", "context", ord_cluster_context(r->cluster), "name",
			ord_cluster_name(r->cluster), "server", ord_cluster_server(r->cluster),
			"version", r->cluster_version);
	if (out && json_array_size(warnings))
		(void)json_object_set(out, "warnings", warnings);
	json_decref(warnings);
	return out;
}

/* The offset of the API server's clock is told against our wall clock of now; on the timeline that
 * clock is the anchor of the first line, which no step moves. */
static void on_run_clock(const struct run *r, json_t *line)
{
	const json_t *offset = json_object_get(line, "offset_ns");
	int64_t moved = (int64_t)(ord_wall_ns() - ord_now_ns()) - r->anchor_ns;

	if (json_array_size(offset) != 2)
		return;
	(void)json_object_set_new(
		line, "offset_ns",
		json_pack("[I, I]",
			  json_integer_value(json_array_get(offset, 0)) + (json_int_t)moved,
			  json_integer_value(json_array_get(offset, 1)) + (json_int_t)moved));
}

static void on_line(void *arg, json_t *line, uint64_t at_ns)
{
	struct run *r = arg;

	if (!line)
		return;
	on_run_clock(r, line);
	(void)json_object_set_new(line, "rep", json_integer((json_int_t)r->rep));
	(void)json_object_set_new(line, "at_t", json_integer(run_timeline_t(r->tl, at_ns)));
	run_timeline_line(r->tl, "kube", line);
}

int run_cluster_targets(struct run *r, struct ord_err *err)
{
	const struct ord_place *places[ORD_FAULTS_MAX];

	if (!r->observer)
		return 0;
	for (size_t i = 0; i < r->spec->n_faults; i++)
		places[i] = &r->faults[i].resolved.place;
	return ord_observer_targets(r->observer, places, r->spec->n_faults, err);
}

int run_cluster_observe(struct run *r, struct ord_err *err)
{
	if (!r->cluster)
		return 0;
	if (ord_cluster_observe(r->cluster, r->plan, on_line, r, &r->observer, err))
		return -1;
	return run_cluster_targets(r, err);
}

void run_cluster_unobserve(struct run *r)
{
	run_finder_close(r->finder);
	r->finder = NULL;
	ord_observer_close(r->observer);
	r->observer = NULL;
}

void run_cluster_close(struct run *r)
{
	run_cluster_unobserve(r);
	ord_cluster_close(r->cluster);
	r->cluster = NULL;
}
