/* The summary page of a job on GitHub. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "cli/report_file.h"
#include "ordeal/report.h"

/* GitHub refuses more than 1024 KiB a step; a little is left for whoever writes after us. */
#define SUMMARY_MAX ((1024 - 8) * 1024)

ORD_AUTO(report, struct ord_report, ord_report_free);

static int append(const char *dir, const char *path, struct ord_err *err)
{
	ord_autoclose int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	ord_auto(report) struct ord_report *report = NULL;
	ord_autofree char *text = NULL;
	size_t size = 0;
	struct stat st;
	FILE *f;
	bool whole;

	if (fd < 0 || fstat(fd, &st))
		return ord_fail_sys(err, "open '%.200s'", path);
	if (st.st_size >= SUMMARY_MAX)
		return ord_fail(err, ORD_SKIP, "it is full");
	if (ord_report_load(dir, &report, err))
		return -1;
	f = open_memstream(&text, &size);
	if (!f)
		return ord_fail_nomem(err);
	whole = ord_report_step_summary(report, (size_t)(SUMMARY_MAX - st.st_size), f, err);
	if (fclose(f))
		return ord_fail_nomem(err);
	return whole ? ord_write_all(fd, text, size, err) : -1;
}

void cli_step_summary(const char *dir)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	struct ord_err err = {0};

	if (path && *path && append(dir, path, &err))
		(void)fprintf(stderr, "ordeal: warning: the step's summary was not written: %s\n",
			      err.msg);
}
