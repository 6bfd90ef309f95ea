/* An analysis that runs out of memory fails: it never comes to an end with something left out. */
#include <jansson.h>

#include "tests/unit/report_page.h"
#include "tests/unit/report_claims.h"

/* Calls from now on until one is refused; -1: none is. */
static long until = -1;
static bool refused;

void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);

/* jansson's calls likewise. */
static long json_until = -1;

static void *json_room(size_t size)
{
	if (json_until >= 0 && !json_until--) {
		refused = true;
		return NULL;
	}
	return malloc(size);
}

static bool refuse(void)
{
	if (until < 0 || until--)
		return false;
	refused = true;
	return true;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return refuse() ? NULL : __real_reallocarray(p, n, size);
}

/* More acts and more warnings than there is room for at first. */
static void a_long_story(struct story *s)
{
	begin(s, DETECT "," SELF, ",\"repetitions\":3");
	for (int rep = 1; rep <= 3; rep++) {
		int64_t at = (rep - 1) * 30000;

		events(s, rep, at);
		for (int i = 0; i < 20; i++)
			fault(s, rep, at + 6000 + i, "acted",
			      ",\"what\":\"kept\",\"object\":[\"v1\",\"Pod\",\"shop\",\"p\","
			      "\"u\"]");
		/* Slow before it is bad: the two onsets differ. */
		samples(s, rep, "orders", at, at + 5100, 20, 'g');
		samples(s, rep, "orders", at + 5100, at + 8000, 200, 'g');
		samples(s, rep, "orders", at + 8000, at + 15100, 400, 'w');
		samples(s, rep, "orders", at + 15100, at + 25000, 20, 'g');
	}
	finish(s, 90000, "complete");
}

static void nothing_is_left_out(void **state)
{
	struct story s;
	long n = -1;

	a_long_story(&s);
	tells(&s);
	assert_int_equal(s.a.reps[3].faults[0].n_acts, 20);
	assert_int_equal(json_array_size(s.a.reps[3].faults[0].kept), 20);
	assert_int_equal(s.a.n_warnings, 3);
	do {
		struct ord_analysis a;
		struct ord_err err;
		int r;

		refused = false;
		until = ++n;
		r = ord_analyse(&s.t, &a, &err);
		until = -1;
		if (!refused) {
			assert_int_equal(r, 0);
			ord_analysis_done(&a);
		} else if (r != -1 || err.code != ORD_NOMEM) {
			fail_msg("call %ld was refused, and the analysis went on", n);
		}
	} while (refused);
	assert_true(n > 50);
	done(&s);
	(void)state;
}

/* A file that is said to be written can be read. */
static void no_broken_json(void **state)
{
	static writer *const all[] = {ord_write_otlp, ord_write_cloudevents, ord_write_grafana};
	size_t failed = 0;
	struct story s;

	a_long_story(&s);
	tells(&s);
	for (size_t w = 0; w < sizeof all / sizeof *all; w++) {
		long n = -1;

		do {
			char *text = NULL;
			size_t size = 0;
			FILE *out = open_memstream(&text, &size);
			struct ord_err err;
			int r;

			assert_non_null(out);
			refused = false;
			json_until = n += 1 + n / 8;
			r = all[w](&s.a, out, &err);
			json_until = -1;
			assert_int_equal(fclose(out), 0);
			failed += r != 0;
			if (!r) {
				json_t *json = json_loads(text, 0, NULL);

				if (!json)
					fail_msg("writer %zu, call %ld: %s", w, n, text);
				json_decref(json);
			}
			free(text);
		} while (refused);
	}
	assert_true(failed > 10);
	done(&s);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_out),
		cmocka_unit_test(no_broken_json),
	};

	json_set_alloc_funcs(json_room, free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
