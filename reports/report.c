#include "ordeal/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "ordeal/early.h"
#include "reports/analysis.h"
#include "reports/figures.h"
#include "reports/write/postmortem.h"
#include "reports/write/step_summary.h"
#include "reports/write/write.h"

#define PATH_BYTES 4096

struct ord_report {
	struct ord_timeline t;
	struct ord_analysis a;
};

const struct ord_report_format ord_report_formats[] = {
	{"json", "report.json", "every figure, for programs", true, ord_write_json},
	{"md", "report.md", "Markdown", true, ord_write_md},
	{"html", "report.html", "one page, for people", true, ord_write_html},
	{"junit", "junit.xml", "test results, for CI", true, ord_write_junit},
	{"openmetrics", "report.om", "OpenMetrics 1.0, each repetition", false,
	 ord_write_openmetrics},
	{"history", "history.om", "the same with timestamps, for promtool's import", false,
	 ord_write_history},
	{"textfile", "report.prom", "for node_exporter's textfile collector", false,
	 ord_write_textfile},
	{"otlp", "trace.json", "OpenTelemetry traces", false, ord_write_otlp},
	{"cloudevents", "events.json", "a batch of CloudEvents", false, ord_write_cloudevents},
	{"grafana", "annotations.json", "Grafana's annotations", false, ord_write_grafana},
	{NULL, NULL, NULL, false, NULL},
};

int ord_report_load(const char *dir, struct ord_report **ret, struct ord_err *err)
{
	ord_autofree struct ord_report *r = calloc(1, sizeof *r);
	ord_autofclose FILE *in = NULL;
	char path[PATH_BYTES];

	if (!r)
		return ord_fail_nomem(err);
	if (snprintf(path, sizeof path, "%s/run.jsonl", dir) >= (int)sizeof path)
		return ord_fail(err, ORD_USAGE, "the path of the run is too long");
	in = fopen(path, "re");
	if (!in)
		return ord_fail_sys(err, "open '%.300s'", path);
	if (ord_timeline_read(in, &r->t, err))
		return ord_wrap(err, "%.200s", path);
	if (ord_analyse(&r->t, &r->a, err)) {
		ord_timeline_done(&r->t);
		return -1;
	}
	*ret = ord_steal_ptr(r);
	return 0;
}

void ord_report_free(struct ord_report *report)
{
	if (!report)
		return;
	ord_analysis_done(&report->a);
	ord_timeline_done(&report->t);
	free(report);
}

int ord_report_exit(const struct ord_report *report)
{
	return report->a.exit;
}

int ord_report_figures(const struct ord_report *report, struct json_t **ret, struct ord_err *err)
{
	return ord_figures_of_analysis(&report->a, ret, err);
}

int ord_report_early(const char *dir, struct ord_early_state *ret, struct ord_err *err)
{
	struct ord_report *r = NULL;
	const struct ord_early *e;

	if (ord_report_load(dir, &r, err))
		return -1;
	e = &r->a.early;
	if (!e->set) {
		ord_report_free(r);
		return ord_fail(err, ORD_USAGE, "the plan has no sequential test");
	}
	*ret = (struct ord_early_state){.n = e->n,
					.missed = e->missed,
					.left_out = e->left_out,
					.accept_micro = ord_early_accept(e),
					.reject_micro = ord_early_reject(e),
					.decision = ord_early_decision(e)};
	ord_report_free(r);
	return 0;
}

const char *ord_report_verdict(const struct ord_report *report)
{
	return report->a.verdict;
}

static const struct ord_report_format *find(const char *name, size_t len)
{
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		if (strlen(f->name) == len && !memcmp(f->name, name, len))
			return f;
	return NULL;
}

static int no_such(const char *name, size_t len, struct ord_err *err)
{
	char names[200] = "";
	size_t n = 0;

	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? "," : "", f->name);
	return ord_fail(err, ORD_USAGE, "'%.*s' is not a format; write some of %s",
			(int)(len > 40 ? 40 : len), name, names);
}

int ord_report_formats_check(const char *list, struct ord_err *err)
{
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");

		if (!find(at, len))
			return no_such(at, len, err);
		at += len;
		if (!*at)
			return 0;
	}
}

bool ord_report_format_listed(const struct ord_report_format *f, const char *list)
{
	if (!list)
		return f->usual;
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (find(at, strcspn(at, ",")) == f)
			return true;
	return false;
}

static int write_one(const struct ord_report *report, const struct ord_report_format *f, FILE *out,
		     struct ord_err *err)
{
	if (f->write(&report->a, out, err))
		return -1;
	if (fflush(out) || ferror(out))
		return ord_fail_sys(err, "write %s", f->file);
	return 0;
}

int ord_report_write(const struct ord_report *report, const char *format, FILE *out,
		     struct ord_err *err)
{
	const struct ord_report_format *f = find(format, strlen(format));

	return f ? write_one(report, f, out, err) : no_such(format, strlen(format), err);
}

/* To a file beside it, renamed when whole: a report is the old one or the new one. */
static int write_file(const struct ord_report *report, const struct ord_report_format *f,
		      const char *dir, struct ord_err *err)
{
	char path[PATH_BYTES], part[PATH_BYTES + 8];
	FILE *out;
	int r;

	if (snprintf(path, sizeof path, "%s/%s", dir, f->file) >= (int)sizeof path)
		return ord_fail(err, ORD_USAGE, "the path of the run is too long");
	(void)snprintf(part, sizeof part, "%s.part", path);
	out = fopen(part, "we");
	if (!out)
		return ord_fail_sys(err, "open '%.300s'", part);
	r = write_one(report, f, out, err);
	if (fclose(out) && !r)
		r = ord_fail_sys(err, "close '%.300s'", part);
	if (!r && rename(part, path))
		r = ord_fail_sys(err, "rename '%.300s'", part);
	if (r)
		(void)remove(part);
	return r;
}

int ord_report_write_all(const struct ord_report *report, const char *dir, const char *list,
			 struct ord_err *err)
{
	if (list && ord_report_formats_check(list, err))
		return -1;
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		if (ord_report_format_listed(f, list) && write_file(report, f, dir, err))
			return -1;
	return 0;
}

bool ord_report_step_summary(const struct ord_report *report, size_t room, FILE *out,
			     struct ord_err *err)
{
	ord_autofree char *md = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&md, &size);
	int r;

	if (!f)
		return !ord_fail_nomem(err);
	r = ord_write_md(&report->a, f, err);
	if (fclose(f) && !r)
		r = ord_fail_nomem(err);
	if (!r && !ord_step_summary(md, room, out))
		r = ord_fail(err, ORD_SKIP, "it is full");
	return !r;
}

int ord_report_postmortem(const struct ord_report *const *runs, size_t n,
			  const struct ord_postmortem_options *options, bool html, const char *old,
			  FILE *out, struct ord_err *err)
{
	const struct ord_analysis *v[ORD_POSTMORTEM_RUNS];

	if (n > ORD_COUNT(v))
		return ord_fail(err, ORD_USAGE, "%zu runs are more than %zu", n, ORD_COUNT(v));
	for (size_t i = 0; i < n; i++)
		v[i] = &runs[i]->a;
	return ord_write_postmortem(v, n, options, html, old, out, err);
}

void ord_report_postmortem_name(const struct ord_report *run, char out[static ORD_POSTMORTEM_NAME])
{
	ord_postmortem_name(&run->a, out);
}
