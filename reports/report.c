#include "ordeal/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "reports/analysis.h"
#include "reports/write/write.h"

#define PATH_BYTES 4096

struct ord_report {
	struct ord_timeline t;
	struct ord_analysis a;
};

static const struct format {
	const char *name, *file;
	int (*write)(const struct ord_analysis *a, FILE *out, struct ord_err *err);
} formats[] = {
	{"json", "report.json", ord_write_json},
	{"md", "report.md", ord_write_md},
	{"html", "report.html", ord_write_html},
	{"junit", "junit.xml", ord_write_junit},
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

const char *ord_report_verdict(const struct ord_report *report)
{
	return report->a.verdict;
}

static const struct format *find(const char *name, size_t len)
{
	for (size_t i = 0; i < ORD_COUNT(formats); i++)
		if (strlen(formats[i].name) == len && !memcmp(formats[i].name, name, len))
			return &formats[i];
	return NULL;
}

static int write_one(const struct ord_report *report, const struct format *f, FILE *out,
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
	const struct format *f = find(format, strlen(format));

	if (!f)
		return ord_fail(err, ORD_USAGE,
				"'%.32s' is not a format; there are json, md, html and junit",
				format);
	return write_one(report, f, out, err);
}

/* To a file beside it, renamed when whole: a report is the old one or the new one. */
static int write_file(const struct ord_report *report, const struct format *f, const char *dir,
		      struct ord_err *err)
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
	for (const char *p = list; *p;) {
		size_t len = strcspn(p, ",");
		const struct format *f = find(p, len);

		if (!f)
			return ord_fail(
				err, ORD_USAGE,
				"'%.*s' is not a format; there are json, md, html and junit",
				(int)(len > 32 ? 32 : len), p);
		if (write_file(report, f, dir, err))
			return -1;
		p += len;
		p += *p == ',';
	}
	return 0;
}
