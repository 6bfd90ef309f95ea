/*
 * The session's state machine: every event in every state, walks at random, and that what is
 * written down gives the same session again.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/rng.h"
#include "scheduler/gameday/module/event.h"
#include "scheduler/gameday/module/verbs.h"

#define STEPS 3
/* What a state and an event make: the next state, NO where it may not happen. */
#define NO -1

static struct day_session s;

static void in_state(enum day_state state)
{
	day_session_init(&s, STEPS);
	s.steps[0].state = state;
	s.steps[0].outcome = DAY_DONE;
	if (day_is_end(state))
		s.current = 1;
}

static int next_of(enum day_kind kind, enum day_state state)
{
	struct day_event e = {.kind = kind, .step = 0, .result = DAY_PASS};

	in_state(state);
	if (day_refuses(&s, &e))
		return NO;
	day_apply(&s, &e);
	return (int)s.steps[0].state;
}

static void every_event_in_every_state(void **state)
{
	static const struct {
		enum day_kind kind;
		int next[DAY_RETURNING + 1]; /* planned, checks, ready, held, running, returning */
	} table[] = {
		{DAY_E_CHECKS, {DAY_CHECKS, NO, DAY_CHECKS, DAY_CHECKS, NO, NO}},
		{DAY_E_CHECK, {NO, DAY_CHECKS, NO, NO, NO, NO}},
		{DAY_E_READY, {NO, DAY_READY, NO, NO, NO, NO}},
		{DAY_E_GO, {NO, NO, DAY_RUNNING, NO, NO, NO}},
		{DAY_E_HOLD, {DAY_HELD, DAY_HELD, DAY_HELD, NO, NO, NO}},
		{DAY_E_SKIP, {DAY_SKIPPED, DAY_SKIPPED, DAY_SKIPPED, DAY_SKIPPED, NO, NO}},
		{DAY_E_RUN, {NO, NO, NO, NO, DAY_RUNNING, NO}},
		{DAY_E_PHASE, {NO, NO, NO, NO, DAY_RUNNING, NO}},
		{DAY_E_ABORT, {NO, NO, NO, NO, DAY_RUNNING, NO}},
		{DAY_E_ENDED, {NO, NO, NO, NO, DAY_RETURNING, NO}},
		{DAY_E_STEADY, {NO, NO, NO, NO, NO, DAY_DONE}},
		{DAY_E_LEFT, {NO, NO, NO, NO, NO, DAY_DONE}},
		{DAY_E_INTERRUPTED, {NO, DAY_PLANNED, NO, NO, DAY_RETURNING, DAY_RETURNING}},
	};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		for (int k = 0; k <= DAY_RETURNING; k++)
			if (next_of(table[i].kind, (enum day_state)k) != table[i].next[k])
				fail_msg("%s in %s", day_kind_name(table[i].kind),
					 day_state_name((enum day_state)k));
		/* What has come to its end stays so. */
		for (int k = DAY_DONE; k < DAY_STATES; k++)
			assert_int_equal(next_of(table[i].kind, (enum day_state)k), NO);
	}
}

static void words_never_change_a_state(void **state)
{
	static const enum day_kind words[] = {DAY_E_NOTE, DAY_E_MARK, DAY_E_REVEAL, DAY_E_RESUMED,
					      DAY_E_SESSION};

	for (size_t i = 0; i < ORD_COUNT(words); i++)
		for (int k = 0; k < DAY_STATES; k++)
			assert_int_equal(next_of(words[i], (enum day_state)k), k);
}

static void the_owner_decides_and_anybody_stops(void **state)
{
	struct day_event e = {.by = "on-call"};

	in_state(DAY_READY);
	for (int k = 0; k < DAY_KINDS; k++) {
		e.kind = (enum day_kind)k;
		if (k == DAY_E_GO || k == DAY_E_SKIP || k == DAY_E_CHECKS || k == DAY_E_REVEAL)
			assert_non_null(strstr(day_refuses(&s, &e), "owner"));
		if (k == DAY_E_HOLD)
			assert_null(day_refuses(&s, &e));
	}
	in_state(DAY_RUNNING);
	e.kind = DAY_E_ABORT;
	assert_null(day_refuses(&s, &e));
}

static void a_failed_check_needs_the_owners_word(void **state)
{
	struct day_event e = {.kind = DAY_E_GO, .by = "owner"};

	for (int c = 0; c < ORD_GAMEDAY_CHECKS; c++)
		for (int r = DAY_UNKNOWN; r <= DAY_CANNOT; r++) {
			in_state(DAY_READY);
			s.steps[0].checks[c] = (enum day_result)r;
			e.overrule = false;
			assert_int_equal(day_refuses(&s, &e) != NULL, r == DAY_FAIL);
			e.overrule = true;
			assert_null(day_refuses(&s, &e));
		}
}

static void ends(void **state)
{
	static const struct {
		int exit;
		bool aborting;
		enum day_state outcome;
		int code; /* of the day, were it the only step */
	} table[] = {
		{0, false, DAY_DONE, DAY_OK},	   {1, false, DAY_DONE, DAY_FAILED},
		{5, false, DAY_DONE, DAY_LEFT},	   {3, false, DAY_CUT, DAY_ABORTED},
		{4, false, DAY_CUT, DAY_UNSTEADY}, {6, false, DAY_CUT, DAY_BROKEN},
		{2, false, DAY_CUT, DAY_BROKEN},   {0, true, DAY_CUT, DAY_ABORTED},
		{3, true, DAY_CUT, DAY_ABORTED},
	};

	for (size_t i = 0; i < ORD_COUNT(table); i++) {
		day_session_init(&s, 1);
		s.steps[0].state = DAY_RUNNING;
		s.steps[0].aborting = table[i].aborting;
		day_apply(&s, &(struct day_event){.kind = DAY_E_ENDED, .exit = table[i].exit});
		assert_int_equal(s.steps[0].state, DAY_RETURNING);
		assert_int_equal(s.steps[0].outcome, table[i].outcome);
		/* It has not returned: neither the step nor the day goes on. */
		day_apply(&s, &(struct day_event){.kind = DAY_E_STEADY, .result = DAY_FAIL});
		assert_int_equal(s.steps[0].state, DAY_RETURNING);
		assert_int_equal(day_exit(&s), DAY_LEFT);
		day_apply(&s, &(struct day_event){.kind = DAY_E_STEADY, .result = DAY_PASS});
		assert_int_equal(s.steps[0].state, table[i].outcome);
		assert_int_equal(s.current, 1);
		assert_int_equal(day_exit(&s), table[i].code);
	}
}

static void an_interrupted_step_returns_too(void **state)
{
	in_state(DAY_RUNNING);
	day_apply(&s, &(struct day_event){.kind = DAY_E_INTERRUPTED});
	assert_int_equal(s.steps[0].state, DAY_RETURNING);
	day_apply(&s, &(struct day_event){.kind = DAY_E_INTERRUPTED});
	day_apply(&s, &(struct day_event){.kind = DAY_E_STEADY, .result = DAY_CANNOT});
	assert_int_equal(s.steps[0].state, DAY_INTERRUPTED);
	assert_int_equal(s.current, 1);
}

static struct day_event drawn(struct ord_rng *rng)
{
	static const char *const roles[] = {NULL, "owner", "on-call"};
	static const char *const texts[] = {NULL, "a \"text\"", "/a/folder"};
	struct day_event e = {.kind = (enum day_kind)ord_rng_below(rng, DAY_KINDS),
			      .step = (size_t)ord_rng_below(rng, STEPS + 1),
			      .by = roles[ord_rng_below(rng, 3)],
			      .text = texts[ord_rng_below(rng, 3)],
			      .at_ns = 1795305615000000000 + ord_rng_below(rng, 1000) * 1000000};

	/* Mostly of the step that is the next, or the walk would stand still. */
	if (ord_rng_below(rng, 4))
		e.step = s.current;
	if (e.kind == DAY_E_END && ord_rng_below(rng, 20))
		e.kind = DAY_E_NOTE;
	if (e.kind == DAY_E_CHECK)
		e.check = (enum ord_gameday_check)ord_rng_below(rng, ORD_GAMEDAY_CHECKS);
	if (e.kind == DAY_E_CHECK || e.kind == DAY_E_STEADY)
		e.result = (enum day_result)(1 + ord_rng_below(rng, 3));
	if (e.kind == DAY_E_ENDED)
		e.exit = (int)ord_rng_below(rng, 7);
	if (e.kind == DAY_E_RUN)
		e.dir = "/runs/one";
	e.overrule = e.kind == DAY_E_GO && ord_rng_below(rng, 2);
	return e;
}

/* One walk: what must never be, and that the lines give the same session. */
static size_t walk(uint64_t seed)
{
	static struct day_session again;
	struct ord_rng rng;
	size_t taken = 0;

	ord_rng_init(&rng, seed);
	day_session_init(&s, STEPS);
	day_session_init(&again, STEPS);
	for (int i = 0; i < 300; i++) {
		struct day_session before = s;
		struct day_event e = drawn(&rng), read;
		ord_auto(json) json_t *line = NULL;
		unsigned running = 0;

		if (day_refuses(&s, &e))
			continue;
		taken++;
		day_apply(&s, &e);
		line = day_event_json(&e, STEPS);
		assert_int_equal(day_event_read(line, STEPS, &read), 0);
		assert_null(day_refuses(&again, &read));
		day_apply(&again, &read);
		assert_memory_equal(&again, &s, sizeof s);
		assert_true(s.current >= before.current);
		for (size_t k = 0; k < STEPS; k++) {
			running += s.steps[k].state == DAY_RUNNING;
			if (day_is_end(before.steps[k].state))
				assert_int_equal(s.steps[k].state, before.steps[k].state);
			if (k < s.current)
				assert_true(day_is_end(s.steps[k].state));
			if (k > s.current)
				assert_int_equal(s.steps[k].state, DAY_PLANNED);
		}
		assert_true(running <= 1);
	}
	return taken;
}

static void walks(void **state)
{
	size_t taken = 0;

	for (uint64_t seed = 1; seed <= 500; seed++)
		taken += walk(seed);
	assert_true(taken > 10000);
}

static void bad_lines(void **state)
{
	static const char *const lines[] = {
		"{}",
		"{\"e\":\"go\"}",
		"{\"e\":\"goo\",\"at\":\"2026-11-22T00:00:00.000Z\"}",
		"{\"e\":\"go\",\"at\":\"yesterday\",\"step\":1}",
		"{\"e\":\"go\",\"at\":\"2026-11-22T00:00:00.000Z\",\"step\":4}",
		"{\"e\":\"go\",\"at\":\"2026-11-22T00:00:00.000Z\",\"step\":-1}",
		"{\"e\":\"check\",\"at\":\"2026-11-22T00:00:00.000Z\",\"step\":1,\"check\":\"x\","
		"\"result\":\"pass\"}",
		"{\"e\":\"check\",\"at\":\"2026-11-22T00:00:00.000Z\",\"step\":1,\"check\":"
		"\"disk\",\"result\":\"unknown\"}",
		"{\"e\":\"steady\",\"at\":\"2026-11-22T00:00:00.000Z\",\"step\":1}",
	};
	struct day_event e;

	for (size_t i = 0; i < ORD_COUNT(lines); i++) {
		ord_auto(json) json_t *line = json_loads(lines[i], 0, NULL);

		assert_non_null(line);
		if (!day_event_read(line, STEPS, &e))
			fail_msg("%s", lines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_in_every_state),
		cmocka_unit_test(words_never_change_a_state),
		cmocka_unit_test(the_owner_decides_and_anybody_stops),
		cmocka_unit_test(a_failed_check_needs_the_owners_word),
		cmocka_unit_test(ends),
		cmocka_unit_test(an_interrupted_step_returns_too),
		cmocka_unit_test(walks),
		cmocka_unit_test(bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
