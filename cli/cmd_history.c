#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/history.h"

enum action { LIST, REBUILD, PRUNE };

static const char *const words[] = {[LIST] = "list", [REBUILD] = "rebuild", [PRUNE] = "prune"};

/* Which options go with which action; others go with all. */
static const struct {
	const char *name;
	unsigned with;
} limited[] = {
	{"name", 1u << LIST},	   {"label", 1u << LIST},      {"since", 1u << LIST},
	{"until", 1u << LIST},	   {"verdict", 1u << LIST},    {"last", 1u << LIST},
	{"keep-for", 1u << PRUNE}, {"keep-last", 1u << PRUNE}, {"max-size", 1u << PRUNE},
	{"dry-run", 1u << PRUNE},
};

static int check_options(const struct cli_args *args, enum action action, struct ord_err *err)
{
	for (size_t i = 0; i < ORD_COUNT(limited); i++) {
		if (!cli_value(args, limited[i].name) || limited[i].with & (1u << action))
			continue;
		if (action == LIST)
			return ord_fail(
				err, ORD_USAGE,
				"--%s goes with 'ordeal history prune', and nothing is removed "
				"without that word",
				limited[i].name);
		return ord_fail(err, ORD_USAGE, "--%s does not go with 'ordeal history %s'",
				limited[i].name, words[action]);
	}
	return 0;
}

/* The operands, and each --name. */
static json_t *names_of(const struct cli_args *args)
{
	json_t *names = json_array();

	for (size_t i = 0; i < args->n_operands; i++)
		(void)json_array_append_new(names, json_string(args->operands[i]));
	for (size_t i = 0; i < args->n_given; i++)
		if (!strcmp(args->given[i].option->name, "name"))
			(void)json_array_append_new(names, json_string(args->given[i].value));
	return names;
}

static int list(const struct cli_args *args, const struct cli_history *of, struct ord_err *err)
{
	ord_auto(json) json_t *names = names_of(args), *labels = json_object(), *page = NULL;
	struct ord_history_filter filter;
	const json_t *runs;

	if (cli_history_filter(args, labels, &filter, err))
		return -1;
	filter.names = names;
	filter.missed = true;
	cli_history_hint(of);
	if (ord_history_page(&of->h, &filter, &page, err))
		return -1;
	runs = json_object_get(page, "runs");
	if (cli_flag(args, "json"))
		return cli_history_dump(page, err) ? -1 : CLI_OK;
	if (json_array_size(runs))
		ord_history_print(runs, stdout);
	else
		(void)puts("no runs");
	return CLI_OK;
}

/* ---- rebuild */

static void tell(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "ordeal: left out: %s\n", line);
}

static int rebuild(const struct cli_args *args, const struct cli_history *of, struct ord_err *err)
{
	const struct ord_history_reader reader = {.read = cli_history_read, .tell = tell};
	struct ord_history_rebuilt n;

	if (ord_history_rebuild(&of->h, &reader, &n, err))
		return -1;
	if (cli_flag(args, "json"))
		(void)printf("{\"schema\":1,\"runs\":%zu,\"lasting\":%zu,\"broken\":%zu}\n", n.runs,
			     n.lasting, n.broken);
	else
		(void)printf("%zu run%s entered, %zu in progress, %zu that cannot be read\n",
			     n.runs, n.runs == 1 ? "" : "s", n.lasting, n.broken);
	return CLI_OK;
}

/* ---- prune */

static int read_rules(const struct cli_args *args, struct ord_history_rules *ret,
		      struct ord_err *err)
{
	const char *age = cli_value(args, "keep-for"), *size = cli_value(args, "max-size");
	struct ord_history_rules r = {.now_ns = (int64_t)ord_wall_ns(), .max_size = -1};

	if (!age && !size && !cli_value(args, "keep-last"))
		return ord_fail(err, ORD_USAGE,
				"nothing says what may go: give --keep-for 90d, --keep-last 20 or "
				"--max-size 10GiB, or several");
	if (age && ord_parse_duration(age, &r.keep_for_ns, err))
		return ord_wrap(err, "--keep-for");
	if (age && r.keep_for_ns <= 0)
		return ord_fail(err, ORD_USAGE, "--keep-for: %.40s is not above 0", age);
	if (size && ord_parse_size(size, &r.max_size, err))
		return ord_wrap(err, "--max-size");
	if (cli_number(args, "keep-last", 0, &r.keep_last, err))
		return -1;
	if (cli_value(args, "keep-last") && !r.keep_last)
		return ord_fail(err, ORD_USAGE, "--keep-last: give 1 or more");
	*ret = r;
	return 0;
}

static const char *of_run(const json_t *run, const char *key)
{
	return json_string_value(json_object_get(run, key));
}

/* Removes those that go, and puts each into `removed`. */
static int remove_all(const struct cli_history *of, const json_t *runs, bool dry, json_t *removed,
		      struct ord_err *err)
{
	const json_t *run;
	bool gone = true;
	size_t i;

	json_array_foreach (runs, i, run) {
		if (!json_object_get(run, "why"))
			continue;
		if (!dry && ord_history_remove(&of->h, run, &gone, err))
			return -1;
		if (!gone) /* tagged since it was chosen */
			continue;
		(void)json_array_append_new(removed,
					    json_pack("{s:O,s:O,s:O,s:O}", "folder",
						      json_object_get(run, "folder"), "name",
						      json_object_get(run, "name"), "why",
						      json_object_get(run, "why"), "bytes",
						      json_object_get(run, "bytes")));
	}
	return 0;
}

/* For people: "132.5 KiB". */
static char *human_size(int64_t bytes, char out[static 32])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	int64_t unit = 1024;
	size_t i = 0;

	if (bytes < unit) {
		(void)snprintf(out, 32, "%" PRId64 " B", bytes);
		return out;
	}
	for (; bytes / unit >= 1024 && i + 1 < ORD_COUNT(units); i++)
		unit *= 1024;
	(void)snprintf(out, 32, "%" PRId64 ".%" PRId64 " %s", bytes / unit,
		       bytes % unit * 10 / unit, units[i]);
	return out;
}

static void say_removed(const json_t *removed, size_t all, int64_t left, bool dry)
{
	const char *verb = dry ? "would remove" : "removed";
	int64_t sum = 0;
	char size[32], rest[32];
	const json_t *run;
	size_t i;

	json_array_foreach (removed, i, run) {
		int64_t bytes = json_integer_value(json_object_get(run, "bytes"));

		sum += bytes;
		(void)printf("%s %s: %s\n", verb, of_run(run, "folder"), of_run(run, "why"));
	}
	(void)printf("%s %zu of %zu runs, %s; %s stay\n", verb, json_array_size(removed), all,
		     human_size(sum, size), human_size(left, rest));
}

static int prune(const struct cli_args *args, const struct cli_history *of, struct ord_err *err)
{
	ord_auto(json) json_t *runs = NULL, *removed = json_array(), *out = NULL;
	bool dry = cli_flag(args, "dry-run");
	struct ord_history_rules rules;
	size_t months;
	char most[32];
	int64_t left;
	bool made;
	int r;

	if (read_rules(args, &rules, err) || (!dry && ord_history_sweep(&of->h, err)) ||
	    ord_history_list(&of->h, &ORD_HISTORY_ALL, &runs, &made, err) ||
	    ord_history_choose(&of->h, runs, &rules, &left, err))
		return -1;
	cli_history_hint(of);
	if (!dry && rules.keep_for_ns &&
	    ord_history_forget(&of->h, rules.now_ns - rules.keep_for_ns, &months, err))
		return -1;
	r = remove_all(of, runs, dry, removed, err);
	if (cli_flag(args, "json")) {
		out = json_pack("{s:i,s:b,s:O,s:I}", "schema", 1, "dry_run", dry, "removed",
				removed, "bytes_left", (json_int_t)left);
		if (!out || cli_history_dump(out, err))
			return -1;
	} else {
		say_removed(removed, json_array_size(runs), left, dry);
	}
	if (rules.max_size >= 0 && left > rules.max_size)
		(void)fprintf(
			stderr,
			"ordeal: that is still more than %s: the rest is tagged, in progress, "
			"the last that passed of its experiment, or a baseline\n",
			ord_format_size(rules.max_size, most));
	return r ? -1 : CLI_OK;
}

static int history(const struct cli_args *args, struct ord_err *err)
{
	enum action action = LIST;
	struct cli_history of;

	for (enum action a = REBUILD; args->n_operands && a <= PRUNE; a++)
		if (!strcmp(args->operands[0], words[a]))
			action = a;
	if (action != LIST && args->n_operands > 1)
		return ord_fail(
			err, ORD_USAGE,
			"'ordeal history %s' takes no name; an experiment that is called %s "
			"is --name %s",
			words[action], words[action], words[action]);
	if (check_options(args, action, err) || cli_history_of(cli_value(args, "output"), &of, err))
		return -1;
	return action == REBUILD ? rebuild(args, &of, err)
	       : action == PRUNE ? prune(args, &of, err)
				 : list(args, &of, err);
}

static const struct cli_option options[] = {
	{"name", 0, "NAME", "as an operand is, also where it is 'rebuild' or 'prune'"},
	CLI_HISTORY_FILTERS,
	{"verdict", 0, "VERDICT",
	 "those alone that were passed, failed, aborted, unsteady, inconclusive, refused, error, "
	 "skipped or interrupted"},
	CLI_HISTORY_OUTPUT,
	{"json", 0, NULL, "print JSON (docs/formats/history.md)"},
	{"keep-for", 0, "TIME", "prune: those that started longer ago go, as 90d"},
	{"keep-last", 0, "N", "prune: those beyond the last N of their experiment go"},
	{"max-size", 0, "SIZE", "prune: the oldest go until the folders take no more, as 10GiB"},
	{"dry-run", 0, NULL, "prune: say what would go, and remove nothing"},
	{0},
};

const struct cli_command cli_history_command = {
	.name = "history",
	.summary = "list the runs that were, rebuild the list, or prune them",
	.operands = "[NAME... | rebuild | prune]",
	.options = options,
	.min_operands = 0,
	.max_operands = SIZE_MAX,
	.details =
		"Every run is entered into a database, history.db, when it ends. MET are the "
		"objectives met, DETECTED each channel's median time to detect, TTR that of the "
		"recovery by itself and after the rollback, '> 30.0 s' where it was not reached. "
		"What 'ordeal serve' was to run and did not is skipped, with why; what it could "
		"not see to its end is interrupted.\n"
		"\n"
		"'ordeal history rebuild' makes the database anew from the runs' folders, which "
		"are the truth. Others go on meanwhile.\n"
		"\n"
		"'ordeal history prune' removes the folders, too, that one of --keep-for, "
		"--keep-last and --max-size lets go. Never those that are tagged, that are in "
		"progress, or that are the last of their experiment that passed. What was skipped "
		"goes by whole months.",
	.run = history,
};
