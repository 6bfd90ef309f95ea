/* Which pods a drain evicts: each filter of kubectl drain, and their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/drain.h"
#include "injector/kube/known.h"

#define OWNED(kind, api)                                                                  \
	"\"ownerReferences\":[{\"kind\":\"Other\",\"apiVersion\":\"v1\",\"name\":\"x\"}," \
	"{\"kind\":\"" kind "\",\"apiVersion\":\"" api "\",\"name\":\"set\",\"controller\":true}]"
#define REPLICAS     OWNED("ReplicaSet", "apps/v1")
#define DAEMON	     OWNED("DaemonSet", "apps/v1")
#define META(more)   "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"a\",\"uid\":\"u\"" more "}"
#define POD(more)    META(more) "}"
#define FINISHED     ",\"status\":{\"phase\":\"Succeeded\"}}"
#define FAILED	     ",\"status\":{\"phase\":\"Failed\"}}"
#define EMPTY_DIR    ",\"spec\":{\"volumes\":[{\"secret\":{}},{\"name\":\"v\",\"emptyDir\":{}}]}"
#define MIRROR	     ",\"annotations\":{\"kubernetes.io/config.mirror\":\"\"}"
#define PROTECTED(v) ",\"labels\":{\"ordeal.dev/protect\":\"" v "\"}"

static enum inj_drain judged(const char *text, const struct inj_drain_rules *rules,
			     const char *word)
{
	ord_auto(json) json_t *pod = json_loads(text, 0, NULL);
	enum inj_drain verdict;
	const char *why;

	if (!pod)
		fail_msg("no JSON: %s", text);
	verdict = inj_drain_judge(pod, rules, &why);
	if (verdict == INJ_DRAIN_EVICT || verdict == INJ_DRAIN_DAEMON_SET)
		assert_string_equal(why, "");
	else if (!strstr(why, word))
		fail_msg("'%s' does not say '%s'", why, word);
	return verdict;
}

static void pods_of_a_controller(void **state)
{
	static const struct inj_drain_rules strict = {0}, dirs = {.empty_dir = true};

	(void)state;
	assert_int_equal(judged(POD("," REPLICAS), &strict, ""), INJ_DRAIN_EVICT);
	assert_int_equal(judged(META("," REPLICAS) EMPTY_DIR "}", &strict, "emptyDir"),
			 INJ_DRAIN_LEAVE);
	assert_int_equal(judged(META("," REPLICAS) EMPTY_DIR "}", &dirs, ""), INJ_DRAIN_EVICT);
	assert_int_equal(judged(META("," REPLICAS) EMPTY_DIR FINISHED, &strict, ""),
			 INJ_DRAIN_EVICT);
}

static void pods_of_nobody(void **state)
{
	static const struct inj_drain_rules strict = {0}, bare = {.bare = true},
					    both = {.bare = true, .empty_dir = true};

	(void)state;
	assert_int_equal(judged(POD(""), &strict, "nobody"), INJ_DRAIN_LEAVE);
	assert_int_equal(judged(POD(""), &bare, ""), INJ_DRAIN_EVICT);
	assert_int_equal(judged(META("") FINISHED, &strict, ""), INJ_DRAIN_EVICT);
	assert_int_equal(judged(META("") FAILED, &strict, ""), INJ_DRAIN_EVICT);
	assert_int_equal(judged(META("") EMPTY_DIR "}", &bare, "emptyDir"), INJ_DRAIN_LEAVE);
	assert_int_equal(judged(META("") EMPTY_DIR "}", &both, ""), INJ_DRAIN_EVICT);
}

static void pods_of_a_daemon_set(void **state)
{
	static const struct inj_drain_rules unknown = {.bare = true},
					    there = {.bare = true,
						     .daemon_set_known = true,
						     .daemon_set_there = true},
					    gone = {.daemon_set_known = true},
					    gone_bare = {.bare = true, .daemon_set_known = true};

	(void)state;
	assert_int_equal(judged(POD("," DAEMON), &unknown, ""), INJ_DRAIN_DAEMON_SET);
	assert_int_equal(judged(POD("," DAEMON), &there, "daemon set"), INJ_DRAIN_IGNORE);
	assert_int_equal(judged(POD("," DAEMON), &gone, "gone"), INJ_DRAIN_LEAVE);
	assert_int_equal(judged(POD("," DAEMON), &gone_bare, ""), INJ_DRAIN_EVICT);
	assert_int_equal(judged(META("," DAEMON) FINISHED, &unknown, ""), INJ_DRAIN_EVICT);
	/* Another group's kind of that name is none. */
	assert_int_equal(judged(POD("," OWNED("DaemonSet", "x.io/v1")), &unknown, ""),
			 INJ_DRAIN_EVICT);
	/* After that the other filters are asked. */
	assert_int_equal(judged(META("," DAEMON) EMPTY_DIR "}", &gone_bare, "emptyDir"),
			 INJ_DRAIN_LEAVE);
}

static void mirrors_and_the_protected(void **state)
{
	static const struct inj_drain_rules all = {.bare = true, .empty_dir = true},
					    self = {.bare = true,
						    .self_ns = "shop",
						    .self_name = "a"},
					    other = {
						    .bare = true, .self_ns = "x", .self_name = "a"};

	(void)state;
	assert_int_equal(judged(POD(MIRROR), &all, "mirror"), INJ_DRAIN_IGNORE);
	assert_int_equal(judged(META(MIRROR) FINISHED, &all, "mirror"), INJ_DRAIN_IGNORE);
	assert_int_equal(judged(POD(PROTECTED("true") "," REPLICAS), &all, "protected"),
			 INJ_DRAIN_LEAVE);
	assert_int_equal(judged(POD(PROTECTED("false") "," REPLICAS), &all, ""), INJ_DRAIN_EVICT);
	assert_int_equal(judged(POD(""), &self, "ordeal runs in it"), INJ_DRAIN_LEAVE);
	assert_int_equal(judged(POD(""), &other, ""), INJ_DRAIN_EVICT);
}

/* What is no pod at all is left, not evicted and no crash. */
static void nonsense(void **state)
{
	static const struct inj_drain_rules strict = {0};
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"metadata\":3}",
		"{\"metadata\":{\"ownerReferences\":{\"controller\":true}}}",
		"{\"metadata\":{\"ownerReferences\":[3,null,{\"controller\":\"true\"}]}}",
		"{\"metadata\":{\"annotations\":[]},\"spec\":{\"volumes\":7},\"status\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(texts); i++)
		assert_int_equal(judged(texts[i], &strict, "nobody"), INJ_DRAIN_LEAVE);
}

#define MANY 20000

static void known_pods(void **state)
{
	static struct inj_known_table t;
	bool new;

	(void)state;
	for (unsigned i = 0; i < 2 * MANY; i++) {
		char uid[16], name[32];
		ord_auto(json) json_t *meta = NULL;
		const struct inj_known *k;

		(void)snprintf(uid, sizeof uid, "uid-%u", i % MANY);
		(void)snprintf(name, sizeof name, "pod-%u", i);
		meta = json_pack("{s:s s:s s:s}", "uid", uid, "name", name, "namespace", "shop");
		k = inj_known_note(&t, meta, &new);
		assert_non_null(k);
		assert_int_equal(new, i < MANY);
		assert_string_equal(k->uid, uid);
	}
	assert_int_equal(t.n, MANY);
	for (unsigned i = 0; i < MANY; i += 2) {
		char uid[16];

		(void)snprintf(uid, sizeof uid, "uid-%u", i);
		inj_known_drop(&t, inj_known_find(&t, uid));
		assert_null(inj_known_find(&t, uid));
	}
	assert_int_equal(t.n, MANY / 2);
	assert_string_equal(inj_known_find(&t, "uid-1")->name, "pod-1");
	inj_known_done(&t);
	assert_int_equal(t.n, 0);
	assert_null(inj_known_find(&t, "uid-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(pods_of_a_controller),
					   cmocka_unit_test(pods_of_nobody),
					   cmocka_unit_test(pods_of_a_daemon_set),
					   cmocka_unit_test(mirrors_and_the_protected),
					   cmocka_unit_test(nonsense),
					   cmocka_unit_test(known_pods)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
