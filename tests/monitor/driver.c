/*
 * driver EXPERIMENT: the monitor without a run. Every line that it would write to a timeline goes
 * to stdout at once; what a run's phases would do is told on stdin: "before", "repetition N",
 * "request", "after", "settle", "rules", "end". Each is answered by {"e":"done"}; a first line says
 * what t = 0 is on both clocks.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "ordeal/monitor.h"

struct driver {
	struct ord_plan plan;
	struct ord_monitor *m;
	sd_event *loop;
	uint64_t mono_ns, request_ns;
	char buffer[4096];
	size_t used;
};

static void say(const json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);

	(void)printf("%s\n", text ? text : "{\"e\":\"memory\"}");
	(void)fflush(stdout);
	free(text);
}

static void say_new(json_t *line)
{
	say(line);
	json_decref(line);
}

static void on_line(void *arg, const char *e, json_t *line, uint64_t at_ns)
{
	const struct driver *d = arg;

	(void)json_object_set_new(line, "e", json_string(e));
	(void)json_object_set_new(line, "t", json_integer((json_int_t)(at_ns - d->mono_ns)));
	say_new(line);
}

static void on_changed(void *arg, const char *channel, bool so)
{
	(void)arg;
	say_new(json_pack("{s:s, s:s, s:b}", "e", "changed", "channel", channel, "so", so));
}

static void fail(const struct ord_err *err)
{
	say_new(json_pack("{s:s, s:s}", "e", "error", "text", err->msg));
	exit(1);
}

static void rules(const struct driver *d)
{
	struct ord_err err = {0};
	json_t *found = NULL;

	if (ord_monitor_rules(&d->plan, &found, &err))
		fail(&err);
	ord_monitor_text(found, stderr);
	say_new(json_pack("{s:s, s:o}", "e", "asked", "rules", found));
}

static void obey(struct driver *d, const char *word)
{
	struct ord_err err = {0};
	const char *grid = "grid";

	if (!strcmp(word, "before")) {
		const struct ord_monitor_grid *g;

		if (ord_monitor_before(d->m, &err))
			fail(&err);
		g = ord_monitor_grid(d->m);
		say_new(json_pack("{s:s, s:I, s:I}", "e", grid, "scrape_ns",
				  (json_int_t)g->scrape_ns, "evaluation_ns",
				  (json_int_t)g->evaluation_ns));
	} else if (!strncmp(word, "repetition ", 11)) {
		ord_monitor_repetition(d->m, (uint32_t)strtoul(word + 11, NULL, 10));
	} else if (!strcmp(word, "request")) {
		d->request_ns = ord_now_ns();
	} else if (!strcmp(word, "after")) {
		ord_monitor_after(d->m, d->request_ns);
	} else if (!strcmp(word, "settle")) {
		ord_monitor_settle(d->m);
	} else if (!strcmp(word, "rules")) {
		rules(d);
	} else if (!strcmp(word, "end")) {
		(void)sd_event_exit(d->loop, 0);
	}
	say_new(json_pack("{s:s, s:s, s:I}", "e", "done", "word", word, "t",
			  (json_int_t)(ord_now_ns() - d->mono_ns)));
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct driver *d = arg;
	ssize_t n = read(fd, d->buffer + d->used, sizeof d->buffer - 1 - d->used);
	char *end;

	(void)source;
	(void)events;
	if (n <= 0)
		return sd_event_exit(d->loop, 0);
	d->used += (size_t)n;
	d->buffer[d->used] = '\0';
	while ((end = strchr(d->buffer, '\n'))) {
		*end = '\0';
		obey(d, d->buffer);
		d->used -= (size_t)(end + 1 - d->buffer);
		memmove(d->buffer, end + 1, d->used + 1);
	}
	return 0;
}

static void read_spec(const char *path, struct ord_spec *ret)
{
	ord_autofree char *text = NULL;
	struct ord_mistakes mistakes;
	struct ord_err err = {0};
	size_t n;

	if (ord_file_read(path, ORD_SPEC_BYTES_MAX, &text, &n, &err))
		fail(&err);
	if (ord_spec_parse(text, n, NULL, 0, ret, &mistakes)) {
		(void)ord_fail(&err, ORD_USAGE, "%u: %s", mistakes.v[0].line, mistakes.v[0].text);
		fail(&err);
	}
	ord_mistakes_done(&mistakes);
}

int main(int argc, char **argv)
{
	struct driver d = {.mono_ns = ord_now_ns()};
	struct ord_spec spec = {0};
	struct ord_err err = {0};
	uint64_t wall_ns = ord_wall_ns();
	struct ord_monitor_sink sink = {.line = on_line,
					.changed = on_changed,
					.arg = &d,
					.mono_ns = d.mono_ns,
					.anchor_ns = (int64_t)(wall_ns - d.mono_ns)};

	if (argc != 2)
		return 2;
	read_spec(argv[1], &spec);
	if (ord_plan_build(&spec, 7, &d.plan, &err) || sd_event_new(&d.loop) < 0 ||
	    ord_monitor_open(&d.plan, d.loop, &sink, &d.m, &err))
		fail(&err);
	say_new(json_pack("{s:s, s:I, s:I}", "e", "run", "wall_ns", (json_int_t)wall_ns, "mono_ns",
			  (json_int_t)d.mono_ns));
	if (sd_event_add_io(d.loop, NULL, 0, EPOLLIN, on_input, &d) < 0)
		return 2;
	(void)sd_event_loop(d.loop);
	ord_monitor_close(d.m);
	(void)sd_event_unref(d.loop);
	ord_plan_done(&d.plan);
	ord_spec_done(&spec);
	return 0;
}
