/* Samples in packed blocks: whatever goes in, in whatever order, comes out exactly, by the order of
 * sending. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/series.h"
#include "tests/support/draw.h"

static int by_sent(const void *a, const void *b)
{
	const struct ord_sample *x = a, *y = b;

	if (x->sent != y->sent)
		return x->sent < y->sent ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

enum shape { REGULAR, CROWDED, REVERSED, WILD, HUGE, CONSTANT, RESTING, SHAPES };

/* Lines rise; `sent` is out of order as each shape has it. */
static void make(enum shape shape, struct ord_sample *v, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++) {
		struct ord_sample *s = &v[i];
		int64_t k = (int64_t)i;

		*s = (struct ord_sample){.line = (uint32_t)(2 + 3 * i)};
		switch (shape) {
		case RESTING:
		case REGULAR: /* each some hundred slots late at most */
			s->due = (k - (int64_t)(draw(seed) % 300)) * 1000000 + 1000000000;
			s->sent = s->due + (int64_t)(draw(seed) % 60000);
			break;
		case CROWDED: /* many at one instant */
			s->due = s->sent = k / 700;
			break;
		case REVERSED:
			s->due = s->sent = (int64_t)(n - i) * 1000;
			break;
		case WILD:
			s->due = (int64_t)(draw(seed) % 1000000000000);
			s->sent = (int64_t)(draw(seed) % 1000000000000);
			break;
		case HUGE: /* as far as a timeline may reach */
			s->due = (int64_t)(draw(seed) % (uint64_t)(INT64_MAX / 4));
			s->sent = i % 2 ? 0 : INT64_MAX / 4 - 1;
			break;
		case CONSTANT:
		case SHAPES:
			s->due = s->sent = 7;
			break;
		}
		s->done = s->due > s->sent ? s->due : s->sent;
		if (shape != CONSTANT) {
			s->done += (int64_t)(draw(seed) % (shape == HUGE ? 2 : 3000000));
			s->outcome = draw(seed) % 50 ? ORD_TL_OK
						     : (uint8_t)(draw(seed) % ORD_TL_OUTCOMES);
			s->why = s->outcome == ORD_TL_OK ? 0 : (uint8_t)draw(seed);
		}
		s->state = s->outcome == ORD_TL_OK	  ? ORD_SAMPLE_GOOD
			   : s->outcome >= ORD_TL_SKIPPED ? ORD_SAMPLE_UNKNOWN
							  : ORD_SAMPLE_BAD;
	}
}

static void compare(const struct ord_series *q, const struct ord_sample *v, size_t n)
{
	struct ord_cursor c;
	struct ord_sample s;

	assert_int_equal(q->n, n);
	ord_cursor_begin(q, &c);
	for (size_t i = 0; i < n; i++) {
		assert_true(ord_cursor_next(&c, &s));
		assert_memory_equal(&s, &v[i], sizeof s);
	}
	assert_false(ord_cursor_next(&c, &s));
	for (size_t i = n; i-- > 0;) {
		assert_true(ord_cursor_prev(&c, &s));
		assert_memory_equal(&s, &v[i], sizeof s);
	}
	assert_false(ord_cursor_prev(&c, &s));
}

static void compare_blocks(const struct ord_series *q, const struct ord_sample *v)
{
	struct ord_cursor c;
	const struct ord_block *b;
	size_t at = 0;

	ord_cursor_begin(q, &c);
	for (; (b = ord_cursor_block(&c)); ord_cursor_skip(&c, b)) {
		int64_t done_min = INT64_MAX, done_max = 0, least = INT64_MAX, most = 0, gap = 0;
		size_t bad = 0, skipped = 0;

		assert_int_equal(b->first, at);
		for (size_t i = at; i < at + b->n; i++) {
			int64_t latency = ord_sample_latency(&v[i]);

			done_min = v[i].done < done_min ? v[i].done : done_min;
			done_max = v[i].done > done_max ? v[i].done : done_max;
			least = latency < least ? latency : least;
			most = latency > most ? latency : most;
			bad += v[i].state == ORD_SAMPLE_BAD;
			skipped += v[i].outcome == ORD_TL_SKIPPED;
			if (i > at && v[i].sent - v[i - 1].sent > gap)
				gap = v[i].sent - v[i - 1].sent;
		}
		assert_int_equal(b->sent_first, v[at].sent);
		at += b->n;
		assert_int_equal(b->sent_last, v[at - 1].sent);
		assert_int_equal(b->done_min, done_min);
		assert_int_equal(b->done_max, done_max);
		assert_int_equal(b->latency_min, least);
		assert_int_equal(b->latency_max, most);
		assert_int_equal(b->gap, gap);
		assert_int_equal(b->by_state[ORD_SAMPLE_BAD], bad);
		assert_int_equal(b->by_outcome[ORD_TL_SKIPPED], skipped);
	}
	assert_int_equal(at, q->n);
}

static void seek(const struct ord_series *q, const struct ord_sample *v, size_t n, uint64_t *seed)
{
	struct ord_cursor c;
	struct ord_sample s;

	ord_cursor_begin(q, &c);
	for (int k = 0; n && k < 200; k++) {
		size_t i = draw(seed) % n, first = i;
		int64_t t = v[i].sent + (int64_t)(k % 3) - 1;

		while (first && v[first - 1].sent >= t)
			first--;
		while (first < n && v[first].sent < t)
			first++;
		assert_int_equal(ord_series_find(q, t), first);
		assert_int_equal(ord_cursor_seek_sent(&c, t), first < n);
		assert_int_equal(ord_cursor_next(&c, &s), first < n);
		if (first < n)
			assert_memory_equal(&s, &v[first], sizeof s);
		s = ord_series_at(q, i);
		assert_memory_equal(&s, &v[i], sizeof s);
	}
}

static void excuse(struct ord_series *q, struct ord_sample *v, size_t n)
{
	for (size_t i = 0; i < n; i += 3)
		if (v[i].state == ORD_SAMPLE_BAD) {
			v[i].noise = 1;
			ord_series_excuse(q, i);
			ord_series_excuse(q, i);
		}
	for (size_t i = 0, k; i < n; i = k) {
		const struct ord_block *b = ord_series_block(q, i);
		size_t noise = 0;

		for (k = i; k < b->first + b->n; k++)
			noise += v[k].noise;
		assert_int_equal(b->noise, noise);
	}
	compare(q, v, n);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Ranks and counts of a range, against a plain sort. */
static void rank(const struct ord_series *q, const struct ord_sample *v, size_t n, uint64_t *seed)
{
	int64_t *plain = calloc(n + 1, sizeof *plain), found[4];
	size_t first = draw(seed) % n, last = first + draw(seed) % (n - first + 1);

	if (draw(seed) % 2) {
		first = 0;
		last = n;
	}
	for (int round = 0; round < 2; round++, first = 0, last = n) {
		struct ord_counts c = ord_series_count(q, first, last);
		size_t known = 0, bad = 0, resets = 0;

		for (size_t i = first; i < last; i++) {
			bad += v[i].state == ORD_SAMPLE_BAD;
			resets += v[i].outcome == ORD_TL_RESET;
			if (v[i].state != ORD_SAMPLE_UNKNOWN)
				plain[known++] = ord_sample_latency(&v[i]);
		}
		assert_int_equal(c.by_state[ORD_SAMPLE_BAD], bad);
		assert_int_equal(c.by_state[ORD_SAMPLE_UNKNOWN], last - first - known);
		assert_int_equal(c.by_outcome[ORD_TL_RESET], resets);
		qsort(plain, known, sizeof *plain, by_value);
		if (known) {
			size_t ranks[] = {0, known / 2, known * 99 / 100, known - 1};

			assert_int_equal(ord_series_latencies(q, first, last, ranks, 4, found), 0);
			for (size_t i = 0; i < 4; i++)
				assert_int_equal(found[i], plain[ranks[i]]);
		}
		assert_int_equal(ord_series_latencies(q, first, last, NULL, 0, found), 0);
	}
	free(plain);
}

static void next_bad(const struct ord_series *q, const struct ord_sample *v, size_t n)
{
	struct ord_cursor c;
	struct ord_sample s;

	ord_cursor_begin(q, &c);
	for (size_t i = 0; i < n; i++)
		if (v[i].state == ORD_SAMPLE_BAD) {
			assert_true(ord_cursor_next_bad(&c, &s));
			assert_memory_equal(&s, &v[i], sizeof s);
		}
	assert_false(ord_cursor_next_bad(&c, &s));
}

static void what_goes_in_comes_out(void **state)
{
	static const size_t sizes[] = {1, 2, 63, 64, 511, 512, 513, 4095, 4096, 4097, 60000};
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int shape = 0; shape < SHAPES; shape++)
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			size_t n = sizes[k];
			struct ord_sample *v = calloc(n, sizeof *v);
			struct ord_series q = {0};

			make((enum shape)shape, v, n, &seed);
			for (size_t i = 0; i < n; i++) {
				assert_int_equal(ord_series_add(&q, &v[i]), 0);
				assert_int_equal(q.last_done, v[i].done);
				if (shape == RESTING && i % 777 == 0)
					assert_int_equal(ord_series_rest(&q), 0);
			}
			assert_int_equal(ord_series_seal(&q), 0);
			qsort(v, n, sizeof *v, by_sent);
			compare(&q, v, n);
			compare_blocks(&q, v);
			seek(&q, v, n, &seed);
			rank(&q, v, n, &seed);
			next_bad(&q, v, n);
			excuse(&q, v, n);
			ord_series_done(&q);
			free(v);
		}
}

static void nothing_at_all(void **state)
{
	struct ord_series q = {0};
	struct ord_cursor c;
	struct ord_sample s;

	(void)state;
	assert_int_equal(ord_series_seal(&q), 0);
	assert_int_equal(ord_series_find(&q, 0), 0);
	ord_cursor_begin(&q, &c);
	assert_false(ord_cursor_next(&c, &s));
	assert_false(ord_cursor_prev(&c, &s));
	assert_false(ord_cursor_seek_sent(&c, 0));
	assert_null(ord_cursor_block(&c));
	ord_series_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
