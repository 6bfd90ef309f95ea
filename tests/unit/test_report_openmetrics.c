/* What OpenMetrics says of what was not reached, and its numbers. */
#include "tests/unit/report_page.h"

#include "reports/write/metrics.h"

static void seconds(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} table[] = {{0, "0.0"},
		     {1, "0.000000001"},
		     {1000000000, "1.0"},
		     {12031000000, "12.031"},
		     {-1500000000, "-1.5"},
		     {INT64_MAX, "9223372036.854775807"},
		     {INT64_MIN, "-9223372036.854775808"}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char out[32];

		assert_string_equal(ord_metric_seconds(table[i].ns, out), table[i].text);
	}
}

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("'%s' is not there", line);
}

/* The second repetition of three does not recover by itself; the others do. */
static void what_was_not_reached(void **state)
{
	writer *const dialects[] = {ord_write_openmetrics, ord_write_history, ord_write_textfile};
	struct story s;

	tell(&s, 3);
	for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
		char *text = written(&s.a, dialects[i]);
		bool each = dialects[i] != ord_write_textfile;

		has(text,
		    "ordeal_not_recovered_total{experiment=\"orders-survive\",mode=\"self\"} 1");
		assert_null(strstr(text, "NaN"));
		assert_null(strstr(text, "Inf\"} -"));
		assert_null(strstr(text,
				   "ordeal_time_to_recover_seconds{experiment=\"orders-survive\","
				   "mode=\"self\",repetition=\"2\"}"));
		assert_int_equal(strstr(text, "repetition=\"") != NULL, each);
		if (each) {
			has(text, "ordeal_recovered{experiment=\"orders-survive\",mode=\"self\","
				  "repetition=\"2\",ordeal_recovered=\"no\"} 1");
			has(text, "ordeal_recovered{experiment=\"orders-survive\",mode=\"self\","
				  "repetition=\"1\",ordeal_recovered=\"yes\"} 1");
			has(text, "ordeal_time_to_recover_at_least_seconds{experiment=\"orders-"
				  "survive\",mode=\"self\",repetition=\"2\"} ");
			has(text, "ordeal_time_to_recover_seconds{experiment=\"orders-survive\","
				  "mode=\"self\",repetition=\"1\"} ");
		}
		free(text);
	}
	done(&s);
}

/* No impact: nothing to recover from, not even in no time. */
static void without_an_impact(void **state)
{
	struct story s;
	char *text;

	begin(&s, DETECT "," SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 25000, 5, 'g');
	samples(&s, 1, "stock", 0, 25000, 5, 'g');
	samples(&s, 1, "breaker", 0, 25000, 5, 'w');
	finish(&s, 25000, "complete");
	assert_int_equal(read_story(&s), 0);
	text = written(&s.a, ord_write_openmetrics);
	assert_null(strstr(text, "ordeal_time_to_recover_seconds{"));
	assert_null(strstr(text, "ordeal_recovered{"));
	assert_null(strstr(text, "at_least"));
	has(text, "ordeal_not_recovered_total{experiment=\"orders-survive\",mode=\"self\"} 0");
	free(text);
	done(&s);
}

/* A bucket holds what is as long as its bound. */
static void buckets(void **state)
{
	struct story s;
	char *text;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "stock", 0, 25000, 5, 'g');
	samples(&s, 1, "orders", 0, 300, 1, 'g'); /* three of 1 ms, before the fault */
	sample(&s, 1, "orders", 300, 2, 'g');
	sample(&s, 1, "orders", 400, 1000, 't');
	sample(&s, 1, "orders", 500, 40000, 't');
	sample(&s, 1, "orders", 600, 0, 's');
	samples(&s, 1, "orders", 5100, 25000, 5, 'g');
	finish(&s, 45000, "complete");
	assert_int_equal(read_story(&s), 0);
	text = written(&s.a, ord_write_openmetrics);
#define BUCKET                                                                                \
	"ordeal_probe_latency_seconds_bucket{experiment=\"orders-survive\",probe=\"orders\"," \
	"role=\"user\",part=\"before\",le="
	has(text, BUCKET "\"0.0005\"} 0\n");
	has(text, BUCKET "\"0.001\"} 3\n");
	has(text, BUCKET "\"0.0025\"} 4\n");
	has(text, BUCKET "\"0.5\"} 4\n");
	has(text, BUCKET "\"1.0\"} 5\n");
	has(text, BUCKET "\"30.0\"} 5\n");
	has(text, BUCKET "\"+Inf\"} 6\n");
	has(text, "part=\"before\"} 41.005\n");
	free(text);
	done(&s);
}

/* Latencies of a timeline that no clock has written add up to more than a sum holds. */
static void a_sum_beyond_all_range(void **state)
{
	struct story s;
	char *text;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	for (int i = 0; i < 11; i++)
		sample(&s, 1, "orders", 6000 + i, 900000000000, 't');
	finish(&s, 900000010000, "complete");
	assert_int_equal(read_story(&s), 0);
	text = written(&s.a, ord_write_openmetrics);
	has(text, "_sum{experiment=\"orders-survive\",probe=\"orders\",role=\"user\",part="
		  "\"during\"} 9223372036.854775807\n");
	free(text);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds),
		cmocka_unit_test(what_was_not_reached),
		cmocka_unit_test(without_an_impact),
		cmocka_unit_test(buckets),
		cmocka_unit_test(a_sum_beyond_all_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
