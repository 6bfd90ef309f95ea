/* The calendar of experiments: what would run when. Nothing is run, and nothing is asked. */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/gameday.h"
#include "cli/pick_file.h"
#include "ordeal/calendar.h"

#define DAY_NS	      ((int64_t)ORD_DAY_S * (int64_t)ORD_S)
#define FOR_MAX_NS    (3660 * DAY_NS)
#define COUNT_DEFAULT 1000
#define COUNT_MAX     1000000
#define PATH_SIZE     4096
#define STAMP	      48

/* One line of the calendar. */
struct run {
	struct ord_due due;
	int64_t local_s; /* when it runs, as clocks there show it */
	char name[ORD_NAME_MAX], zone[ORD_ZONE_MAX];
	char local[STAMP], missing[STAMP]; /* missing: the time that does not exist that day */
	char chosen[ORD_NAME_MAX];	   /* of several the experiment; "": it is one */
	const char *path;		   /* borrowed */
};

/* What a file plans. */
struct source {
	struct cli_scheduled of;
	const struct cli_pick *pick; /* NULL: an experiment */
	const char *path;
};

struct calendar {
	char **files; /* owned, each too */
	size_t n_files;
	struct run *runs; /* owned */
	size_t n, room, max;
	int64_t from_ns, to_ns;
	int worst; /* exit code of the files */
};

static void calendar_done(struct calendar *c)
{
	for (size_t i = 0; i < c->n_files; i++)
		free(c->files[i]);
	free(c->files);
	free(c->runs);
}

static int add_file(struct calendar *c, const char *path, struct ord_err *err)
{
	char **more = realloc(c->files, (c->n_files + 1) * sizeof *more);

	if (!more)
		return ord_fail_nomem(err);
	c->files = more;
	more[c->n_files] = strdup(path);
	if (!more[c->n_files])
		return ord_fail_nomem(err);
	c->n_files++;
	return 0;
}

static int add_folder(struct calendar *c, const char *dir, struct ord_err *err)
{
	struct dirent **found = NULL;
	char path[PATH_SIZE];
	int n = scandir(dir, &found, cli_is_yaml, alphasort), r = 0;

	if (n < 0)
		return ord_fail_sys(err, "%s", dir);
	for (int i = 0; i < n; i++) {
		if (!r && (size_t)snprintf(path, sizeof path, "%s/%s", dir, found[i]->d_name) >=
				  sizeof path)
			r = ord_fail(err, ORD_USAGE, "%s: the path is too long", dir);
		if (!r)
			r = add_file(c, path, err);
		free(found[i]);
	}
	free(found);
	return r;
}

static int add_operands(struct calendar *c, const struct cli_args *args, struct ord_err *err)
{
	for (size_t i = 0; i < args->n_operands; i++) {
		const char *path = args->operands[i];
		struct stat st;
		bool folder = !stat(path, &st) && S_ISDIR(st.st_mode);

		if (folder ? add_folder(c, path, err) : add_file(c, path, err))
			return -1;
	}
	return 0;
}

/* "2026-11-23T10:00:00" */
static void format_clock(int64_t local_s, char out[static STAMP])
{
	int64_t day = ord_day_of(local_s);
	int of_day = (int)(local_s - day * ORD_DAY_S);
	struct ord_date date = ord_date_of(day);

	(void)snprintf(out, STAMP, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month, date.day,
		       of_day / 3600, of_day / 60 % 60, of_day % 60);
}

/* The same with its offset, "+01:00". */
static void format_local(const struct ord_zone *zone, int64_t utc_s, char out[static STAMP])
{
	int offset = ord_zone_offset(zone, utc_s), minutes = abs(offset) / 60;
	char clock[STAMP];

	format_clock(utc_s + offset, clock);
	(void)snprintf(out, STAMP, "%.19s%c%02d:%02d", clock, offset < 0 ? '-' : '+', minutes / 60,
		       minutes % 60);
}

static int add_run(struct calendar *c, const struct source *source, const struct ord_zone *zone,
		   struct ord_due due, struct ord_err *err)
{
	struct run *r;

	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;

		r = realloc(c->runs, room * sizeof *r);
		if (!r)
			return ord_fail_nomem(err);
		c->runs = r;
		c->room = room;
	}
	r = &c->runs[c->n++];
	*r = (struct run){.due = due, .path = source->path, .local_s = due.at_ns / (int64_t)ORD_S};
	r->local_s += ord_zone_offset(zone, r->local_s);
	(void)snprintf(r->name, sizeof r->name, "%s", source->of.name);
	(void)snprintf(r->zone, sizeof r->zone, "%s", source->of.schedule->zone);
	if (source->pick)
		memcpy(r->chosen,
		       source->pick->names[ord_pick_chosen(source->pick->pick, due.planned_ns)],
		       sizeof r->chosen);
	format_local(zone, due.at_ns / (int64_t)ORD_S, r->local);
	if (due.missing_local_s != ORD_NEVER)
		format_clock(due.missing_local_s, r->missing);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->due.at_ns != y->due.at_ns)
		return x->due.at_ns < y->due.at_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* What has jitter may be planned before the time asked for and run in it. */
static int add_runs(struct calendar *c, const struct ord_calendar *calendar,
		    const struct source *source, struct ord_err *err)
{
	int64_t after = c->from_ns - (int64_t)source->of.schedule->jitter_ns - 1;
	const struct ord_zone *zone = ord_calendar_zone(calendar);
	struct ord_due due, first = {0};
	size_t found = 0;
	char local[STAMP];

	while (found <= c->max && ord_calendar_next(calendar, after, &due)) {
		after = due.planned_ns;
		if (due.at_ns < c->from_ns)
			continue;
		first = first.at_ns ? first : due;
		if (due.planned_ns >= c->to_ns)
			break;
		if (due.at_ns >= c->to_ns)
			continue;
		if (add_run(c, source, zone, due, err))
			return -1;
		found++;
	}
	if (found)
		return 0;
	if (first.at_ns)
		format_local(zone, first.at_ns / (int64_t)ORD_S, local);
	(void)fprintf(stderr, "ordeal: %s: nothing within that time; %s%s\n", source->path,
		      first.at_ns ? "the next is at "
				  : "it never runs (again): what it says is over, or in none of "
				    "its windows",
		      first.at_ns ? local : "");
	return 0;
}

/* Returns 0, an exit code of the file alone, or -1. */
static int add_schedule(struct calendar *c, const struct source *source, struct ord_err *err)
{
	struct ord_calendar *calendar;
	int code;

	if (source->of.schedule->kind == ORD_SCHEDULE_NONE) {
		(void)fprintf(stderr, "ordeal: %s: it has no schedule\n", source->path);
		return 0;
	}
	code = cli_calendar_open(source->path, &source->of, &calendar);
	if (code)
		return code;
	code = add_runs(c, calendar, source, err);
	ord_calendar_close(calendar);
	return code;
}

static int add_experiment(struct calendar *c, const char *path, const struct cli_args *args,
			  struct ord_err *err)
{
	struct ord_spec *spec = NULL;
	int code = cli_spec_read(path, args, false, &spec);

	if (!code)
		code = add_schedule(c, &(struct source){cli_scheduled_of(spec), NULL, path}, err);
	cli_spec_free(spec);
	return code;
}

static int add_pick(struct calendar *c, const char *path, const struct cli_args *args,
		    struct ord_err *err)
{
	struct cli_pick pick;
	int code = cli_pick_read(path, args, &pick);

	if (!code)
		code = add_schedule(
			c, &(struct source){cli_scheduled_of_pick(pick.pick), &pick, path}, err);
	cli_pick_done(&pick);
	return code;
}

/* People say when a game day is. */
static int pass_gameday(const char *path)
{
	(void)fprintf(stderr, "ordeal: %s: a game day, which has no schedule\n", path);
	return CLI_OK;
}

/* A file that is broken leaves the others in the calendar. */
static int read_files(struct calendar *c, const struct cli_args *args, struct ord_err *err)
{
	for (size_t i = 0; i < c->n_files; i++) {
		const char *path = c->files[i];
		int code = cli_pick_named(path)	     ? add_pick(c, path, args, err)
			   : cli_gameday_named(path) ? pass_gameday(path)
						     : add_experiment(c, path, args, err);

		if (code < 0)
			return -1;
		c->worst = cli_exit_worst(c->worst, code);
	}
	if (c->n)
		qsort(c->runs, c->n, sizeof *c->runs, by_time);
	if (c->n > c->max) {
		(void)fprintf(stderr, "ordeal: the first %zu are shown; --count takes more\n",
			      c->max);
		c->n = c->max;
	}
	return 0;
}

static int print_json(const struct calendar *c, struct ord_err *err)
{
	json_t *all = json_array();
	char at[32], planned[32];

	for (size_t i = 0; i < c->n; i++) {
		const struct run *r = &c->runs[i];
		json_t *one;

		ord_format_utc((uint64_t)r->due.at_ns, at);
		ord_format_utc((uint64_t)r->due.planned_ns, planned);
		one = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "at", at, "planned", planned, "local",
				r->local, "timezone", r->zone, "name", r->name, "file", r->path);
		if (*r->missing)
			(void)json_object_set_new(one, "insteadOf", json_string(r->missing));
		if (*r->chosen)
			(void)json_object_set_new(one, "chosen", json_string(r->chosen));
		(void)json_array_append_new(all, one);
	}
	if (!all || json_array_size(all) != c->n) {
		json_decref(all);
		return ord_fail_nomem(err);
	}
	(void)json_dumpf(all, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	(void)putchar('\n');
	json_decref(all);
	return 0;
}

static void print_text(const struct calendar *c)
{
	static const char names[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

	for (size_t i = 0; i < c->n; i++) {
		const struct run *r = &c->runs[i];

		(void)printf("%s %.10s %.8s %s  %s%s%s%s%s%s\n",
			     names[ord_weekday(ord_day_of(r->local_s))], r->local, r->local + 11,
			     r->local + 19, r->name, *r->chosen ? ": " : "", r->chosen,
			     *r->missing ? "  (" : "", *r->missing ? r->missing + 11 : "",
			     *r->missing ? " does not exist on that day)" : "");
	}
}

static int read_times(struct calendar *c, const struct cli_args *args, struct ord_err *err)
{
	const char *from = cli_value(args, "from"), *length = cli_value(args, "for");
	struct ord_time t;
	uint64_t max;
	int64_t ns;

	c->from_ns = (int64_t)ord_wall_ns();
	if (from) {
		if (ord_time_parse(from, &t, err))
			return ord_wrap(err, "--from");
		c->from_ns = t.s * (int64_t)ORD_S; /* without an offset it is UTC */
	}
	if (ord_parse_duration(length ? length : "7d", &ns, err))
		return ord_wrap(err, "--for");
	if (ns <= 0 || ns > FOR_MAX_NS)
		return ord_fail(err, ORD_USAGE, "--for: '%s' is not within 1ns to 3660d", length);
	c->to_ns = c->from_ns + ns;
	if (cli_number(args, "count", COUNT_DEFAULT, &max, err))
		return -1;
	if (!max || max > COUNT_MAX)
		return ord_fail(err, ORD_USAGE, "--count: 1 to %d", COUNT_MAX);
	c->max = (size_t)max;
	return 0;
}

static int next(const struct cli_args *args, struct ord_err *err)
{
	struct calendar c = {.worst = CLI_OK};
	int r = read_times(&c, args, err);

	if (!r)
		r = add_operands(&c, args, err);
	if (!r)
		r = read_files(&c, args, err);
	if (!r && cli_flag(args, "json"))
		r = print_json(&c, err);
	else if (!r)
		print_text(&c);
	calendar_done(&c);
	return r ? -1 : c.worst;
}

static const struct cli_option options[] = {
	{"from", 0, "TIME",
	 "the first time of the calendar, as in 2026-12-01T10:00Z; UTC where no offset stands "
	 "there. Now, where it is not given"},
	{"for", 0, "DURATION", "how far it goes; 7d where it is not given"},
	{"count", 'n', "N", "at most so many runs; 1000 where it is not given"},
	{"json", 0, NULL, "print JSON: a list with 'at' of each, in UTC"},
	CLI_SET_OPTION,
	{0},
};

const struct cli_command cli_next = {
	.name = "next",
	.summary = "when experiments run by their schedules: a calendar",
	.operands = "FILE|DIR...",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.details =
		"Prints when each experiment runs, in the time zone of its schedule. The times "
		"follow "
		"from the file alone, random ones and jitter too: they are drawn from its seed and "
		"its name. Of a Schedule (ordeal-spec(5)) it says which experiment is drawn. Of a "
		"DIR the files *.yaml and *.yml in it are read. A file that is "
		"wrong "
		"leaves the others in the calendar, and the exit code tells of it.",
	.run = next,
};
