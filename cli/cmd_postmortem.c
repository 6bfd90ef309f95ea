/* `ordeal postmortem`: facts of runs, and places that people fill. What they wrote is never lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/commands.h"
#include "cli/runs.h"
#include "ordeal/report.h"
#include "ordeal/run.h"

#define FOLDER	       "docs/postmortems"
#define PATH_MAX_BYTES 4096

struct reports {
	struct ord_report *v[ORD_POSTMORTEM_RUNS];
	size_t n;
};

static void reports_done(struct reports *r)
{
	for (size_t i = 0; i < r->n; i++)
		ord_report_free(r->v[i]);
}

static int load(const struct cli_args *args, struct reports *ret, struct ord_err *err)
{
	static char dir[ORD_PATH_MAX + 300];

	if (args->n_operands > ORD_COUNT(ret->v))
		return ord_fail(err, ORD_USAGE, "%zu runs are more than %zu", args->n_operands,
				ORD_COUNT(ret->v));
	for (size_t i = 0; i < args->n_operands; i++) {
		if (cli_run_find(args->operands[i], sizeof dir, dir, err) ||
		    ord_report_load(dir, &ret->v[ret->n], err))
			return -1;
		ret->n++;
	}
	return 0;
}

/* The whole file; *ret stays NULL where there is none. */
static int slurp(const char *path, char **ret, struct ord_err *err)
{
	ord_autofclose FILE *f = fopen(path, "re");
	ord_autofree char *text = NULL;
	size_t room = 0;

	if (!f)
		return errno == ENOENT ? 0 : ord_fail_sys(err, "open '%.300s'", path);
	if (getdelim(&text, &room, 0, f) < 0 && ferror(f))
		return ord_fail_sys(err, "read '%.300s'", path);
	if (fgetc(f) != EOF)
		return ord_fail(err, ORD_GUARD,
				"'%.200s' holds a NUL byte: what stands behind it would be lost",
				path);
	*ret = text ? ord_steal_ptr(text) : strdup("");
	return *ret ? 0 : ord_fail_nomem(err);
}

struct job {
	const struct reports *runs;
	struct ord_postmortem_options options;
	const char *base; /* folder and name, without the ending */
	char *old;	  /* what people have filled; NULL: nothing is there */
};

/* To a file beside it, renamed when whole. */
static int write_file(const struct job *job, bool html, struct ord_err *err)
{
	char path[PATH_MAX_BYTES], part[PATH_MAX_BYTES + 8];
	FILE *out;
	int r;

	(void)snprintf(path, sizeof path, "%s.%s", job->base, html ? "html" : "md");
	(void)snprintf(part, sizeof part, "%s.part", path);
	out = fopen(part, "we");
	if (!out)
		return ord_fail_sys(err, "open '%.300s'", part);
	r = ord_report_postmortem((const struct ord_report *const *)job->runs->v, job->runs->n,
				  &job->options, html, job->old, out, err);
	/* What could not be written before is not said again when it is closed. */
	if (!r && (fflush(out) || ferror(out)))
		r = ord_fail_sys(err, "write '%.300s'", part);
	if (fclose(out) && !r)
		r = ord_fail_sys(err, "close '%.300s'", part);
	if (!r && rename(part, path))
		r = ord_fail_sys(err, "rename '%.300s'", part);
	if (r)
		(void)remove(part);
	else
		(void)printf("%s\n", path);
	return r;
}

static int check_formats(const char *formats, bool *ret_md, bool *ret_html, struct ord_err *err)
{
	for (const char *p = formats; *p;) {
		size_t n = strcspn(p, ",");

		if (n == 2 && !strncmp(p, "md", 2))
			*ret_md = true;
		else if (n == 4 && !strncmp(p, "html", 4))
			*ret_html = true;
		else
			return ord_fail(
				err, ORD_USAGE,
				"'%.*s' is not a format of a post-mortem; there are md and html",
				(int)(n > 32 ? 32 : n), p);
		p += n;
		p += *p == ',';
	}
	return *ret_md || *ret_html ? 0 : ord_fail(err, ORD_USAGE, "--format is empty");
}

/* docs/postmortems may not be there yet; deeper folders are made by whoever wants them. */
static int make_folder(const char *dir, struct ord_err *err)
{
	if (!strcmp(dir, FOLDER) && mkdir("docs", 0777) && errno != EEXIST)
		return ord_fail_sys(err, "make 'docs'");
	if (mkdir(dir, 0777) && errno != EEXIST)
		return ord_fail_sys(err, "make '%.300s'", dir);
	return 0;
}

static int write_formats(struct job *job, const struct cli_args *args, bool md, bool html,
			 struct ord_err *err)
{
	char path[PATH_MAX_BYTES + 8];

	(void)snprintf(path, sizeof path, "%s.md", job->base);
	if (slurp(path, &job->old, err))
		return -1;
	if (job->old && md && !cli_flag(args, "update"))
		return ord_fail(
			err, ORD_GUARD,
			"'%.300s' is there already; --update keeps what people filled in, and "
			"makes the rest anew",
			path);
	if (md && write_file(job, false, err))
		return -1;
	return html ? write_file(job, true, err) : 0;
}

static int postmortem(const struct cli_args *args, struct ord_err *err)
{
	const char *dir = cli_value(args, "output") ? cli_value(args, "output") : FOLDER;
	struct reports runs = {.n = 0};
	struct job job = {.runs = &runs,
			  .options = {.style = cli_value(args, "style") ? cli_value(args, "style")
									: "google-sre",
				      .covered_by = cli_value(args, "covered-by"),
				      .schedule = cli_value(args, "schedule")}};
	char base[PATH_MAX_BYTES], name[ORD_POSTMORTEM_NAME];
	bool md = false, html = false;
	int r = -1;

	if (ord_postmortem_style_check(job.options.style, err) ||
	    check_formats(cli_value(args, "format") ? cli_value(args, "format") : "md,html", &md,
			  &html, err) ||
	    load(args, &runs, err) || make_folder(dir, err))
		goto out;
	ord_report_postmortem_name(runs.v[0], name);
	if (snprintf(base, sizeof base, "%s/%s", dir, name) >= (int)sizeof base - 16) {
		(void)ord_fail(err, ORD_USAGE, "the path of the folder is too long");
		goto out;
	}
	job.base = base;
	r = write_formats(&job, args, md, html, err) ? -1 : CLI_OK;
out:
	free(job.old);
	reports_done(&runs);
	return r;
}

static const struct cli_option options[] = {
	{"style", 0, "STYLE", "whose headings: google-sre (the default), pagerduty, atlassian"},
	{"format", 'f', "LIST", "of md,html; both where not given"},
	{"output", 'o', "DIR", "the folder for it, docs/postmortems where not given"},
	{"covered-by", 0, "EXPERIMENT", "the experiment that covers it; its own where not given"},
	{"schedule", 0, "TEXT", "when that experiment is run, as \"weekly\""},
	{"update", 'u', NULL, "make it anew and keep what people filled in"},
	{0},
};

const struct cli_command cli_postmortem = {
	.name = "postmortem",
	.summary = "write the post-mortem of stored runs, with places for people",
	.operands = "RUN...",
	.options = options,
	.min_operands = 1,
	.max_operands = ORD_POSTMORTEM_RUNS,
	.details = "The first RUN is the incident; the verdicts of all stand beside each other, "
		   "and the "
		   "latest that passed is named as the one that covers it. The file is "
		   "DIR/YYYY-MM-DD-NAME.md, and the same as HTML. It has what the timeline shows: "
		   "impact, "
		   "trigger, detection, recovery, every row with its evidence. Causes, lessons and "
		   "actions "
		   "are people's: there stand questions, also where the timeline is silent. A file "
		   "that is "
		   "there is not written over; --update makes it anew and keeps what stands "
		   "between the "
		   "marks of a place, and the last column of the timeline.",
	.run = postmortem,
};
