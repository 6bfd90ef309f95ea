/*
 * The pitfalls of measuring that no other test is about. All twenty are tests named pitfall_NN: 1
 * to 4, 6 and 16 in test_report_spread.c, 7 in test_report_write.c, 8 in test_report_channel.c, 9
 * and 10 in test_report_alert.c, 11 in test_report_loss.c, 12 to 14 in test_report_analysis.c, 15
 * in test_report_verdict.c, 18 in test_report_text.c, 20 in test_stats_rank.c.
 */
#include "tests/unit/report_claims.h"

#include <dirent.h>
#include <math.h>

#include "base/auto.h"
#include "reports/stats/survival.h"
#include "reports/write/write.h"

/* The last one alone at risk: n - 1 would be a zero to divide by. */
static void pitfall_05_one_at_risk_in_the_logrank_variance(void **state)
{
	static const struct ord_surv a[] = {{1, true}}, b[] = {{2, true}};
	struct ord_logrank r = ord_logrank(a, 1, b, 1, 0);

	assert_true(isfinite(r.variance) && isfinite(r.u));
	/* of the first event alone: 1 * 1 * 1 * 1 / (2^2 * 1) */
	assert_true(fabs(r.variance - 0.25) < 1e-12);
}

/* Every line of a comparison that shows a p-value shows how many repetitions it is of. */
static void pitfall_17_no_p_value_without_n(void **state)
{
	static const char dir[] = SOURCE_DIR "/tests/golden/compare";
	DIR *list = opendir(dir);
	size_t seen = 0;

	assert_non_null(list);
	for (const struct dirent *e; (e = readdir(list));) {
		char path[600], line[2000];
		ord_autofclose FILE *f = NULL;

		if (!strstr(e->d_name, ".txt"))
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		f = fopen(path, "re");
		assert_non_null(f);
		while (fgets(line, sizeof line, f)) {
			if (!strstr(line, " p = "))
				continue;
			seen++;
			if (!strstr(line, "n = "))
				fail_msg("%s: %s", path, line);
		}
	}
	(void)closedir(list);
	assert_true(seen > 3);
}

/* Where the curve ends in an event its band is no number; JSON has no word for that but null. */
static void pitfall_19_no_nan_in_json(void **state)
{
	char *text = NULL;
	size_t size = 0;
	struct story s;
	FILE *out;

	begin(&s, SELF, ",\"repetitions\":2");
	repetition(&s, 1, 0, 5100, 7000, 6000);
	repetition(&s, 2, 30000, 5100, 8000, 6000);
	finish(&s, 55000, "complete");
	tells(&s);
	assert_true(isnan(s.a.self.steps[s.a.self.n_steps - 1].lo));
	out = open_memstream(&text, &size);
	assert_int_equal(ord_write_json(&s.a, out, &s.err), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "\"lo_ppm\": null"));
	assert_null(strcasestr(text, "nan"));
	assert_null(strstr(text, ": inf"));
	free(text);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pitfall_05_one_at_risk_in_the_logrank_variance),
		cmocka_unit_test(pitfall_17_no_p_value_without_n),
		cmocka_unit_test(pitfall_19_no_nan_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
