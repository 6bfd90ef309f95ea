/*
 * events.json: a batch of CloudEvents 1.0, what happened in a run that is over. The same timeline
 * gives the same ids, so that one who gets it twice can tell. docs/formats/cloudevents.md.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/json.h"
#include "reports/write/write.h"

#define TEXT_MAX   500
#define SOURCE_MAX 400

struct batch {
	const struct ord_analysis *a;
	FILE *out;
	const char *source;
	size_t n;
	bool failed;
};

/* "/ordeal/NAME" as a URI reference: all but unreserved characters in percent. */
static void source_of(const char *name, char out[static SOURCE_MAX])
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	int n = snprintf(out, SOURCE_MAX, "/ordeal/");

	for (; *name && n + 4 < SOURCE_MAX; name++)
		n += snprintf(out + n, SOURCE_MAX - (size_t)n,
			      strchr(plain, *name) ? "%c" : "%%%02X", (unsigned char)*name);
}

/* rep: of which repetition, NULL: of the run. index: which of several of that type. data is taken.
 */
static void event(struct batch *b, const char *type, const struct ord_rep *rep, size_t index,
		  int64_t at, json_t *data)
{
	const struct ord_timeline *t = b->a->t;
	const char *run = ord_member_text(t->run, "run", "");
	char name[64], id[200], time[32];
	json_t *j;

	(void)snprintf(name, sizeof name, "dev.ordeal.%s", type);
	(void)snprintf(id, sizeof id, "%.100s/%" PRIu32 "/%s/%zu", run, rep ? rep->number : 0, type,
		       index);
	ord_format_utc((uint64_t)(t->wall_ns + at), time);
	(void)json_object_set_new(data, "run", ord_json_clean(run, TEXT_MAX));
	(void)json_object_set_new(data, "experiment", ord_json_clean(t->name, TEXT_MAX));
	if (rep)
		(void)json_object_set_new(data, "repetition", json_integer(rep->number));
	j = json_pack("{s:s,s:o,s:s,s:s,s:s,s:s,s:o}", "specversion", "1.0", "id",
		      ord_json_clean(id, sizeof id), "source", b->source, "type", name, "time",
		      time, "datacontenttype", "application/json", "data", data);
	(void)fputs(b->n++ ? ",\n" : "[", b->out);
	b->failed |= ord_json_put(j, b->out) != 0;
}

static void instant(struct batch *b, const char *type, const struct ord_rep *rep, size_t index,
		    const struct ord_instant *in, json_t *data)
{
	if (!in->known) {
		json_decref(data);
		return;
	}
	(void)json_object_set_new(data, "at", ord_json_instant(b->a->t, in));
	event(b, type, rep, index, in->value, data);
}

static json_t *fault_data(const struct batch *b, size_t k)
{
	const struct ord_tl_fault *f = &b->a->t->faults[k];

	return json_pack("{s:o,s:o}", "fault", ord_json_clean(f->name, TEXT_MAX), "kind",
			 ord_json_clean(f->fault, TEXT_MAX));
}

static json_t *recovered_data(const struct ord_rep *r)
{
	return json_pack("{s:b,s:o,s:o,s:o}", "by_itself", r->recovered_self,
			 "time_to_recover_self", ord_json_span(&r->self),
			 "time_to_recover_after_rollback", ord_json_span(&r->after),
			 "impact_duration", ord_json_span(&r->bad_time));
}

static void repetition(struct batch *b, const struct ord_rep *r)
{
	const struct ord_timeline *t = b->a->t;

	for (size_t k = 0; r->number && k < t->n_faults; k++)
		instant(b, "fault.injected", r, k, &r->faults[k].in_force, fault_data(b, k));
	instant(b, "impact.detected", r, 0, &r->impact, json_object());
	for (size_t p = 0; p < t->n_probes; p++)
		if (t->probes[p].is_signal && r->detections[p].kind == ORD_DETECTION_NOTICED)
			instant(b, "alert.observed", r, p, &r->detections[p].at,
				json_pack("{s:o,s:o}", "channel",
					  ord_json_clean(t->probes[p].name, TEXT_MAX),
					  "time_to_detect",
					  ord_json_span(&r->detections[p].from_impact)));
	for (size_t k = 0; r->number && k < t->n_faults; k++)
		instant(b, "fault.removed", r, k, &r->faults[k].cleared, fault_data(b, k));
	instant(b, "recovered", r, 0, &r->recovered, recovered_data(r));
}

int ord_write_cloudevents(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	char source[SOURCE_MAX];
	struct batch b = {.a = a, .out = out, .source = source};

	source_of(a->t->name, source);
	event(&b, "run.started", NULL, 0, 0,
	      json_pack("{s:o,s:I}", "plan_hash",
			ord_json_clean(ord_member_text(a->t->plan, "hash", ""), TEXT_MAX), "seed",
			(json_int_t)ord_member_int(a->t->plan, "seed", 0)));
	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		if (a->reps[i].begin_line)
			repetition(&b, &a->reps[i]);
	event(&b, a->exit == 3 ? "run.aborted" : "run.finished", NULL, 0, a->t->last_t,
	      json_pack("{s:i,s:o}", "exit", a->exit, "verdict",
			ord_json_clean(a->verdict, TEXT_MAX)));
	(void)fputs("]\n", out);
	return b.failed ? ord_fail_sys(err, "write the events") : 0;
}
