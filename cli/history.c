#include "cli/history.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "cli/runs.h"
#include "ordeal/report.h"

ORD_AUTO(report, struct ord_report, ord_report_free);

static bool same_folder(const char *a, const char *b)
{
	char x[PATH_MAX], y[PATH_MAX];

	return realpath(a, x) && realpath(b, y) && !strcmp(x, y);
}

int cli_history_of(const char *output, struct cli_history *ret, struct ord_err *err)
{
	char usual[ORD_PATH_MAX];

	struct stat st;

	if (cli_runs_home(NULL, usual, err) || cli_runs_home(output, ret->home, err))
		return -1;
	if (stat(ret->home, &st) || !S_ISDIR(st.st_mode))
		return ord_fail(err, ORD_USAGE, "--output: '%.300s' is no folder with runs in it",
				ret->home);
	memcpy(ret->dir, ret->home, sizeof ret->dir);
	if (!output || same_folder(usual, ret->home)) {
		memcpy(ret->home, usual, sizeof usual);
		memcpy(ret->dir, usual, sizeof usual);
		*strrchr(ret->dir, '/') = '\0';
	}
	ret->h = (struct ord_history){.dir = ret->dir, .home = ret->home};
	return 0;
}

static int json_of(const struct ord_report *report, json_t **ret, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	json_t *json = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return ord_fail_nomem(err);
	r = ord_report_write(report, "json", out, err);
	if (fclose(out) || (!r && !(json = json_loadb(text, size, 0, NULL))))
		return ord_fail_nomem(err);
	if (!r)
		*ret = json;
	return r;
}

int cli_history_read(void *arg, const char *run, json_t **ret, struct ord_err *err)
{
	ord_auto(report) struct ord_report *report = NULL;

	(void)arg;
	return ord_report_load(run, &report, err) ? -1 : json_of(report, ret, err);
}

static void enter(const struct cli_history *of, const char *run, const struct ord_report *report)
{
	ord_auto(json) json_t *json = NULL;
	struct ord_err err = {0};

	if (json_of(report, &json, &err) || ord_history_enter(&of->h, run, json, &err))
		(void)fprintf(stderr,
			      "ordeal: warning: the run is not in the history ('ordeal history "
			      "rebuild' puts it there): %s\n",
			      err.msg);
}

void cli_history_enter(const char *output, const char *run, const struct ord_report *report)
{
	struct ord_err err = {0};
	struct cli_history of;

	if (cli_history_of(output, &of, &err))
		(void)fprintf(stderr, "ordeal: warning: the run is not in the history: %s\n",
			      err.msg);
	else
		enter(&of, run, report);
}

void cli_history_enter_again(const void *arg, const char *run, const struct ord_report *report)
{
	char home[PATH_MAX], db[CLI_PATH_MAX];
	struct ord_err err = {0};
	struct cli_history of;

	(void)arg;
	if (!realpath(run, home))
		return;
	*strrchr(home, '/') = '\0';
	if (cli_history_of(home, &of, &err))
		return;
	(void)snprintf(db, sizeof db, "%s/history.db", of.dir);
	/* A folder of runs from elsewhere is looked at, and no history made of it. */
	if (!access(db, F_OK) || strcmp(of.dir, of.home) != 0)
		enter(&of, run, report);
}

int cli_history_time(const char *text, int64_t now_ns, int64_t *ret, struct ord_err *err)
{
	char day[48];
	int64_t ago;

	if (!ord_parse_utc(text, ret))
		return 0;
	(void)snprintf(day, sizeof day, "%.20sT00:00:00Z", text);
	if (strlen(text) == 10 && !ord_parse_utc(day, ret))
		return 0;
	if (!ord_parse_duration(text, &ago, err) && ago >= 0) {
		*ret = now_ns - ago;
		return 0;
	}
	return ord_fail(err, ORD_USAGE,
			"'%.60s' is no time: write a day (2026-11-21), an instant "
			"(2026-11-21T10:00:00Z), or how long ago it was (7d)",
			text);
}

static int read_label(const char *text, json_t *labels, struct ord_err *err)
{
	size_t n = strcspn(text, "=");
	ord_autofree char *key = strndup(text, n);
	const char *old;

	if (!key)
		return ord_fail_nomem(err);
	if (!text[n] || !n)
		return ord_fail(err, ORD_USAGE,
				"--label: '%.80s' is not K=V, as in --label team=payments", text);
	old = json_string_value(json_object_get(labels, key));
	if (old && strcmp(old, text + n + 1))
		return ord_fail(
			err, ORD_USAGE,
			"--label: %.60s is asked to be both '%.80s' and '%.80s', and no run "
			"is in that",
			key, old, text + n + 1);
	return json_object_set_new(labels, key, json_string(text + n + 1))
		       ? ord_fail(err, ORD_USAGE, "--label: '%.80s' is no UTF-8", text)
		       : 0;
}

int cli_history_filter(const struct cli_args *args, json_t *labels, struct ord_history_filter *ret,
		       struct ord_err *err)
{
	struct ord_history_filter all = ORD_HISTORY_ALL, *f = &all;
	const char *since = cli_value(args, "since"), *until = cli_value(args, "until");
	int64_t now = (int64_t)ord_wall_ns();

	for (size_t i = 0; i < args->n_given; i++)
		if (!strcmp(args->given[i].option->name, "label") &&
		    read_label(args->given[i].value, labels, err))
			return -1;
	if (since && cli_history_time(since, now, &f->since, err))
		return ord_wrap(err, "--since");
	if (until && cli_history_time(until, now, &f->until, err))
		return ord_wrap(err, "--until");
	if (since && until && f->since >= f->until)
		return ord_fail(err, ORD_USAGE, "--since %.60s is not before --until %.60s", since,
				until);
	if (cli_number(args, "last", 0, &f->last, err))
		return -1;
	if (cli_value(args, "last") && !f->last)
		return ord_fail(err, ORD_USAGE, "--last: the last 0 are none; give 1 or more");
	f->labels = labels;
	f->verdict = cli_value(args, "verdict");
	*ret = all;
	return 0;
}

void cli_history_hint(const struct cli_history *of)
{
	char path[CLI_PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/history.db", of->dir);
	if (access(path, F_OK))
		(void)fprintf(stderr,
			      "ordeal: there is no history in %s yet; 'ordeal history rebuild' "
			      "makes it from the runs' folders\n",
			      of->dir);
}

int cli_history_dump(const json_t *json, struct ord_err *err)
{
	if (ord_json_print(json, JSON_INDENT(2), stdout))
		return ord_fail_nomem(err);
	(void)putchar('\n');
	return 0;
}
