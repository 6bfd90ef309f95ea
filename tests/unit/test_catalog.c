/* Every entry of the catalogue is sane, and its parameters go through text and JSON unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "catalog/names.h"
#include "ordeal/fault.h"

static struct ord_args args, again; /* 56 KiB each */

static void init(const char *fault)
{
	const struct ord_fault *f = ord_fault_find(fault);

	assert_non_null(f);
	ord_args_init(&args, f);
}

static void set_ok(const char *name, const char *text)
{
	struct ord_err err = {0};

	if (ord_args_set(&args, name, text, &err))
		fail_msg("%s", err.msg);
}

static void finish_ok(void)
{
	struct ord_err err = {0};

	if (ord_args_finish(&args, &err))
		fail_msg("%s", err.msg);
}

static void set_refused(const char *name, const char *text, const char *why)
{
	struct ord_err err = {0};

	assert_int_equal(ord_args_set(&args, name, text, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
}

static void finish_refused(const char *why)
{
	struct ord_err err = {0};

	assert_int_equal(ord_args_finish(&args, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
}

/* Text that fits the parameter, for entries without a default. */
static const char *sample(const struct ord_param *p)
{
	switch (p->type) {
	case ORD_PARAM_DURATION:
		return p->min > 20000 ? "20s" : "20us";
	case ORD_PARAM_PERCENT:
		return "12.5%";
	case ORD_PARAM_SIZE:
		return "64MiB";
	case ORD_PARAM_RATE:
		return "100MiB/s";
	case ORD_PARAM_COUNT:
		return p->min > 2 ? "503" : "2";
	case ORD_PARAM_BOOL:
		return "true";
	case ORD_PARAM_CHOICE:
		return "";
	case ORD_PARAM_SIGNAL:
		return "SIGTERM";
	case ORD_PARAM_CPUS:
		return "0-3,6";
	case ORD_PARAM_TEXT:
		return "eth0";
	case ORD_PARAM_ENDPOINTS:
		return "10.0.0.0/8:5432/tcp";
	}
	return NULL;
}

static void entry_is_sane(const struct ord_fault *f)
{
	assert_true(f->summary[0] && f->blast[0] && f->objects[0]);
	assert_non_null(ord_guarantee_name(f->guarantee));
	assert_true(f->targets != 0);
	assert_true(f->n_params <= ORD_PARAMS_MAX);
	assert_ptr_equal(ord_fault_find(f->name), f);
	for (size_t i = 0; i < f->n_params; i++) {
		const struct ord_param *p = &f->params[i];

		assert_non_null(p->name);
		assert_true(p->help && p->help[0]);
		assert_true(p->min <= p->max);
		assert_false(p->required && p->def);
		assert_int_equal(p->type == ORD_PARAM_CHOICE, p->choices != NULL);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(f->params[j].name, p->name);
		ord_args_init(&args, f);
		if (p->def)
			set_ok(p->name, p->def);
		if (p->type != ORD_PARAM_CHOICE) {
			ord_args_init(&args, f);
			set_ok(p->name, sample(p));
		}
	}
}

static void every_entry_is_sane(void **state)
{
	assert_true(ord_n_faults >= 8);
	for (size_t i = 0; i < ord_n_faults; i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ord_faults[i].name, ord_faults[j].name);
		entry_is_sane(&ord_faults[i]);
	}
	assert_null(ord_fault_find("net.dealy"));
}

/* args -> JSON -> args -> JSON, and each parameter -> text -> args -> JSON: the same bytes. */
static void round_trip(void)
{
	ord_auto(json) json_t *json = ord_args_to_json(&args), *second = NULL, *third = NULL;
	ord_autofree char *a = ord_json_dump(json), *b = NULL, *c = NULL;
	struct ord_err err = {0};

	if (ord_args_from_json(&again, args.fault, json, &err))
		fail_msg("%s: %s", a, err.msg);
	second = ord_args_to_json(&again);
	b = ord_json_dump(second);
	assert_string_equal(a, b);

	ord_args_init(&again, args.fault);
	for (size_t i = 0; i < args.fault->n_params; i++) {
		const char *name = args.fault->params[i].name;
		char text[4096], *save = NULL;

		if (!args.v[i].set)
			continue;
		(void)ord_arg_format(&args, name, sizeof text, text);
		for (char *t = strtok_r(text, "\n", &save); t; t = strtok_r(NULL, "\n", &save))
			if (ord_args_set(&again, name, t, &err))
				fail_msg("%s '%s': %s", name, t, err.msg);
	}
	third = ord_args_to_json(&again);
	c = ord_json_dump(third);
	assert_string_equal(a, c);
}

static void arguments_survive_text_and_json(void **state)
{
	init("net.delay");
	set_ok("delay", "200ms");
	set_ok("jitter", "20ms");
	set_ok("to", "10.0.0.0/8:5432/tcp");
	set_ok("to", "[2001:db8::/32]:443");
	set_ok("exclude", ":22/tcp");
	set_ok("direction", "both");
	set_ok("device", "eth0");
	finish_ok();
	assert_int_equal(ord_arg_int(&args, "delay"), 200000000);
	assert_int_equal(ord_arg_int(&args, "direction"), 2);
	assert_int_equal(ord_arg_int(&args, "limit"), 256 << 20);
	assert_int_equal(ord_arg(&args, "to")->eps.n, 2);
	round_trip();

	init("proc.kill");
	finish_ok();
	assert_int_equal(ord_arg_int(&args, "signal"), 9);
	round_trip();

	init("cpu.burn");
	set_ok("load", "37.5%");
	set_ok("cpus", "3,1-2,0");
	set_ok("climb", "1.5s");
	finish_ok();
	assert_string_equal(ord_arg_text(&args, "cpus"), "0-3");
	assert_false(ord_arg_set(&args, "cores"));
	round_trip();

	init("mem.fill");
	set_ok("size", "1GiB");
	set_ok("rate", "100MiB/s");
	set_ok("oom-first", "false");
	finish_ok();
	round_trip();

	init("noop");
	finish_ok();
	round_trip();
}

static void json_uses_base_units_and_names(void **state)
{
	ord_auto(json) json_t *json = NULL;
	ord_autofree char *text = NULL;

	init("net.partition");
	set_ok("mode", "reject");
	set_ok("to", "5432");
	finish_ok();
	json = ord_args_to_json(&args);
	text = ord_json_dump(json);
	assert_string_equal(text, "{\"direction\":\"egress\",\"mode\":\"reject\",\"state\":\"any\","
				  "\"to\":[\":5432\"]}");
}

static void what_is_wrong_is_named(void **state)
{
	init("net.delay");
	set_refused("dealy", "1ms", "did you mean 'delay'?");
	set_refused("qqqqqq", "1ms", "no parameter");
	set_refused("delay", "200", "is not a duration");
	set_refused("delay", "61s", "is not within 1us to 1m");
	set_refused("delay", "999ns", "is not within 1us to 1m");
	set_refused("delay", "-1s", "not a duration");
	set_refused("direction", "out", "none of egress|ingress|both");
	set_refused("direction", "", "none of");
	set_refused("direction", "egress|ingress", "none of");
	set_refused("realtime", "maybe", "neither true nor false");
	set_refused("limit", "1KiB", "is not within 4KiB to 8GiB");
	set_refused("device", "", "1 to 4095 bytes");
	set_refused("device", "a\nb", "control characters");
	set_refused("to", "10.0.0.1/8", "did you mean '10.0.0.0/8'");
	finish_refused("needs 'delay'");
	set_ok("delay", "1ms");
	set_ok("jitter", "2ms");
	finish_refused("larger than the delay");

	init("net.loss");
	set_refused("percent", "101%", "is not within 0.0001% to 100%");
	set_refused("percent", "0", "is not within");

	init("cpu.burn");
	set_refused("cores", "0", "0 is not within 1 to 1024");
	set_refused("cores", "two", "whole number");
	set_refused("cpus", "3-1", "list of CPUs");
	set_ok("cores", "1");
	set_ok("cpus", "0");
	finish_refused("excludes 'cpus'");

	init("mem.fill");
	set_refused("rate", "100MiB", "as in '100MiB/s'");
	finish_refused("exactly one of 'size' and 'percent'");
	set_ok("size", "1MiB");
	set_ok("percent", "10%");
	finish_refused("exactly one");

	init("disk.fill");
	set_ok("path", "var");
	finish_refused("begins with '/'");
	set_ok("path", "/var");
	set_ok("leave", "1MiB");
	set_ok("leave-percent", "5%");
	finish_refused("say leave, leave-percent or size");

	init("proc.kill");
	set_refused("signal", "SIGNOPE", "is not a signal");
	set_refused("signal", "65", "is not a signal");
	set_refused("signal", "0", "is not a signal");
}

static void too_many_endpoints_are_refused(void **state)
{
	init("net.loss");
	for (int i = 0; i < ORD_ENDPOINTS_MAX; i++)
		set_ok("to", "10.0.0.1");
	set_refused("to", "10.0.0.1", "more than 32 endpoints");
}

static void json_is_validated_again(void **state)
{
	static const struct {
		const char *fault, *json, *why;
	} bad[] = {
		{"net.delay", "{}", "needs 'delay'"},
		{"net.delay", "[]", "must be an object"},
		{"net.delay", "{\"delay\":\"200ms\"}", "must be an integer"},
		{"net.delay", "{\"delay\":true}", "must be an integer"},
		{"net.delay", "{\"delay\":0}", "is not within"},
		{"net.delay", "{\"delay\":-5}", "is not within"},
		{"net.delay", "{\"delay\":1000,\"x\":1}", "no parameter 'x'"},
		{"net.delay", "{\"delay\":1000,\"realtime\":2}", "is not within"},
		{"net.delay", "{\"delay\":1000,\"direction\":1}", "must be a text"},
		{"net.delay", "{\"delay\":1000,\"direction\":\"up\"}", "none of"},
		{"net.delay", "{\"delay\":1000,\"to\":\":1\"}", "list of one or more"},
		{"net.delay", "{\"delay\":1000,\"to\":[]}", "list of one or more"},
		{"net.delay", "{\"delay\":1000,\"to\":[1]}", "list of texts"},
		{"net.delay", "{\"delay\":1000,\"to\":[\"x\"]}", "not an address"},
		{"net.delay", "{\"delay\":1000,\"jitter\":1001}", "larger than the delay"},
		{"proc.kill", "{\"signal\":9}", "must be a text"},
	};

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		ord_auto(json) json_t *json = json_loads(bad[i].json, 0, NULL);
		struct ord_err err = {0};

		assert_int_equal(
			ord_args_from_json(&args, ord_fault_find(bad[i].fault), json, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		if (!strstr(err.msg, bad[i].why))
			fail_msg("%s: '%s' does not say '%s'", bad[i].json, err.msg, bad[i].why);
	}
}

static void signals_have_names(void **state)
{
	struct ord_err err = {0};
	char text[16];
	int sig;

	for (int i = 1; i <= 64; i++) {
		assert_int_equal(ord_signal_parse(ord_signal_format(i, text), &sig, &err), 0);
		assert_int_equal(sig, i);
	}
	assert_int_equal(ord_signal_parse("sigterm", &sig, &err), 0);
	assert_int_equal(sig, 15);
}

static void the_nearest_name_is_found(void **state)
{
	static const char *const names[] = {"delay", "jitter", "direction", "to", "percent"};
	static const struct {
		const char *word, *near;
	} t[] = {
		{"dealy", "delay"},
		{"delya", "delay"},
		{"Delay", "delay"},
		{"jiter", "jitter"},
		{"dirction", "direction"},
		{"tp", "to"},
		{"percnt", "percent"},
		{"x", NULL},
		{"", NULL},
		{"completely", NULL},
		{"ab", NULL},
	};

	for (size_t i = 0; i < ORD_COUNT(t); i++) {
		const char *near = ord_nearest(t[i].word, names, ORD_COUNT(names));

		if (t[i].near)
			assert_string_equal(near, t[i].near);
		else
			assert_null(near);
	}
}

/* Rules between the parameters of the effects on packets. */
static void effects_have_rules(void **state)
{
	static const struct {
		const char *fault, *set[6], *why; /* why NULL: it is right */
	} table[] = {
		{"net.loss", {NULL}, "net.loss needs 'percent'"},
		{"net.loss", {"percent", "5%", NULL}, NULL},
		{"net.loss", {"percent", "5%", "p13", "1%", NULL}, "model: random takes 'percent'"},
		{"net.loss", {"model", "markov", NULL}, "nothing is lost without p13 or p14"},
		{"net.loss", {"model", "markov", "p14", "1%", NULL}, NULL},
		{"net.loss", {"model", "markov", "p13", "1%", "percent", "1%"}, "none the others'"},
		{"net.loss", {"model", "gilbert", "p", "1%", NULL}, NULL},
		{"net.loss", {"model", "gilbert", "r", "1%", NULL}, "without p or 1-k"},
		{"net.delay", {"delay", "5ms", "distribution", "file", NULL}, "belong together"},
		{"net.delay",
		 {"delay", "5ms", "slot-delay", "9ms", "slot-min", "1ms"},
		 "it excludes 'slot-min' and 'slot-max'"},
		{"net.impair", {"slot-delay", "5ms", "slot-jitter", "5ms", NULL}, NULL},
		{"net.impair",
		 {"slot-delay", "5ms", "slot-jitter", "6ms", NULL},
		 "slot-jitter: it is larger"},
		{"net.impair",
		 {"slot-delay", "5ms", "slot-distribution-file", "/tmp/x", NULL},
		 "slot-distribution: 'file' and 'slot-distribution-file'"},
		{"net.impair", {"ecn", "true", NULL}, "say at least one of"},
		{"net.impair", {"loss-model", "gilbert", "1-k", "1%", NULL}, NULL},
		{"net.impair", {"reorder", "1%", NULL}, "it needs 'delay'"},
		{"net.impair",
		 {"rate", "20Mbit/s", "jitter", "1ms", NULL},
		 "larger than the delay"},
		{"net.impair", {"rate", "20Mbit/s", "packet-overhead", "-14", NULL}, NULL},
		{"net.reorder", {"percent", "1%", NULL}, "net.reorder needs 'delay'"},
	};

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		init(table[i].fault);
		for (size_t k = 0; k < ORD_COUNT(table[i].set) && table[i].set[k]; k += 2)
			set_ok(table[i].set[k], table[i].set[k + 1]);
		if (table[i].why)
			finish_refused(table[i].why);
		else
			finish_ok();
	}
}

/* One room for all texts: a longer one goes behind the others, a shorter one over its former self.
 */
static void texts_share_one_room(void **state)
{
	char text[ORD_ARG_TEXT + 1];

	(void)state;
	init("istio.fault");
	assert_string_equal(ord_arg_text(&args, "source"), "");
	memset(text, 'v', sizeof text);
	text[ORD_ARG_TEXT] = '\0';
	set_refused("source", text, "1 to 4095 bytes");
	text[ORD_ARG_TEXT - 1] = '\0';
	set_ok("header", "x-user");
	set_ok("source", text);
	set_ok("header", "x-u");
	assert_string_equal(ord_arg_text(&args, "source"), text);
	assert_string_equal(ord_arg_text(&args, "header"), "x-u");
	init("istio.fault");
	for (size_t n = ORD_ARG_TEXT - 4; n < ORD_ARG_TEXT - 2; n++) {
		memset(text, 'w', n);
		text[n] = '\0';
		set_ok("source", text);
	}
	set_ok("header", "x");
	again = args; /* plain data */
	assert_string_equal(ord_arg_text(&again, "source"), text);
	memset(text, 'x', ORD_ARG_TEXT - 1);
	text[ORD_ARG_TEXT - 1] = '\0';
	set_ok("source", text);
	set_refused("header", text, "the texts of all parameters");
	assert_string_equal(ord_arg_text(&args, "header"), "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_share_one_room),
		cmocka_unit_test(effects_have_rules),
		cmocka_unit_test(every_entry_is_sane),
		cmocka_unit_test(arguments_survive_text_and_json),
		cmocka_unit_test(json_uses_base_units_and_names),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(too_many_endpoints_are_refused),
		cmocka_unit_test(json_is_validated_again),
		cmocka_unit_test(signals_have_names),
		cmocka_unit_test(the_nearest_name_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
