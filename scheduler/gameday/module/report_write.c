/* The files of a day's report, beside its session. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/child/spawn.h"
#include "scheduler/gameday/module/report.h"

static void write_facts(const struct day_report *r, FILE *out)
{
	(void)fprintf(out, "# Game day: %s\n\n## Expected and actual\n\n", r->s->day->spec.name);
	day_report_expected(r, out);
	(void)fputs("\n## Steps\n\n", out);
	day_report_steps(r, out);
	(void)fputs("\n## Timeline\n\n", out);
	day_report_timeline(r, false, out);
}

static int write_file(const struct day_report *r, const char *name,
		      void (*write)(const struct day_report *, FILE *), struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return ord_fail_nomem(err);
	write(r, f);
	if (fclose(f))
		return ord_fail_nomem(err);
	return ord_file_replace_at(r->s->dir, name, text, size, 0600, false, err);
}

/* `ordeal postmortem DIR` into a folder of the step's own: two steps may be of one experiment. */
static int run_postmortem(const char *dir, const char *folder, const char *log, struct ord_err *err)
{
	const char *argv[] = {"ordeal",	  "postmortem", "--format", "md",
			      "--output", folder,	dir,	    NULL};
	ord_autoclose int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	ord_autoclose int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ord_autoclose int pidfd = -1;
	int files[3] = {nothing, out, out}, status;
	pid_t pid;

	if (nothing < 0 || out < 0)
		return ord_fail_sys(err, "open '%.300s'", log);
	if (spawn_program("/proc/self/exe", argv, files, 3, &pid, &pidfd, err))
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ord_fail_sys(err, "wait for 'ordeal postmortem'");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return ord_fail(err, ORD_SYS, "'ordeal postmortem %.200s' failed; see '%.200s'",
				dir, log);
	(void)unlink(log);
	return 0;
}

/* One that there is stays: people may have written in it. */
static int draft_step(const struct session *s, size_t i, struct ord_err *err)
{
	ord_autofree char *folder = NULL, *log = NULL;

	if (asprintf(&folder, "%s/" DRAFTS_OF_RUNS "/step-%zu", s->path, i + 1) < 0 ||
	    asprintf(&log, "%s.log", folder) < 0)
		return ord_fail_nomem(err);
	if (!access(folder, F_OK))
		return 0;
	if (ord_mkdirs(folder, 0700, err))
		return -1;
	return run_postmortem(s->state.steps[i].dir, folder, log, err);
}

static void draft_steps(const struct day_report *r, FILE *say)
{
	for (size_t i = 0; i < r->s->state.n; i++) {
		struct ord_err err = {0};

		if (r->runs[i] && draft_step(r->s, i, &err))
			(void)fprintf(say, "ordeal: step %zu has no post-mortem draft: %s\n", i + 1,
				      err.msg);
	}
}

int day_report_write(const struct session *s, FILE *out, FILE *say, struct ord_err *err)
{
	struct day_report r;
	int rc = day_report_read(s, &r, err);

	if (!rc)
		rc = write_file(&r, REPORT_FILE, write_facts, err);
	if (!rc)
		draft_steps(&r, say);
	if (!rc && faccessat(s->dir, DRAFT_FILE, F_OK, 0))
		rc = write_file(&r, DRAFT_FILE, day_report_draft, err);
	if (!rc) {
		day_report_expected(&r, out);
		(void)fprintf(out,
			      "\nreport:         %s/" REPORT_FILE "\npost-mortem:    %s/" DRAFT_FILE
			      "\nof the steps:   %s/" DRAFTS_OF_RUNS "/\n",
			      s->path, s->path, s->path);
	}
	day_report_done(&r);
	return rc;
}
