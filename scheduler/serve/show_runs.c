/* Runs that are queued or in progress, as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/serve/serve.h"

const char *show_key(const struct run *r, char out[static 24])
{
	(void)snprintf(out, 24, "d%" PRIu64, r->key);
	return out;
}

static const char *state_name(const struct run *r)
{
	static const char *const names[] = {[RUN_CLAIMED] = "queued",
					    [RUN_QUEUED] = "queued",
					    [RUN_RUNNING] = "running",
					    [RUN_ENDING] = "ending"};

	return names[r->state];
}

static json_t *faults(const struct ord_child_look *look)
{
	json_t *list = json_array();

	for (size_t i = 0; look && i < look->n_faults; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s,s:s,s:s}", "name", look->faults[i].name, "fault",
					look->faults[i].fault, "state", look->faults[i].state));
	return list;
}

static json_t *probes(const struct ord_child_look *look)
{
	json_t *list = json_array();

	for (size_t i = 0; look && i < look->n_probes; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s,s:s}", "name", look->probes[i].name, "role",
					look->probes[i].signal ? "signal" : "user"));
	return list;
}

json_t *show_run(struct ord_serve *s, const struct run *r)
{
	const char *slash = strrchr(r->dir, '/');
	const struct ord_child_look *look = r->look;
	const struct entry *e = run_entry(s, r);
	bool drawn = e && e != store_entry(s, r->id);
	char key[24];

	return json_pack("{s:s,s:s,s:s,s:s*,s:s,s:o,s:o,s:o,s:s,s:s?,s:s?,s:o,s:[I,I],s:o,s:o,s:s}",
			 "run", slash ? slash + 1 : "", "key", show_key(r, key), "name", r->name,
			 "chosen", drawn ? entry_name(s, e) : NULL, "reason",
			 run_reason_name(r->reason), "planned", show_time(r->planned_ns), "at",
			 show_time(r->at_ns), "since",
			 show_time(r->since_ns ? r->since_ns : ORD_NEVER), "state", state_name(r),
			 "waits_for", *r->waits_for ? r->waits_for : NULL, "phase",
			 look ? look->phase : NULL, "phase_since",
			 show_time(r->phase_since_ns ? r->phase_since_ns : ORD_NEVER), "repetition",
			 (json_int_t)(look ? look->rep : 0), (json_int_t)(look ? look->reps : 0),
			 "faults", faults(look), "probes", probes(look), "dir", r->dir);
}

json_t *ord_serve_runs(struct ord_serve *s)
{
	json_t *list = json_array();

	for (const struct run *r = s->first; r; r = r->next)
		(void)json_array_append_new(list, show_run(s, r));
	return json_pack("{s:o}", "runs", list);
}
