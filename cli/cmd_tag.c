#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/runs.h"

static void print(void *arg, const char *tag, const char *run)
{
	(void)arg;
	(void)printf("%-20s %s\n", tag, *run ? run : "(its run is gone)");
}

static void collect(void *arg, const char *tag, const char *run)
{
	(void)json_object_set_new(arg, tag, *run ? json_string(run) : json_null());
}

static int list(const char *home, bool as_json, struct ord_err *err)
{
	json_t *all;
	int r;

	if (!as_json)
		return cli_tag_each(home, print, NULL, err) ? -1 : CLI_OK;
	all = json_object();
	r = cli_tag_each(home, collect, all, err);
	if (!r) {
		(void)json_dumpf(all, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
		(void)putchar('\n');
	}
	json_decref(all);
	return r ? -1 : CLI_OK;
}

/* A run that broke off before its first line has nothing that others could be held against. */
static int check_timeline(const char *dir, struct ord_err *err)
{
	char path[CLI_PATH_MAX + 16];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/run.jsonl", dir);
	if (stat(path, &st))
		return ord_fail_sys(err, "'%.300s'", path);
	return st.st_size ? 0 : ord_fail(err, ORD_USAGE, "the timeline '%.200s' is empty", path);
}

static int tag(const struct cli_args *args, struct ord_err *err)
{
	const char *remove = cli_value(args, "remove");
	char home[ORD_PATH_MAX], dir[CLI_PATH_MAX];
	bool given = args->n_operands == 2;

	if (given + (remove != NULL) + cli_flag(args, "list") != 1 ||
	    (!given && args->n_operands > 0))
		return ord_fail(err, ORD_USAGE,
				"it takes a run and its tag, or --remove TAG, or --list");
	if (cli_runs_home(cli_value(args, "output"), home, err))
		return -1;
	if (remove)
		return cli_tag_remove(home, remove, err) ? -1 : CLI_OK;
	if (!given)
		return list(home, cli_flag(args, "json"), err);
	if (cli_run_find(args->operands[0], sizeof dir, dir, err) || check_timeline(dir, err) ||
	    cli_tag_set(home, dir, args->operands[1], cli_flag(args, "move"), err))
		return -1;
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"output", 'o', "DIR", "where the runs are, as of 'ordeal run'; the tags are beside them"},
	{"move", 'm', NULL, "a tag that another run has goes to this one"},
	{"remove", 0, "TAG", "take the tag away; the run stays"},
	{"list", 'l', NULL, "print every tag and the folder that it names"},
	{"json", 0, NULL, "print them as JSON"},
	{0},
};

const struct cli_command cli_tag = {
	.name = "tag",
	.summary = "name a stored run, to compare others with it",
	.operands = "[RUN TAG]",
	.options = options,
	.min_operands = 0,
	.max_operands = 2,
	.details =
		"RUN is a run's folder, its id, 'latest', or another tag. A tag is a link in tags/ "
		"beside the runs: wherever RUN is asked for, the tag may stand, and 'against TAG' "
		"in "
		"an objective means the run that has it then.",
	.run = tag,
};
