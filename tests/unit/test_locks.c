/* Which experiments may run at the same time, and who waits for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rng.h"
#include "ordeal/locks.h"

/* An experiment with these faults, "proc.kill: {}, target: {pid: 5}". */
static struct ord_claims claims(const char *faults, bool share)
{
	static struct ord_spec spec;
	struct ord_mistakes m = {0};
	struct ord_claims c = {0};
	struct ord_err err;
	char yaml[4096];

	(void)snprintf(yaml, sizeof yaml,
		       "apiVersion: ordeal.dev/v1\nkind: Experiment\nmetadata: {name: x}\nspec:\n"
		       "  probes: [{name: p, http: {url: 'http://127.0.0.1:1/'}}]\n"
		       "  limits: {targets: 9, duration: 1m, cluster: here, wholeHost: true}\n"
		       "  shareTargets: %s\n  faults:\n    - {name: a, for: 1s, %s}\n",
		       share ? "true" : "false", faults);
	if (ord_spec_parse(yaml, strlen(yaml), NULL, 0, &spec, &m))
		fail_msg("%s: %u:%u %s", faults, m.v[0].line, m.v[0].column, m.v[0].text);
	ord_mistakes_done(&m);
	assert_int_equal(ord_claims_of(&spec, &c, &err), 0);
	ord_spec_done(&spec);
	return c;
}

static void check(const char *a, const char *b, bool clash)
{
	struct ord_claims x = claims(a, false), y = claims(b, false), z = claims(b, true);

	if (ord_claims_clash(&x, &y, NULL) != clash || ord_claims_clash(&y, &x, NULL) != clash)
		fail_msg("%s\n%s: wanted %d", a, b, clash);
	/* One that shares alone changes nothing; each is in its own way. */
	assert_int_equal(ord_claims_clash(&x, &z, NULL), clash);
	assert_true(ord_claims_clash(&x, &x, NULL));
	assert_false(ord_claims_clash(&z, &z, NULL));
	ord_claims_done(&x);
	ord_claims_done(&y);
	ord_claims_done(&z);
}

#define PAUSE(target) "proc.pause: {}, target: {" target "}"
#define DELAY(target) "net.delay: {delay: 1ms}, target: {" target "}"
#define DEL(target)   "pod.delete: {}, target: {" target "}"
#define CORDON(name)  "node.cordon: {}, target: {node: " name "}"

static void on_this_machine(void **state)
{
	(void)state;
	check(PAUSE("pid: 5"), PAUSE("pid: 6"), false);
	check(PAUSE("pid: 5"), PAUSE("pid: 5"), true);
	/* Two commands may lead to one machine, this one too. */
	check(PAUSE("pid: 5, via: [ssh, a, x]"), PAUSE("pid: 5"), true);
	check(PAUSE("pid: 5, via: [ssh, a, x]"), PAUSE("pid: 5, via: [ssh, b, x]"), true);
	check(PAUSE("pid: 5"), PAUSE("process: orders"), true);
	check(PAUSE("process: orders"), PAUSE("process: store"), true);
	check(PAUSE("unit: orders.service"), PAUSE("unit: store.service"), false);
	check(PAUSE("unit: orders.service"), PAUSE("unit: shop.slice"), true);
	/* A short one may be the name of what the other is the id of. */
	check(PAUSE("container: abc1234567"), PAUSE("container: abd1234567"), true);
	check(PAUSE("container: {id: abc1234567}"), PAUSE("container: {id: abd1234567}"), false);
	check(PAUSE("container: {id: abc1234567}"), PAUSE("container: {id: abc1234567ef}"), true);
	check(PAUSE("container: orders"), PAUSE("container: store"), false);
	check(PAUSE("container: orders"), PAUSE("container: orders"), true);
	check(PAUSE("container: orders"), PAUSE("container: shop/orders-0/store"), true);
	check(PAUSE("container: {name: abc}"), PAUSE("container: {name: abd}"), false);
	check(PAUSE("container: {name: abc}"), PAUSE("container: {id: abd}"), true);
	check(PAUSE("cgroup: shop/orders"), PAUSE("cgroup: shop/store"), false);
	check(PAUSE("cgroup: shop/orders"), PAUSE("cgroup: shop/orders-2"), false);
	check(PAUSE("cgroup: shop"), PAUSE("cgroup: shop/orders"), true);
	check(PAUSE("cgroup: shop/"), PAUSE("cgroup: /sys/fs/cgroup/shop"), true);
	check(PAUSE("cgroup: /sys/fs/cgroup/shop/a"), PAUSE("cgroup: shop/b"), false);
	check(PAUSE("listening: 80"), PAUSE("listening: 81"), true);
	check(DELAY("pid: 5"), PAUSE("pid: 6"), false);
	check(DELAY("pid: 5"), DELAY("pid: 6"), true);
	check("cpu.burn: {load: 50%}, target: {host: true}", PAUSE("pid: 5"), true);
}

static void in_a_cluster(void **state)
{
	(void)state;
	check(DEL("pod: a, namespace: shop"), DEL("pod: b, namespace: shop"), false);
	check(DEL("pod: a, namespace: shop"), DEL("pod: a, namespace: shop"), true);
	check(DEL("pod: a, namespace: shop"), DEL("pod: a, namespace: pay"), false);
	check(DEL("pod: a*, namespace: shop"), DEL("pod: b, namespace: shop"), true);
	check(DEL("pod: a, namespace: p*"), DEL("pod: a, namespace: pay"), true);
	check(DEL("pod: {owner: Deployment/a}, namespace: shop"), DEL("pod: b, namespace: shop"),
	      true);
	check(DEL("pod: a, namespace: shop"), CORDON("n1"), true);
	check(CORDON("n1"), CORDON("n2"), false);
	check(CORDON("n1"), CORDON("n1"), true);
	check(DEL("pod: a, namespace: shop"), PAUSE("pid: 5"), true);
}

static void texts(void **state)
{
	static const char *const all[][2] = {
		{PAUSE("process: orders"), "process orders"},
		{"cpu.burn: {load: 50%}, target: {host: true}", "host"},
		{DEL("pod: a, namespace: shop"), "pod a in shop"},
		{DEL("pod: {selector: app=x}, namespace: shop"), "pod app=x in shop"},
	};
	char text[ORD_CLAIM_TEXT];

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct ord_claims c = claims(all[i][0], false);

		assert_string_equal(ord_claim_text(&c.v[0], text), all[i][1]);
		ord_claims_done(&c);
	}
}

static bool want(struct ord_locks *l, uint64_t owner, const char *name, const char *faults,
		 bool share)
{
	struct ord_claims c = claims(faults, share);
	struct ord_err err;
	bool held = false;

	assert_int_equal(ord_locks_want(l, owner, name, &c, &held, &err), 0);
	assert_int_equal(c.n, 0);
	return held;
}

static void in_turn(void **state)
{
	char why[ORD_NAME_MAX + ORD_CLAIM_TEXT + 32];
	struct ord_locks *l = NULL;
	uint64_t owner = 0;

	(void)state;
	assert_int_equal(ord_locks_new(&l, NULL), 0);
	assert_true(want(l, 1, "one", PAUSE("unit: a.service"), false));
	assert_false(want(l, 2, "both", PAUSE("unit: shop.slice"), false));
	assert_string_equal(ord_locks_why(l, 2, why), "one holds unit a.service");
	/* Free by itself, but `both` came first: else it could wait for ever. */
	assert_false(want(l, 3, "late", PAUSE("unit: b.service"), false));
	assert_string_equal(ord_locks_why(l, 3, why), "both waits for unit shop.slice");
	assert_string_equal(ord_locks_why(l, 1, why), "");
	assert_string_equal(ord_locks_why(l, 99, why), "");
	assert_false(ord_locks_granted(l, &owner));
	ord_locks_release(l, 1);
	assert_true(ord_locks_granted(l, &owner));
	assert_int_equal(owner, 2);
	assert_false(ord_locks_granted(l, &owner));
	ord_locks_release(l, 99);
	ord_locks_release(l, 2);
	assert_true(ord_locks_granted(l, &owner));
	assert_int_equal(owner, 3);
	/* Who waits may go, too. */
	assert_false(want(l, 4, "four", PAUSE("unit: b.service"), false));
	assert_false(want(l, 5, "five", PAUSE("unit: b.service"), false));
	ord_locks_release(l, 4);
	assert_false(ord_locks_granted(l, &owner));
	ord_locks_release(l, 3);
	assert_true(ord_locks_granted(l, &owner));
	assert_int_equal(owner, 5);
	ord_locks_free(l);
}

static void shared(void **state)
{
	struct ord_locks *l = NULL;
	uint64_t owner;

	(void)state;
	assert_int_equal(ord_locks_new(&l, NULL), 0);
	assert_true(want(l, 1, "a", PAUSE("process: x"), true));
	assert_true(want(l, 2, "b", PAUSE("process: x"), true));
	assert_false(want(l, 3, "c", PAUSE("process: x"), false));
	assert_false(want(l, 4, "d", PAUSE("process: x"), true)); /* c came first */
	ord_locks_release(l, 1);
	assert_false(ord_locks_granted(l, &owner));
	ord_locks_release(l, 2);
	assert_true(ord_locks_granted(l, &owner));
	assert_int_equal(owner, 3);
	assert_false(ord_locks_granted(l, &owner));
	ord_locks_release(l, 3);
	assert_true(ord_locks_granted(l, &owner));
	assert_int_equal(owner, 4);
	ord_locks_free(l);
}

/* At random: no two that clash ever hold, everybody is served, and nobody waits that could go. */
static void at_random(void **state)
{
	enum { UNITS = 6, ALL = 400 };
	static struct ord_claims known[ALL];
	uint64_t running[ALL];
	struct ord_locks *l = NULL;
	size_t n = 0, served = 0, next = 0;
	struct ord_rng rng;

	(void)state;
	ord_rng_init(&rng, 11);
	assert_int_equal(ord_locks_new(&l, NULL), 0);
	while (served < ALL) {
		uint64_t owner = next;

		if (next < ALL && (!n || ord_rng_below(&rng, 2))) {
			unsigned unit = (unsigned)ord_rng_below(&rng, UNITS);
			bool share = !ord_rng_below(&rng, 4);
			char text[128];

			(void)snprintf(text, sizeof text, "proc.pause: {}, target: {unit: u%u.%s}",
				       unit, unit ? "service" : "slice");
			known[next++] = claims(text, share);
			if (want(l, owner, "x", text, share))
				running[n++] = owner;
		} else {
			size_t i = (size_t)ord_rng_below(&rng, n);

			ord_locks_release(l, running[i]);
			running[i] = running[--n];
			served++;
			while (ord_locks_granted(l, &owner))
				running[n++] = owner;
		}
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < i; j++)
				assert_false(ord_claims_clash(&known[running[i]],
							      &known[running[j]], NULL));
		assert_true(n || next == served); /* else nobody could ever go on */
	}
	for (size_t i = 0; i < ALL; i++)
		ord_claims_done(&known[i]);
	ord_locks_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_this_machine), cmocka_unit_test(in_a_cluster),
		cmocka_unit_test(texts),	   cmocka_unit_test(in_turn),
		cmocka_unit_test(shared),	   cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
