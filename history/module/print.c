/* The list for people. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/printable.h"
#include "history/module/get.h"
#include "history/module/stretch.h"
#include "ordeal/history.h"

#define DETECTIONS 160

/* "breaker 1.20 s, pager > 30.0 s": of every channel. */
static char *detections_of(const json_t *run, char out[static DETECTIONS])
{
	json_t *figures = json_object_get(run, "figures"), *f;
	char time[STRETCH_FIGURE];
	const char *name;
	size_t n = 0;

	(void)snprintf(out, DETECTIONS, "-");
	json_object_foreach (figures, name, f)
		if (!strncmp(name, "ttd:", 4) && n < DETECTIONS - 1)
			n += (size_t)snprintf(out + n, DETECTIONS - n, "%s%.60s %s", n ? ", " : "",
					      name + 4, stretch_median(f, time));
	return out;
}

static void met_of(const json_t *run, char out[static 32])
{
	const json_t *all = json_object_get(run, "objectives"), *o;
	size_t met = 0, i;

	json_array_foreach (all, i, o)
		met += !strcmp(get_text(o, "result"), "met");
	(void)snprintf(out, 32, "%zu/%zu", met, json_array_size(all));
}

static void tags_of(const json_t *run, char out[static 96])
{
	const json_t *all = json_object_get(run, "tags"), *tag;
	size_t i, n = 0;

	(void)snprintf(out, 96, "%s", json_array_size(all) ? "" : "-");
	json_array_foreach (all, i, tag)
		if (n < 95)
			n += (size_t)snprintf(out + n, 96 - n, "%s%s", i ? "," : "",
					      json_string_value(tag));
}

struct widths {
	int name, detections;
};

static struct widths widths_of(const json_t *runs)
{
	struct widths w = {.name = 4, .detections = 8};
	char detections[DETECTIONS];
	const json_t *run;
	size_t i;

	json_array_foreach (runs, i, run) {
		int name = (int)strlen(get_text(run, "name"));
		int channels = (int)strlen(detections_of(run, detections));

		w.name = name > w.name ? name : w.name;
		w.detections = channels > w.detections ? channels : w.detections;
	}
	return w;
}

/* What was to run and did not: "catch-up, 12 planned until 2026-11-21 10:15". */
static void print_missed(const json_t *m, const struct widths *w, FILE *out)
{
	char when[32], last[32], clean[512];

	(void)fprintf(out, "%-16s  %-*s  %-12s  ", stretch_when(get_int(m, "planned_ns"), when),
		      w->name, ord_printable(get_text(m, "name"), sizeof clean, clean),
		      get_text(m, "verdict"));
	(void)fputs(ord_printable(get_text(m, "reason"), sizeof clean, clean), out);
	if (get_int(m, "times") > 1)
		(void)fprintf(out, ", %" JSON_INTEGER_FORMAT " planned until %s",
			      get_int(m, "times"), stretch_when(get_int(m, "last_ns"), last));
	if (*get_text(m, "text"))
		(void)fprintf(out, ": %s", ord_printable(get_text(m, "text"), sizeof clean, clean));
	if (*get_text(m, "run"))
		(void)fprintf(out, " (%s)", ord_printable(get_text(m, "run"), sizeof clean, clean));
	(void)fputc('\n', out);
}

static void print_run(const json_t *run, const struct widths *w, FILE *out)
{
	const json_t *f = json_object_get(run, "figures");
	char self[STRETCH_FIGURE], after[STRETCH_FIGURE];
	char when[32], met[32], tags[96], detections[DETECTIONS];

	met_of(run, met);
	tags_of(run, tags);
	(void)fprintf(out, "%-16s  %-*s  %-12s  %4s  %-*s  %10s  %10s  %-8s  %s",
		      stretch_when(get_int(run, "started_ns"), when), w->name,
		      get_text(run, "name"), get_text(run, "verdict"), met, w->detections,
		      detections_of(run, detections),
		      stretch_median(json_object_get(f, "ttr_self"), self),
		      stretch_median(json_object_get(f, "ttr_after"), after), tags,
		      get_text(run, "folder"));
	if (*get_text(run, "interrupted"))
		(void)fprintf(out, " (interrupted: %s)", get_text(run, "interrupted"));
	(void)fprintf(out, "%s\n", get_true(run, "gone") ? " (its folder is gone)" : "");
}

void ord_history_print(const json_t *runs, FILE *out)
{
	struct widths w = widths_of(runs);
	const json_t *run;
	size_t i;

	(void)fprintf(out, "%-16s  %-*s  %-12s  %4s  %-*s  %10s  %10s  %-8s  %s\n", "STARTED (UTC)",
		      w.name, "NAME", "VERDICT", "MET", w.detections, "DETECTED", "TTR SELF",
		      "TTR AFTER", "TAG", "RUN");
	json_array_foreach (runs, i, run) {
		if (json_is_string(json_object_get(run, "folder")))
			print_run(run, &w, out);
		else
			print_missed(run, &w, out);
	}
}
