#include "history/module/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "history/module/get.h"
#include "ordeal/history.h"
#include "reports/plan_diff.h"

const char *const record_verdicts[RECORD_VERDICTS] = {
	"passed", "failed", "refused", "aborted", "unsteady", "inconclusive", "error"};

/* A copy of what is there, or null. */
static json_t *same(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	return v ? json_incref(v) : json_null();
}

static int by_size(const void *a, const void *b)
{
	json_int_t x = *(const json_int_t *)a, y = *(const json_int_t *)b;

	return (x > y) - (x < y);
}

/*
 * What a median that was not reached is above: each figure is at least its own bound, so their
 * median is at least that of the bounds. Null where there is nothing.
 */
static json_t *above_of(const json_t *points)
{
	size_t n = json_array_size(points), i;
	ord_autofree json_int_t *v = n ? calloc(n, sizeof *v) : NULL;
	const json_t *p;

	if (!v)
		return json_null();
	json_array_foreach (points, i, p)
		v[i] = get_int(p, "ns");
	qsort(v, n, sizeof *v, by_size);
	return json_integer(v[(n - 1) / 2]);
}

/* The longest that was watched without an end. */
static json_t *longest_of(const json_t *points)
{
	json_int_t longest = -1;
	const json_t *p;
	size_t i;

	json_array_foreach (points, i, p)
		if (json_is_true(json_object_get(p, "censored")) && get_int(p, "ns") > longest)
			longest = get_int(p, "ns");
	return longest < 0 ? json_null() : json_integer(longest);
}

/* A SUMMARY of the report; one that nothing is in is left out. */
static int add_figure(json_t *to, const char *prefix, const char *name, const json_t *summary)
{
	const json_t *points = json_object_get(summary, "points");
	bool reached = json_is_integer(json_object_get(summary, "median_ns"));

	if (get_int(summary, "n") < 1)
		return 0;
	return json_array_append_new(
		to,
		json_pack("{s:s+,s:I,s:I,s:o,s:o,s:o,s:o}", "figure", prefix, name, "n",
			  get_int(summary, "n"), "never", get_int(summary, "never"), "median_ns",
			  same(summary, "median_ns"), "median_above_ns",
			  reached ? json_null() : above_of(points), "worst_known_ns",
			  same(summary, "worst_known_ns"), "worst_above_ns", longest_of(points)));
}

static int add_figures(const json_t *report, json_t *to)
{
	static const struct {
		const char *figure, *key;
	} single[] = {
		{"ttr_self", "time_to_recover_self"},
		{"ttr_after", "time_to_recover_after_rollback"},
		{"ttfr", "time_to_full_recovery"},
		{"tta", "time_to_acknowledge"},
		{"ttm", "time_to_mitigate"},
		{"impact", "impact_duration"},
	};
	json_t *channels = json_object_get(report, "time_to_detect"), *summary;
	const char *channel;

	for (size_t i = 0; i < ORD_COUNT(single); i++)
		if (add_figure(to, "", single[i].figure, json_object_get(report, single[i].key)))
			return -1;
	json_object_foreach (channels, channel, summary)
		if (add_figure(to, "ttd:", channel, summary))
			return -1;
	return 0;
}

static int add_instant(json_t *to, json_int_t rep, const char *prefix, const char *what,
		       const json_t *at)
{
	if (!json_is_object(at))
		return 0;
	return json_array_append_new(to, json_pack("{s:I,s:s+,s:I,s:I,s:s,s:o}", "rep", rep, "what",
						   prefix, what, "lo_ns", get_int(at, "lo_ns"),
						   "hi_ns", get_int(at, "hi_ns"), "utc",
						   get_text(at, "utc"), "line", same(at, "line")));
}

static int add_instants(const json_t *r, json_t *to)
{
	static const char *const whats[] = {"requested",	  "in_force", "impact",
					    "rollback_requested", "cleared",  "recovered",
					    "full_recovery"};
	json_int_t rep = get_int(r, "rep");
	const json_t *d;
	size_t i;

	for (i = 0; i < ORD_COUNT(whats); i++)
		if (add_instant(to, rep, "", whats[i], json_object_get(r, whats[i])))
			return -1;
	json_array_foreach (json_object_get(r, "detections"), i, d)
		if (add_instant(to, rep, "detected:", get_text(d, "channel"),
				json_object_get(d, "at")))
			return -1;
	return 0;
}

static int add_marks(const json_t *r, json_t *to)
{
	const json_t *m;
	size_t i;

	json_array_foreach (json_object_get(r, "marks"), i, m) {
		const json_t *at = json_object_get(m, "at");

		if (json_array_append_new(
			    to, json_pack("{s:I,s:s,s:s,s:s,s:o,s:s}", "rep", get_int(r, "rep"),
					  "what", get_text(m, "what"), "by", get_text(m, "by"),
					  "note", get_text(m, "note"), "lo_ns", same(at, "lo_ns"),
					  "utc", get_text(at, "utc"))))
			return -1;
	}
	return 0;
}

static int add_repetitions(const json_t *report, json_t *record)
{
	json_t *reps = json_object_get(record, "repetitions");
	const json_t *r;
	size_t i;

	json_array_foreach (json_object_get(report, "repetitions"), i, r)
		if (json_array_append_new(
			    reps,
			    json_pack("{s:I,s:b,s:s,s:s}", "rep", get_int(r, "rep"), "placebo",
				      json_is_true(json_object_get(r, "placebo")), "state",
				      get_text(r, "state"), "why", get_text(r, "why"))) ||
		    add_instants(r, json_object_get(record, "instants")) ||
		    add_marks(r, json_object_get(record, "marks")))
			return -1;
	return 0;
}

static int add_objectives(const json_t *report, json_t *to)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(report, "objectives"), i, o)
		if (json_array_append_new(
			    to, json_pack("{s:s,s:s,s:I,s:I,s:I}", "objective", get_text(o, "text"),
					  "result", get_text(o, "result"), "met", get_int(o, "met"),
					  "missed", get_int(o, "missed"), "inconclusive",
					  get_int(o, "inconclusive"))))
			return -1;
	return 0;
}

static json_t *labels_of(const json_t *report)
{
	json_t *labels = json_object_get(json_object_get(report, "plan"), "labels");

	return json_is_object(labels) ? json_incref(labels) : json_object();
}

/* Runs of one digest may be put side by side, whatever their seeds and labels: `ordeal compare`
 * does so by the same. */
static int digest_of(const json_t *report, char out[static ORD_SHA256_HEX], struct ord_err *err)
{
	ord_auto(json) json_t *plan =
		ord_plan_comparable(json_object_get(report, "plan"),
				    get_int(json_object_get(report, "method"), "hold_ns"));

	return plan ? ord_plan_digest(plan, out, err) : ord_fail_nomem(err);
}

int record_make(const json_t *report, const struct record_folder *folder, json_t **ret,
		struct ord_err *err)
{
	ord_auto(json) json_t *record = NULL;
	json_int_t code = get_int(report, "exit");
	char digest[ORD_SHA256_HEX];
	int64_t started;

	if (code < 0 || code >= RECORD_VERDICTS)
		return ord_fail(err, ORD_SYS, "the report's exit code is %lld, which is none",
				(long long)code);
	if (ord_parse_utc(json_string_value(json_object_get(report, "started_utc")), &started))
		return ord_fail(err, ORD_SYS, "the report does not say when the run started");
	if (digest_of(report, digest, err))
		return -1;
	record = json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:I,s:s,s:I,s:I,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:o,"
		"s:[],s:[],s:[],s:[],s:[]}",
		"folder", folder->name, "id", get_text(report, "run"), "name",
		get_text(report, "name"), "plan_hash", get_text(report, "plan_hash"), "plan_digest",
		digest, "seed", get_int(report, "seed"), "ordeal", get_text(report, "ordeal"),
		"started_ns", (json_int_t)started, "exit", code, "verdict", record_verdicts[code],
		"text", get_text(report, "verdict"), "end_cause", get_text(report, "end_cause"),
		"residue", get_int(report, "residue"), "timeline_bytes",
		(json_int_t)folder->timeline_bytes, "timeline_mtime_ns",
		(json_int_t)folder->mtime_ns, "bytes", (json_int_t)folder->bytes, "labels",
		labels_of(report), "repetitions", "instants", "marks", "objectives", "figures");
	if (!record || add_repetitions(report, record) ||
	    add_objectives(report, json_object_get(record, "objectives")) ||
	    add_figures(report, json_object_get(record, "figures")))
		return ord_fail_nomem(err);
	*ret = ord_steal_ptr(record);
	return 0;
}
