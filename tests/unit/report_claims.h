/* Stories that the tests of the analysis share, and what they claim of them. */
#ifndef ORDEAL_TESTS_REPORT_CLAIMS_H
#define ORDEAL_TESTS_REPORT_CLAIMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/report_story.h"

/* Bad from `bad` until `good` (ms after the start of the repetition); the breaker notices from `on`
 * until 16 s. */
static inline void repetition(struct story *s, int rep, int64_t at, int64_t bad, int64_t good,
			      int64_t on)
{
	events(s, rep, at);
	samples(s, rep, "orders", at, at + bad, 5, 'g');
	samples(s, rep, "orders", at + bad, at + good, 5, 'w');
	samples(s, rep, "orders", at + (good > bad ? good : bad), at + 25000, 5, 'g');
	samples(s, rep, "stock", at, at + 25000, 1, 'g');
	samples(s, rep, "breaker", at, at + on, 2, 'w');
	if (on < 25000)
		samples(s, rep, "breaker", at + on, at + 16000, 2, 'g');
	samples(s, rep, "breaker", at + (on < 16000 ? 16000 : on), at + 25000, 2, 'w');
}

static inline void is_interval(const struct ord_instant *in, int64_t lo, int64_t value, int64_t hi)
{
	assert_true(in->known);
	assert_int_equal(in->lo, MS(lo));
	assert_int_equal(in->value, MS(value));
	assert_int_equal(in->hi, MS(hi));
}

static inline void is_span(const struct ord_span *s, enum ord_span_state state, int64_t lo,
			   int64_t value, int64_t hi)
{
	assert_int_equal(s->state, state);
	assert_int_equal(s->lo, MS(lo));
	assert_int_equal(s->value, MS(value));
	assert_int_equal(s->hi, MS(hi));
}

static inline void ends(struct story *s, int exit, const char *text)
{
	if (s->a.exit != exit || !strstr(s->a.verdict, text))
		fail_msg("exit %d, verdict '%s'; wanted %d and '%s'", s->a.exit, s->a.verdict, exit,
			 text);
}

static inline void tells(struct story *s)
{
	if (read_story(s))
		fail_msg("%s", s->err.msg);
}

#endif
