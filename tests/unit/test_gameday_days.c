/* What others see of sessions: files as a holder leaves them, and one who holds a lock. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/days.h"

#define HEAD                                                                                   \
	"{\"at\":\"2026-11-22T03:00:0%d.000Z\",\"e\":\"session\",\"version\":1,\"id\":\"%s\"," \
	"\"name\":\"day\",\"roles\":[],\"steps\":[{\"name\":\"One\",\"hidden\":true},"         \
	"{\"name\":\"Two\",\"hidden\":false}]}\n"
#define LINE(rest) "{\"at\":\"2026-11-22T03:00:05.000Z\"," rest "}\n"

struct scene {
	char home[64];
	sd_event *loop;
	struct ord_days *days;
	unsigned lines, view, changes, pulses, logged;
	char state[16];
	bool hidden;
};

static void on_line(void *arg, const char *id, bool view, uint64_t n, const json_t *line)
{
	struct scene *s = arg;

	(void)id;
	assert_true(n > 0 && json_is_object(line));
	s->lines += !view;
	s->view += view;
}

static void on_pulse(void *arg, const char *id, const json_t *now, bool hidden)
{
	struct scene *s = arg;

	(void)id;
	assert_int_equal(json_integer_value(json_object_get(now, "step")), 1);
	s->pulses++;
	s->hidden = hidden;
}

static void on_changed(void *arg, const char *id, const char *state)
{
	struct scene *s = arg;

	(void)id;
	s->changes++;
	(void)snprintf(s->state, sizeof s->state, "%s", state);
}

static void on_log(void *arg, const char *text)
{
	(void)text;
	((struct scene *)arg)->logged++;
}

static void open_days(struct scene *s)
{
	const struct ord_days_options options = {
		.home = s->home,
		.program = "/bin/true",
		.line = on_line,
		.pulse = on_pulse,
		.changed = on_changed,
		.log = on_log,
		.arg = s,
	};
	struct ord_err err;

	assert_int_equal(ord_days_open(s->loop, &options, &s->days, &err), 0);
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof *s);

	assert_non_null(s);
	memcpy(s->home, "/tmp/days.XXXXXX", sizeof "/tmp/days.XXXXXX");
	assert_non_null(mkdtemp(s->home));
	assert_true(sd_event_new(&s->loop) >= 0);
	*state = s;
	return 0;
}

static int remove_it(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int take_down(void **state)
{
	struct scene *s = *state;

	ord_days_close(s->days);
	(void)sd_event_unref(s->loop);
	(void)nftw(s->home, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}

/* All that has happened so far. */
static void turn(const struct scene *s)
{
	while (sd_event_run(s->loop, 20000) > 0)
		;
}

static void put(const struct scene *s, const char *id, const char *name, const char *text)
{
	char path[192];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", s->home, id);
	(void)mkdir(path, 0711);
	(void)snprintf(path, sizeof path, "%s/%s/%s", s->home, id, name);
	f = fopen(path, "ae");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void begin(const struct scene *s, const char *id, int second)
{
	char head[512];

	(void)snprintf(head, sizeof head, HEAD, second, id);
	put(s, id, "session.jsonl", head);
	put(s, id, "responder.jsonl", head);
}

static const char *at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static json_t *show(const struct scene *s, const char *id, enum ord_days_view view)
{
	struct ord_err err;
	json_t *json = NULL;

	assert_int_equal(ord_days_show(s->days, id, view, &json, &err), 0);
	return json;
}

static void test_list(void **state)
{
	struct scene *s = *state;
	ord_auto(json) json_t *list = NULL;
	struct ord_err err;
	json_t *none = NULL;

	begin(s, "older", 1);
	begin(s, "newer", 2);
	put(s, "older", "session.jsonl", LINE("\"e\":\"end\""));
	put(s, "no head", "session.jsonl", "{}\n");
	put(s, "empty", "other", "x");
	open_days(s);
	/* What was there before is not told. */
	assert_int_equal(s->lines + s->view + s->changes, 0);
	list = ord_days_list(s->days);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(at(json_array_get(list, 0), "id"), "newer");
	assert_string_equal(at(json_array_get(list, 0), "state"), "left");
	assert_string_equal(at(json_array_get(list, 1), "state"), "over");
	assert_true(ord_days_is_over(s->days, "older") && !ord_days_is_over(s->days, "newer"));
	assert_false(ord_days_has(s->days, "empty"));
	assert_int_equal(ord_days_show(s->days, "../x", ORD_DAYS_ALL, &none, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
}

static void test_lines(void **state)
{
	struct scene *s = *state;
	ord_auto(json) json_t *whole = NULL, *lines = NULL;
	struct ord_err err;

	open_days(s);
	begin(s, "a", 1);
	turn(s);
	assert_int_equal(s->lines, 1);
	assert_int_equal(s->view, 1);
	/* A torn line is none until it is whole. */
	put(s, "a", "session.jsonl", "{\"at\":\"2026-11-22T03:00:05.000Z\",\"e\":\"che");
	turn(s);
	assert_int_equal(s->lines, 1);
	put(s, "a", "session.jsonl", "cks\",\"step\":1}\n");
	put(s, "a", "session.jsonl",
	    LINE("\"e\":\"check\",\"step\":1,\"check\":\"disk\",\"result\":\"pass\",\"text\":"
		 "\"room\""));
	turn(s);
	assert_int_equal(s->lines, 3);
	whole = show(s, "a", ORD_DAYS_ALL);
	assert_string_equal(at(whole, "step_state"), "checks");
	assert_int_equal(ord_days_lines(s->days, "a", ORD_DAYS_ALL, 1, &lines, &err), 0);
	assert_int_equal(json_array_size(json_object_get(lines, "lines")), 2);
	assert_int_equal(json_integer_value(json_object_get(lines, "next")), 3);
	/* What could not have happened changes nothing, and is told once. */
	put(s, "a", "session.jsonl", LINE("\"e\":\"go\",\"step\":2"));
	put(s, "a", "session.jsonl", LINE("\"e\":\"ready\",\"step\":1"));
	turn(s);
	assert_int_equal(s->logged, 1);
	json_decref(whole);
	whole = show(s, "a", ORD_DAYS_ALL);
	assert_string_equal(at(whole, "step_state"), "checks");
}

static void run_step(const struct scene *s, const char *id)
{
	put(s, id, "session.jsonl", LINE("\"e\":\"checks\",\"step\":1"));
	put(s, id, "session.jsonl", LINE("\"e\":\"ready\",\"step\":1"));
	put(s, id, "session.jsonl", LINE("\"e\":\"go\",\"step\":1,\"by\":\"owner\""));
	put(s, id, "session.jsonl",
	    LINE("\"e\":\"run\",\"step\":1,\"run\":\"R1\",\"dir\":\"/r/R1\""));
}

static void test_hidden(void **state)
{
	struct scene *s = *state;
	ord_auto(json) json_t *whole = NULL;
	const json_t *step;

	open_days(s);
	begin(s, "a", 1);
	run_step(s, "a");
	put(s, "a", "live.json", "{\"step\":1,\"t\":1.5}");
	turn(s);
	assert_true(s->pulses > 0 && s->hidden);
	assert_true(ord_days_hides(s->days, "a", "1"));
	assert_false(ord_days_hides(s->days, "a", "2"));
	assert_true(ord_days_hides(s->days, "a", "1x")); /* what cannot be told is kept */
	assert_false(ord_days_hides(s->days, "b", "1"));
	assert_true(ord_days_hides_run(s->days, "R1"));
	assert_false(ord_days_hides_run(s->days, "R2"));
	whole = show(s, "a", ORD_DAYS_RESPONDER);
	step = json_array_get(json_object_get(whole, "steps"), 0);
	assert_string_equal(at(step, "state"), "running");
	assert_null(json_object_get(step, "run"));
	assert_null(json_object_get(whole, "live"));
	json_decref(whole);
	whole = show(s, "a", ORD_DAYS_ALL);
	assert_string_equal(at(json_array_get(json_object_get(whole, "steps"), 0), "run"), "R1");
	assert_non_null(json_object_get(whole, "live"));
	put(s, "a", "session.jsonl", LINE("\"e\":\"reveal\",\"step\":1"));
	turn(s);
	assert_false(ord_days_hides(s->days, "a", "1"));
	assert_false(ord_days_hides_run(s->days, "R1"));
	json_decref(whole);
	whole = show(s, "a", ORD_DAYS_RESPONDER);
	assert_non_null(json_object_get(whole, "live"));
}

static void test_held(void **state)
{
	struct scene *s = *state;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	ord_auto(json) json_t *whole = NULL;
	ord_autoclose int fd = -1;
	struct ord_err err;
	char path[128];

	open_days(s);
	begin(s, "a", 1);
	turn(s);
	(void)snprintf(path, sizeof path, "%s/a/session.jsonl", s->home);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	whole = show(s, "a", ORD_DAYS_ALL);
	assert_string_equal(at(whole, "state"), "held");
	assert_string_equal(s->state, "held");
	assert_int_equal(ord_days_resume(s->days, "a", &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	ord_close(&fd);
	json_decref(whole);
	whole = show(s, "a", ORD_DAYS_ALL);
	assert_string_equal(at(whole, "state"), "left");
	assert_int_equal(s->changes, 2);
	/* Nobody is asked where nobody holds it; what can be taken up is. */
	assert_int_equal(ord_days_tell(s->days, "a",
				       &(struct ord_days_command){.verb = "hold", .by = "owner"},
				       NULL, NULL, &err),
			 -1);
	assert_int_equal(err.code, ORD_GUARD);
	assert_int_equal(ord_days_tell(s->days, "a",
				       &(struct ord_days_command){.verb = "quit", .by = "owner"},
				       NULL, NULL, &err),
			 -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_int_equal(ord_days_resume(s->days, "a", &err), 0);
	turn(s);
}

static void test_gone(void **state)
{
	struct scene *s = *state;
	char path[128];
	json_t *list;

	open_days(s);
	begin(s, "a", 1);
	turn(s);
	assert_true(ord_days_has(s->days, "a"));
	(void)snprintf(path, sizeof path, "%s/a", s->home);
	(void)nftw(path, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	turn(s);
	assert_false(ord_days_has(s->days, "a"));
	/* The folder of all of them, too: another takes its place. */
	assert_int_equal(rmdir(s->home), 0);
	for (int i = 0; i < 500 && access(s->home, F_OK); i++)
		turn(s);
	begin(s, "b", 1);
	turn(s);
	list = ord_days_list(s->days);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
}

static void test_begin(void **state)
{
	struct scene *s = *state;
	char path[128], id[ORD_DAYS_ID_MAX];
	struct ord_err err;

	open_days(s);
	(void)snprintf(path, sizeof path, "%s/.day.yaml", s->home);
	assert_int_equal(ord_days_begin(s->days, path, id, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	assert_non_null(strstr(err.msg, ".day.yaml"));
	assert_int_equal(
		ord_days_begin(s->days, SOURCE_DIR "/experiments/game-day/day.yaml", id, &err), 0);
	assert_true(ord_days_has(s->days, id));
	assert_non_null(strstr(id, "-first-day"));
	turn(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, set_up, take_down),
		cmocka_unit_test_setup_teardown(test_lines, set_up, take_down),
		cmocka_unit_test_setup_teardown(test_hidden, set_up, take_down),
		cmocka_unit_test_setup_teardown(test_held, set_up, take_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, take_down),
		cmocka_unit_test_setup_teardown(test_begin, set_up, take_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
