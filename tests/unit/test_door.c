/* Who may ask the injector for what: the policy's text, its hours, and what it says to a request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "injector/door/judge.h"

static struct door_policy policy;
static char *kept;

static int user_of(const char *name, unsigned *ret)
{
	*ret = 1000;
	return strcmp(name, "alice") == 0 ? 0 : -1;
}

static int group_of(const char *name, unsigned *ret)
{
	*ret = 77;
	return strcmp(name, "ordeal") == 0 ? 0 : -1;
}

static const struct door_names names = {user_of, group_of};

static int parse(const char *text, struct ord_err *err)
{
	free(kept);
	kept = strdup(text);
	assert_non_null(kept);
	return door_policy_parse("policy.yaml", kept, strlen(kept), &names, &policy, err);
}

static void must_parse(const char *text)
{
	struct ord_err err = {0};

	if (parse(text, &err) < 0)
		fail_msg("%s", err.msg);
}

static void refused(const char *text, const char *part)
{
	struct ord_err err = {0};

	assert_int_equal(parse(text, &err), -1);
	if (!strstr(err.msg, part))
		fail_msg("'%s' does not say '%s'", err.msg, part);
	assert_int_equal(policy.n, 0);
}

#define HEAD "version: 1\nrules:\n"
#define RULE                                            \
	"  - who: [user:alice, group:5]\n"              \
	"    faults: [noop, cpu.*]\n"                   \
	"    targets: [host, \"unit:web-*.service\"]\n" \
	"    hours: [mon-fri 09:00-17:00]\n"            \
	"    limits:\n"                                 \
	"      duration: 10m\n"                         \
	"      targets: 3\n"                            \
	"    atMost:\n"                                 \
	"      cpu.burn.load: 50%\n"

static void reads(void **state)
{
	const struct door_rule *r = &policy.rules[0];

	must_parse("---\n# who: nobody\n" HEAD RULE "  - who:\n      - group:ordeal # us\n"
		   "    may: ['halt', \"status\"]\n");
	assert_int_equal(policy.n, 2);
	assert_int_equal(r->line, 5);
	assert_true(!r->who[0].group && r->who[0].id == 1000 && r->who[1].group &&
		    r->who[1].id == 5);
	assert_string_equal(r->targets.v[1], "unit:web-*.service");
	assert_int_equal(r->duration_ns, 600000000000);
	assert_int_equal(r->leases, 1);
	assert_false(r->whole_host);
	assert_int_equal(r->peaks[0].max, 500000);
	assert_int_equal(policy.rules[1].may, DOOR_MAY_HALT | DOOR_MAY_STATUS);
	/* The same, its lists at the column of their keys. */
	must_parse("rules:\n- who:\n  - user:alice\n  may:\n  - halt\nversion: 1\n");
	assert_int_equal(policy.n, 1);
	must_parse("version: 1\n");
	assert_int_equal(policy.n, 0);
}

static void bad_text(void **state)
{
	refused("version: 1\nrules:\n\t- who: [user:alice]\n", "line 3: no tabs");
	refused("version: 1\nrules: &a\n", "line 2: a text that does not begin");
	refused("version: 1\nrules:\n  - who: [user:alice\n", "line 3: after a text of a list");
	refused("version: 1\nrules:\n  - who: [user:alice,]\n", "line 3: a text that does not");
	refused("version: 1\nrules:\n  - who: [user:alice]x\n", "line 3: after a list");
	refused("version: 1\nrules:\n  - who: [user:alice]#x\n", "line 3: after a list");
	refused("version: 1#x\n", "line 1: after a text");
	refused("version: 1\nrules:\n  - who: \"user\\n\"\n",
		"line 3: a quoted text takes neither");
	refused("version: 1\nrules:\n  - who: 'it''s'\n", "line 3: a quoted text takes no quotes");
	refused("version: 1\nrules:\n  - who: 'it\n", "line 3: a quoted text does not end");
	refused("version: 1\nrules:\n  -   who: [user:alice]\n", "line 3: one blank after");
	refused("version: 1\nwhat\n", "line 2: this is neither");
	refused("version: 1: 2\n", "line 1: a text with ': '");
	refused("version: \xc3\xa9\n", "line 1: printable");
	refused("---\n---\nversion: 1\n", "line 2");
	refused("{version: 1}\n", "line 1");
	refused("", "version: 1");
}

static void bad_policy(void **state)
{
	refused("version: 2\n", "line 1: version: 1 is");
	refused("rules:\n", "version: 1");
	refused("version: 1\nversion: 1\n", "line 2: a policy has");
	refused("version: 1\nelse: 1\n", "line 2: a policy has");
	refused(HEAD "  - faults: [noop]\n", "line 3: a rule says who");
	refused(HEAD "  - who: [user:alice]\n", "line 3: a rule says what");
	refused(HEAD "  - who: [user:alice]\n    faults: [noop]\n",
		"line 3: a rule for faults has");
	refused(HEAD "  - who: [alice]\n    may: [halt]\n", "line 3: 'alice' is neither");
	refused(HEAD "  - who: [user:eve]\n    may: [halt]\n", "there is no user 'eve'");
	refused(HEAD "  - who: [group:eve]\n    may: [halt]\n", "there is no group 'eve'");
	refused(HEAD "  - who: user:alice\n    may: [halt]\n", "line 3: this takes a list");
	refused(HEAD "  - who:\n    may: [halt]\n", "line 3: this takes a list that is not empty");
	refused(HEAD "  - who: [user:alice]\n    may: [fly]\n", "line 4: may: status");
	refused(HEAD "  - who: [user:alice]\n    who: [user:alice]\n", "line 4: this key stands");
	refused(HEAD "  - who: [user:alice]\n   may: [halt]\n", "line 4");
	refused(HEAD RULE "      cpu.burn.load: 1%\n", "line 12: this key stands here twice");
	refused(HEAD RULE "    limits:\n", "line 12: this key stands here twice");
	refused(HEAD "  - who: [user:alice]\n    limits:\n      duration: 25h\n",
		"line 5: duration");
	refused(HEAD RULE "      cpu.burn.lod: 5\n", "line 12: cpu.burn has no parameter 'lod'");
	refused(HEAD RULE "      cpu.boil.load: 5\n", "has no fault 'cpu.boil'");
	refused(HEAD RULE "      cpu.burn.cpus: 5\n", "line 12: this parameter is no number");
	refused(HEAD RULE "      duration: 5s\n", "line 12: atMost: a fault's");
	refused(HEAD "  - who: [user:alice]\n    limits:\n      wholeHost: yes\n",
		"line 5: wholeHost");
	refused(HEAD "  - who: [user:alice]\n    limits:\n      leases: 17\n", "line 5: leases");
	refused(HEAD "  - who: [user:alice]\n    limits:\n      depth: 17\n",
		"line 5: limits: duration");
	refused(HEAD "  - who: [user:alice]\n    faults: [pod.delete]\n",
		"has no fault 'pod.delete'");
	refused(HEAD "  - who: [user:alice]\n    targets: [web]\n", "'web' is none of host");
	refused(HEAD "  - who: [user:alice]\n    targets: [user:eve]\n", "there is no user 'eve'");
	refused(HEAD "  - who: [user:alice]\n    hours: [9-17]\n", "line 4: '9-17' is not written");
}

static void hours_text(void **state)
{
	static const char *const bad[] = {
		"mon",	       "mon-fri",	    "mon-fry 09:00-17:00", "09:00",
		"9:00-17:00",  "09:00-25:00",	    "24:00-06:00",	   "09:60-10:00",
		"09:00-09:00", "mon,  09:00-17:00", "mon 09:00-17:00 ",	   ""};
	struct door_hours h;
	struct ord_err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (door_hours_parse(bad[i], &h, &err) == 0)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(door_hours_parse("fri-mon,wed 22:30-06:00", &h, &err), 0);
	assert_int_equal(h.weekdays, 1 << 5 | 1 << 6 | 1 << 0 | 1 << 1 | 1 << 3);
	assert_int_equal(h.from, 22 * 60 + 30);
	assert_int_equal(h.to, 30 * 60);
}

/* 2026-03-28 is a Saturday; in Berlin the clocks go forward the night after it. */
#define AT(day, hour, minute) \
	((time_t)1774656000 + ((day)-28) * 86400 + (hour)*3600 + (minute)*60 - 3600)

static void hours_hold(void **state)
{
	struct door_hours h;
	struct ord_err err;

	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	assert_int_equal(door_hours_parse("mon-sat 09:00-17:00", &h, &err), 0);
	assert_true(door_hours_hold(&h, AT(28, 9, 0), 8 * 3600));
	assert_false(door_hours_hold(&h, AT(28, 9, 0), 8 * 3600 + 1));
	assert_false(door_hours_hold(&h, AT(28, 8, 59), 60));
	assert_false(door_hours_hold(&h, AT(28, 17, 0), 1));
	assert_false(door_hours_hold(&h, AT(29, 12, 0), 1)); /* Sunday */
	/* Beyond midnight, on the day that it begins. */
	assert_int_equal(door_hours_parse("sat 22:00-06:00", &h, &err), 0);
	assert_true(door_hours_hold(&h, AT(29, 1, 0), 4 * 3600)); /* 06:00 is an hour early */
	assert_false(door_hours_hold(&h, AT(29, 1, 0), 4 * 3600 + 1));
	assert_false(door_hours_hold(&h, AT(28, 1, 0), 1));
}

static struct inj_request req;
static struct door_facts facts;

/* Monday at 10:00 UTC. */
#define MONDAY ((time_t)1774864800)

static void asked(const char *fault, int64_t load, uint64_t hold_ns)
{
	struct ord_err err = {0};

	memset(&req, 0, sizeof req);
	req.hold_ns = hold_ns;
	ord_args_init(&req.args, ord_fault_find(fault));
	if (load)
		req.args.v[0] = (struct ord_value){.set = true, .i = load};
	assert_int_equal(ord_args_finish(&req.args, &err), 0);
	memset(&facts, 0, sizeof facts);
	facts.hit = 1;
}

static void unit_is(const char *unit)
{
	facts.n = 1;
	facts.v[0] = (struct door_subject){.uid = 33, .name = "worker"};
	(void)strncpy(facts.v[0].unit, unit, sizeof facts.v[0].unit - 1);
}

static void judged(unsigned uid, unsigned gid, time_t now, const char *part)
{
	struct door_peer peer = {.uid = uid, .n_groups = 1, .groups = {gid}};
	const struct door_rule *rule = NULL;
	struct ord_err err = {0};
	int r = door_judge(&policy, &peer, &req, &facts, now, &rule, &err);

	if (!part && r < 0)
		fail_msg("refused: %s", err.msg);
	assert_int_equal(r, part ? -1 : 0);
	if (part && !strstr(err.msg, part))
		fail_msg("'%s' does not say '%s'", err.msg, part);
	assert_true((rule != NULL) == !part);
}

#define S 1000000000ull

static void judges(void **state)
{
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
	must_parse(HEAD RULE "  - who: [user:9]\n    faults: [proc.pause]\n    targets: [user:33]\n"
			     "    limits:\n      duration: 1m\n      targets: 1\n");
	asked("cpu.burn", 500000, 60 * S);
	unit_is("web-1.service");
	judged(1000, 9, MONDAY, NULL);
	judged(1, 5, MONDAY, NULL);
	judged(1, 6, MONDAY, "policy.yaml: no rule names user 1");
	judged(1000, 9, MONDAY + 7 * 3600,
	       "policy.yaml, the rule at line 3: it would not lie within");
	judged(1000, 9, MONDAY + 7 * 3600 - 59, "within its hours");
	facts.hit = 4;
	judged(1000, 9, MONDAY, "4 targets, and at most 3");
	facts.hit = 1;
	facts.host = true;
	judged(1000, 9, MONDAY, NULL);
	unit_is("db.service");
	judged(1000, 9, MONDAY,
	       "worker (unit:db.service) is not among its targets (host, unit:web-*");
	unit_is("");
	judged(1000, 9, MONDAY, "worker (in no unit of the system) is not");
	unit_is("web-1.service");
	facts.n = 2;
	facts.v[1] = (struct door_subject){.uid = 33, .unit = "db.service", .name = "other"};
	judged(1000, 9, MONDAY, "other (unit:db.service)");
	asked("cpu.burn", 500001, 60 * S);
	judged(1000, 9, MONDAY, "load must be given, and at most 50%");
	asked("cpu.burn", 500000, 601 * S);
	judged(1000, 9, MONDAY, NULL);
	asked("cpu.burn", 500000, 601 * S + 1);
	judged(1000, 9, MONDAY, "is too long: at most 10m");
	asked("cpu.burn", 500000, S);
	req.whole_host = true;
	judged(1000, 9, MONDAY, "cutting the whole host off");
	asked("mem.fill", 5000, S);
	judged(1000, 9, MONDAY, "mem.fill is not among its faults (noop, cpu.*)");
}

/* Whose process it is counts for signals to it, and for nothing that hits others with it. */
static void judges_users(void **state)
{
	must_parse(
		HEAD
		"  - who: [user:alice]\n    faults: [proc.*, cpu.*, net.*]\n    targets: [user:33, "
		"\"netns:blue*\"]\n    limits:\n      duration: 1m\n      targets: 1\n");
	asked("proc.pause", 0, S);
	unit_is("db.service");
	judged(1000, 9, MONDAY, NULL);
	facts.v[0].uid = 34;
	judged(1000, 9, MONDAY, "not among its targets");
	facts.v[0].uid = (uid_t)-1; /* of two users: a set-uid program */
	judged(1000, 9, MONDAY, "not among its targets");
	asked("cpu.burn", 500000, S);
	unit_is("db.service");
	judged(1000, 9, MONDAY, "not among its targets");
	asked("net.loss", 100, S);
	(void)strncpy(facts.netns, "blue-1", sizeof facts.netns - 1);
	judged(1000, 9, MONDAY, NULL);
	facts.host = true; /* the name is of the host's own */
	judged(1000, 9, MONDAY, "the host or its network");
	facts.host = false;
	(void)strncpy(facts.netns, "green", sizeof facts.netns - 1);
	judged(1000, 9, MONDAY, "netns:green is not among");
}

static void judges_ops(void **state)
{
	struct door_peer peer = {.uid = 1000};
	struct ord_err err;

	must_parse(HEAD RULE "  - who: [group:ordeal]\n    may: [halt]\n");
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_DOCTOR, &err), 0);
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_HALT, &err), -1);
	peer = (struct door_peer){.uid = 4, .n_groups = 2, .groups = {4, 77}};
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_HALT, &err), 0);
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_RESUME, &err), -1);
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_RESCUE, &err), -1);
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_STATUS, &err), -1);
	peer = (struct door_peer){.uid = 4, .n_groups = 1, .groups = {4}};
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_DOCTOR, &err), -1);
	assert_int_equal(door_judge_op(&policy, &peer, INJ_OP_END, &err), -1);
}

static void units(void **state)
{
	static const char *const paths[][2] = {
		{"/system.slice/web.service", "web.service"},
		{"/system.slice/system-web.slice/web@1.service/below/other.service",
		 "web@1.service"},
		{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
		 "user@1000.service"},
		{"/system.slice/docker-0123.scope", "docker-0123.scope"},
		{"/web/web.service", NULL}, /* who may make groups there is not known */
		{"/system.slice/web.service (deleted)", NULL},
		{"/", NULL},
		{"", NULL},
		{"/.service", NULL},
	};
	char unit[DOOR_UNIT_MAX];

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		bool is = door_unit_of(paths[i][0], unit);

		if (is != (paths[i][1] != NULL) || (is && strcmp(unit, paths[i][1]) != 0))
			fail_msg("'%s' gave '%s'", paths[i][0], is ? unit : "none");
	}
}

static void units_in(void **state)
{
	static const char *const texts[][2] = {
		{"0::/system.slice/web.service\n", "web.service"},
		{"4:cpu:/other.service\n1:name=systemd:/system.slice/web.service\n", "web.service"},
		{"1:name=systemd:/system.slice/a.service\n0::/system.slice/web.service\n",
		 "web.service"},
		/* Who may make a group of some controller calls it what they like. */
		{"9:cpuset:/mine:name=systemd:/system.slice/web.service\n"
		 "1:name=systemd:/user.slice/session-3.scope\n",
		 "session-3.scope"},
		{"9:cpuset:/x\n8:name=other:/0::/web.service\n", NULL},
		{"", NULL},
	};
	char unit[DOOR_UNIT_MAX], text[200];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		bool is;

		(void)snprintf(text, sizeof text, "%s", texts[i][0]);
		is = door_unit_in(text, unit);
		if (is != (texts[i][1] != NULL) || (is && strcmp(unit, texts[i][1]) != 0))
			fail_msg("'%s' gave '%s'", texts[i][0], is ? unit : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),	cmocka_unit_test(bad_text),
		cmocka_unit_test(bad_policy),	cmocka_unit_test(hours_text),
		cmocka_unit_test(hours_hold),	cmocka_unit_test(judges),
		cmocka_unit_test(judges_users), cmocka_unit_test(judges_ops),
		cmocka_unit_test(units),	cmocka_unit_test(units_in),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	free(kept);
	return r;
}
