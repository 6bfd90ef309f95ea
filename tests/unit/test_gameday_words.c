/* What is hidden stays so, what is typed is read, and what a rehearsal means. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "scheduler/gameday/module/command.h"
#include "scheduler/gameday/module/event.h"
#include "scheduler/gameday/module/rehearsal.h"

#define SECRET "the-secret"

static struct day *load(void)
{
	struct day *day = NULL;

	assert_int_equal(day_load(SOURCE_DIR "/tests/golden/gameday/good.yaml", stderr, &day), 0);
	return day;
}

static char *view_of(const struct day *day, const struct day_session *s, const struct day_event *e)
{
	ord_auto(json) json_t *line = day_view(day, s, e);
	char *text = line ? json_dumps(line, JSON_COMPACT) : strdup("");

	assert_non_null(text);
	return text;
}

/* Every event of a hidden step with a secret wherever one may stand, said by whoever knows it. */
static void nothing_hidden_is_told(void **state)
{
	static const char *const knowing[] = {NULL, "owner", "observer"};
	struct day *day = load();
	struct day_session s;

	day_session_init(&s, day->spec.n_steps);
	(void)snprintf(s.steps[0].verdict, sizeof s.steps[0].verdict, SECRET);
	for (int k = 0; k < DAY_KINDS; k++)
		for (size_t b = 0; b < ORD_COUNT(knowing); b++) {
			struct day_event e = {.kind = (enum day_kind)k,
					      .by = knowing[b],
					      .text = SECRET,
					      .result = DAY_FAIL,
					      .run = SECRET,
					      .dir = "/" SECRET,
					      .exit = 1};
			ord_autofree char *text = view_of(day, &s, &e);

			/* In the open step it is told, and so it is where it is revealed. */
			if (k != DAY_E_REVEAL && strstr(text, SECRET))
				fail_msg("%s: %s", day_kind_name(e.kind), text);
			if (k == DAY_E_ENDED)
				assert_null(strstr(text, "exit"));
		}
	day_free(day);
}

static void what_they_say_themselves_is(void **state)
{
	struct day *day = load();
	struct day_session s;
	struct day_event e = {
		.kind = DAY_E_NOTE, .by = "on-call", .text = "it is slow", .what = "detected"};

	day_session_init(&s, day->spec.n_steps);
	for (int i = 0; i < 2; i++) {
		ord_autofree char *text = NULL;

		e.kind = i ? DAY_E_MARK : DAY_E_NOTE;
		text = view_of(day, &s, &e);
		assert_non_null(strstr(text, "it is slow"));
		assert_non_null(strstr(text, "on-call"));
	}
	day_free(day);
}

static void it_is_told_once_it_is_revealed(void **state)
{
	struct day *day = load();
	struct day_session s;
	struct day_event e = {.kind = DAY_E_REVEAL, .by = "owner"};
	ord_autofree char *told = NULL, *again = NULL, *after = NULL;

	day_session_init(&s, day->spec.n_steps);
	told = view_of(day, &s, &e);
	assert_non_null(strstr(told, "net.delay"));
	assert_non_null(strstr(told, day->experiments[0].spec->name));
	day_apply(&s, &e);
	again = view_of(day, &s, &e);
	assert_string_equal(again, "");
	e = (struct day_event){.kind = DAY_E_CHECK, .text = SECRET, .result = DAY_PASS};
	after = view_of(day, &s, &e);
	assert_non_null(strstr(after, SECRET));
	day_free(day);
}

static void the_page(void **state)
{
	struct day *day = load();
	ord_autofree char *all = NULL, *less = NULL;
	size_t n;
	FILE *f = open_memstream(&all, &n);

	day_page(day, true, f);
	assert_int_equal(fclose(f), 0);
	f = open_memstream(&less, &n);
	day_page(day, false, f);
	assert_int_equal(fclose(f), 0);
	assert_non_null(strstr(all, "net.delay"));
	assert_non_null(strstr(all, "tc qdisc del"));
	for (const char *const *word =
		     (const char *const[]){"net.delay", "tc qdisc", "../orders", "30s",
					   day->experiments[0].spec->name, NULL};
	     *word; word++)
		assert_null(strstr(less, *word));
	assert_non_null(strstr(less, "The first hour"));
	day_free(day);
}

static void typed(void **state)
{
	static const struct {
		const char *line;
		int verb; /* -1: refused */
		const char *by, *what, *text;
	} table[] = {
		{"go", COMMAND_GO, "owner", "", ""},
		{"  go   overrule ", COMMAND_GO, "owner", "", ""},
		{"go away", -1, "", "", ""},
		{"abort day", COMMAND_ABORT, "owner", "", ""},
		{"note it is slow", COMMAND_NOTE, "owner", "", "it is slow"},
		{"note on-call: it is slow", COMMAND_NOTE, "on-call", "", "it is slow"},
		{"note At 12:30: slow", COMMAND_NOTE, "owner", "", "At 12:30: slow"},
		{"note", -1, "", "", ""},
		{"mark detected on-call", COMMAND_MARK, "on-call", "detected", ""},
		{"mark resolved on-call back up", COMMAND_MARK, "on-call", "resolved", "back up"},
		{"mark detected", -1, "", "", ""},
		{"mark seen on-call", -1, "", "", ""},
		{"mark detected Ann", -1, "", "", ""},
		{"wait injected", COMMAND_WAIT, "owner", "injected", ""},
		{"wait long", -1, "", "", ""},
		{"pause 2s", COMMAND_PAUSE, "owner", "", ""},
		{"pause long", -1, "", "", ""},
		{"reveal 2", COMMAND_REVEAL, "owner", "", ""},
		{"reveal 0", -1, "", "", ""},
		{"", COMMAND_NOTHING, "owner", "", ""},
		{"# go", COMMAND_NOTHING, "owner", "", ""},
		{"gp", -1, "", "", ""},
	};
	struct ord_err err;

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		struct command c = {0};
		int r = command_parse(table[i].line, "owner", &c, &err);

		if (r != (table[i].verb < 0 ? -1 : 0))
			fail_msg("'%s'", table[i].line);
		if (r)
			continue;
		assert_int_equal(c.verb, table[i].verb);
		assert_string_equal(c.by, table[i].by);
		assert_string_equal(c.what, table[i].what);
		assert_string_equal(c.text, table[i].text);
	}
}

static void told_over_the_socket(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"do\":\"go\"}",
		"{\"do\":\"quit\",\"by\":\"owner\"}",
		"{\"do\":\"wait\",\"by\":\"owner\",\"what\":\"over\"}",
		"{\"do\":\"note\",\"by\":\"owner\"}",
		"{\"do\":\"note\",\"by\":\"owner\",\"text\":\"\\u001b[2J\"}",
		"{\"do\":\"mark\",\"by\":\"on-call\",\"what\":\"won\"}",
		"{\"do\":\"go\",\"by\":\"On Call\"}",
		"{\"do\":7,\"by\":[]}",
		"{\"do\":\"reveal\",\"by\":\"owner\",\"step\":99}",
	};
	struct command c, again;
	struct ord_err err;

	assert_int_equal(command_parse("mark detected on-call it beeps", "owner", &c, &err), 0);
	for (int i = 0; i < 2; i++) {
		ord_auto(json) json_t *message = command_json(&c);

		assert_int_equal(command_read(message, &again, &err), 0);
		assert_string_equal(again.what, c.what);
		assert_string_equal(again.by, c.by);
		assert_string_equal(again.text, c.text);
		assert_int_equal(again.overrule, c.overrule);
		assert_int_equal(command_parse("go overrule", "owner", &c, &err), 0);
	}
	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		ord_auto(json) json_t *message = json_loads(bad[i], 0, NULL);

		assert_non_null(message);
		if (!command_read(message, &again, &err))
			fail_msg("%s", bad[i]);
	}
}

/* What a rehearsal changes of an experiment leaves an experiment. */
static void rehearsed(const char *name)
{
	static struct ord_spec spec, changed;
	struct ord_override sets[REHEARSAL_ARGS_MAX];
	struct rehearsal_args args;
	struct ord_mistakes m = {0};
	ord_autofree char *text = NULL;
	struct ord_err err;
	char path[512];
	size_t size, n = 0;

	(void)snprintf(path, sizeof path, SOURCE_DIR "/%s", name);
	assert_int_equal(ord_file_read(path, 1 << 20, &text, &size, &err), 0);
	assert_int_equal(ord_spec_parse(text, size, NULL, 0, &spec, &m), 0);
	ord_mistakes_done(&m);
	assert_int_equal(rehearsal_args_make(&spec, 2 * ORD_S, &args, &err), 0);
	for (size_t i = 0; args.argv[i]; i++) {
		char *eq;

		if (strcmp(args.argv[i], "--set") != 0)
			continue;
		eq = strchr(args.texts[i], '=');
		*eq = '\0';
		sets[n++] = (struct ord_override){args.texts[i], eq + 1};
	}
	if (ord_spec_parse(text, size, sets, n, &changed, &m))
		fail_msg("%s: %s", name, m.n ? m.v[0].text : "");
	ord_mistakes_done(&m);
	assert_int_equal(changed.n_faults, 1);
	assert_string_equal(changed.faults[0].args->fault->name, "noop");
	assert_int_equal(changed.faults[0].for_ns, 2 * ORD_S);
	assert_int_equal(changed.repetitions, spec.sequential.set ? 2 : 1);
	assert_int_equal(changed.n_abort, spec.n_steady);
	for (size_t i = 0; i < spec.n_steady; i++) {
		assert_int_equal(changed.abort[i].probe, spec.steady[i].probe);
		assert_int_equal(changed.abort[i].value, spec.steady[i].value);
		assert_true((spec.steady[i].op == ORD_OP_GE) == (changed.abort[i].op == ORD_OP_LT));
	}
	rehearsal_args_done(&args);
	ord_spec_done(&spec);
	ord_spec_done(&changed);
}

static void rehearsals(void **state)
{
	rehearsed("tests/golden/orders.yaml");
	rehearsed("tests/golden/everything.yaml");
	rehearsed("experiments/store-down.yaml");
}

static void seen(struct rehearsal_seen *s, const char *const *lines)
{
	rehearsal_begin(s);
	for (; *lines; lines++)
		rehearsal_line(s, *lines, strlen(*lines));
}

static void meaning(void **state)
{
	static const char *const well[] = {
		"{\"e\":\"sample\",\"state\":\"injected\"}",
		"{\"e\":\"steady\",\"when\":\"before\",\"holds\":true}",
		"{\"e\":\"fault\",\"state\":\"injected\",\"t\":1000}",
		"{\"e\":\"fault\",\"state\":\"reverting\",\"t\":2000}",
		"{\"e\":\"fault\",\"state\":\"reverted\",\"t\":3000,\"residue\":0}",
		"{\"e\":\"steady\",\"when\":\"after\",\"holds\":true}",
		"{\"e\":\"end\",\"cause\":\"complete\"}",
		NULL};
	static const char *const down[] = {
		"{\"e\":\"steady\",\"when\":\"before\",\"holds\":false,\"conditions\":[{\"text\":"
		"\"orders.ok_ratio >= 0.99 over 3s\",\"met\":false}]}",
		"{\"e\":\"end\",\"cause\":\"steady-state\",\"text\":\"it did not hold\"}", NULL};
	static const char *const stuck[] = {
		"{\"e\":\"steady\",\"when\":\"before\",\"holds\":true}",
		"{\"e\":\"fault\",\"state\":\"injected\",\"t\":1000}",
		"{\"e\":\"fault\",\"state\":\"lost\",\"message\":\"the holder died\"}", NULL};
	static const char *const loud[] = {
		"{\"e\":\"steady\",\"when\":\"before\",\"holds\":true}",
		"{\"e\":\"channel\",\"channel\":\"prometheus:SlowOrders/firing\",\"state\":true}",
		"{\"e\":\"channel\",\"channel\":\"breaker\",\"state\":true}", NULL};
	static char url[] = "http://127.0.0.1:9090";
	static struct ord_spec spec = {.n_steady = 1};
	char text[REHEARSAL_TEXT_MAX];
	struct rehearsal_seen s;

	seen(&s, well);
	assert_int_equal(rehearsal_steady(&s, &spec, "", text), DAY_PASS);
	assert_int_equal(rehearsal_rollback(&s, "", text), DAY_PASS);
	assert_int_equal(rehearsal_alerts(&s, &spec, text), DAY_CANNOT);
	spec.detection.prometheus.url = url;
	assert_int_equal(rehearsal_alerts(&s, &spec, text), DAY_PASS);
	seen(&s, down);
	assert_int_equal(rehearsal_steady(&s, &spec, "", text), DAY_FAIL);
	assert_non_null(strstr(text, "orders.ok_ratio >= 0.99"));
	assert_int_equal(rehearsal_rollback(&s, "", text), DAY_CANNOT);
	seen(&s, stuck);
	assert_int_equal(rehearsal_steady(&s, &spec, "", text), DAY_CANNOT);
	assert_int_equal(rehearsal_rollback(&s, "", text), DAY_FAIL);
	assert_non_null(strstr(text, "the holder died"));
	seen(&s, loud);
	assert_int_equal(rehearsal_alerts(&s, &spec, text), DAY_FAIL);
	assert_non_null(strstr(text, "SlowOrders"));
	assert_null(strstr(text, "breaker"));
	/* It did not even begin: what was said of it is why. */
	seen(&s, (const char *const[]){NULL});
	assert_int_equal(rehearsal_steady(&s, &spec, "no such probe", text), DAY_CANNOT);
	assert_string_equal(text, "no such probe");
	assert_int_equal(rehearsal_rollback(&s, "no such probe", text), DAY_FAIL);
	spec.n_steady = 0;
	assert_int_equal(rehearsal_steady(&s, &spec, "", text), DAY_CANNOT);
	spec.detection.prometheus.url = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_hidden_is_told),
		cmocka_unit_test(what_they_say_themselves_is),
		cmocka_unit_test(it_is_told_once_it_is_revealed),
		cmocka_unit_test(the_page),
		cmocka_unit_test(typed),
		cmocka_unit_test(told_over_the_socket),
		cmocka_unit_test(rehearsals),
		cmocka_unit_test(meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
