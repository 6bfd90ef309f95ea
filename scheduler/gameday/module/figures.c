#include "scheduler/gameday/module/figures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

json_t *figures_load(const char *dir)
{
	ord_autofree char *path = NULL;

	if (!*dir || asprintf(&path, "%s/report.json", dir) < 0) {
		path = NULL;
		return NULL;
	}
	return json_load_file(path, 0, NULL);
}

const json_t *figures_repetition(const json_t *report, size_t n)
{
	const json_t *list = json_object_get(report, "repetitions"), *rep;
	size_t i;

	json_array_foreach (list, i, rep)
		if (!json_is_true(json_object_get(rep, "placebo")) && !n--)
			return rep;
	return NULL;
}

static int64_t ns_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Hundredths of a second, or whole milliseconds below one. */
static void put_time(int64_t ns, bool ms, char out[static 24])
{
	int64_t unit = ms ? (int64_t)ORD_MS : (int64_t)ORD_S / 100;
	int64_t n = (ns + unit / 2) / unit;

	if (ms)
		(void)snprintf(out, 24, "%" PRId64, n);
	else
		(void)snprintf(out, 24, "%" PRId64 ".%02" PRId64, n / 100, n % 100);
}

const char *figures_span(const json_t *span, char out[static SPAN_TEXT])
{
	int64_t value = ns_of(span, "value_ns");
	char at[24], lo[24], hi[24];
	bool ms = value < (int64_t)ORD_S;

	if (!json_is_object(span)) {
		(void)snprintf(out, SPAN_TEXT, "-");
	} else if (json_is_true(json_object_get(span, "censored"))) {
		put_time(ns_of(span, "at_least_ns"), false, at);
		(void)snprintf(out, SPAN_TEXT, "not within %s s", at);
	} else {
		put_time(value, ms, at);
		put_time(ns_of(span, "lo_ns"), ms, lo);
		put_time(ns_of(span, "hi_ns"), ms, hi);
		(void)snprintf(out, SPAN_TEXT, "%s %s [%s, %s]", at, ms ? "ms" : "s", lo, hi);
	}
	return out;
}

const char *figures_compare(const json_t *span, uint64_t expected_ns)
{
	int64_t expected = (int64_t)expected_ns;

	if (!expected)
		return "";
	if (!json_is_object(span))
		return "cannot be told";
	if (json_is_true(json_object_get(span, "censored")))
		return ns_of(span, "at_least_ns") >= expected ? "later" : "cannot be told";
	if (ns_of(span, "hi_ns") <= expected)
		return "within";
	return ns_of(span, "lo_ns") > expected ? "later" : "cannot be told";
}

json_t *figures_from_impact(const json_t *repetition, const json_t *instant)
{
	const json_t *impact = json_object_get(repetition, "impact");
	json_int_t lo, hi;

	if (!json_is_object(impact) || !json_is_object(instant))
		return NULL;
	lo = ns_of(instant, "lo_ns") - ns_of(impact, "hi_ns");
	hi = ns_of(instant, "hi_ns") - ns_of(impact, "lo_ns");
	return json_pack("{s:I, s:b, s:I, s:I}", "value_ns",
			 (json_int_t)(ns_of(instant, "t_ns") - ns_of(impact, "t_ns")), "censored",
			 0, "lo_ns", lo, "hi_ns", hi);
}

/* Takes `span` where it is earlier than the best so far, or that is none. */
static void earlier(json_t **best, json_t *span, const char *channel)
{
	bool censored = json_is_true(json_object_get(span, "censored"));

	if (!span ||
	    (*best && (censored || (!json_is_true(json_object_get(*best, "censored")) &&
				    ns_of(*best, "value_ns") <= ns_of(span, "value_ns"))))) {
		json_decref(span);
		return;
	}
	json_decref(*best);
	*best = span;
	(void)json_object_set_new(span, "channel", json_string(channel));
}

/* What was said before the impact is no detection of it. */
static json_t *mark_from_impact(const json_t *repetition, const json_t *at)
{
	json_t *span = figures_from_impact(repetition, at);

	if (!span || ns_of(span, "value_ns") >= 0)
		return span;
	json_decref(span);
	return NULL;
}

json_t *figures_first_detection(const json_t *repetition)
{
	const json_t *list = json_object_get(repetition, "detections"), *d;
	const char *text;
	json_t *best = NULL;
	size_t i;

	json_array_foreach (list, i, d) {
		text = json_string_value(json_object_get(d, "channel"));
		if (text && json_is_object(json_object_get(d, "from_impact")))
			earlier(&best, json_copy(json_object_get(d, "from_impact")), text);
	}
	list = json_object_get(repetition, "marks");
	json_array_foreach (list, i, d) {
		text = json_string_value(json_object_get(d, "what"));
		if (text && !strcmp(text, "detected"))
			earlier(&best, mark_from_impact(repetition, json_object_get(d, "at")),
				json_string_value(json_object_get(d, "by")));
	}
	return best;
}

void figures_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			(void)fputc(' ', out);
			continue;
		}
		if (strchr("\\`*_[]<>|#", *text))
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}
