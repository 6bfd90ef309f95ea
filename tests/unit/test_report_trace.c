/* The traces that probes began: from the timeline into trace.json, by the quick way of reading and
 * by the other. */
#include "tests/unit/report_page.h"

#include "reports/write/trace.h"

static void one(struct story *s, int64_t at, const char *o, const char *trace, const char *more)
{
	say(s,
	    "{\"t\":%lld,\"e\":\"sample\",\"rep\":1,\"p\":\"orders\",\"n\":%lld,\"due\":%lld,"
	    "\"sent\":%lld,\"done\":%lld,\"o\":\"%s\"%s%s,\"trace\":\"%s\"}\n",
	    (long long)MS(at), (long long)at, (long long)MS(at), (long long)MS(at),
	    (long long)MS(at + 1), o, strcmp(o, "ok") ? ",\"good\":false" : ",\"good\":true", more,
	    trace);
}

static void of_bad_samples(void **state)
{
	static const char *const ids[] = {"0af7651916cd43dd8448eb211c80319c",
					  "1af7651916cd43dd8448eb211c80319c",
					  "2af7651916cd43dd8448eb211c80319c"};
	char *text, id[ORD_TRACE_ID], link[80];
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	one(&s, 100, "ok", ids[0], "");
	one(&s, 6000, "timeout", ids[1], "");
	/* A key that the quick way does not know. */
	one(&s, 6100, "reset", ids[2], ",\"later\":1");
	one(&s, 6200, "reset", "00000000000000000000000000000000", "");
	one(&s, 6300, "reset", "0af7", "");
	one(&s, 6400, "reset", "0AF7651916CD43DD8448EB211C80319C", "");
	finish(&s, 25000, "complete");
	assert_int_equal(read_story(&s), 0);
	assert_int_equal(s.t.n_traces, 2);
	assert_null(ord_timeline_trace_of(&s.t, 1));
	text = written(&s.a, ord_write_otlp);
	assert_null(strstr(text, ids[0]));
	assert_non_null(
		strstr(text, "\"ordeal.probe.trace_id\",\"value\":{\"stringValue\":\"1af7"));
	assert_int_equal(occurrences(text, "ordeal.probe.trace_id"), 2);
	/* The failure tells of it, its request's span is in it, and the root links to that. */
	assert_int_equal(occurrences(text, ids[2]), 3);
	assert_int_equal(occurrences(text, "\"name\":\"probe orders\",\"kind\":3"), 2);
	assert_int_equal(occurrences(text, "\"links\":[{\"traceId\":\"1af7"), 1);
	assert_int_equal(occurrences(text,
				     "{\"traceId\":\"2af7651916cd43dd8448eb211c80319c\",\"spanId\":"
				     "\"8448eb211c80319c\"}"),
			 1);
	(void)ord_trace_id(&s.t, 1, id);
	(void)snprintf(link, sizeof link, "\"links\":[{\"traceId\":\"%s\",", id);
	assert_int_equal(occurrences(text, link), 2);
	free(text);
	done(&s);
}

/* Remarks have as much room as the SDKs give, and what had none is counted. */
static void remarks_that_are_dropped(void **state)
{
	struct story s;
	char *text;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "orders", 0, 25000, 1, 'g');
	for (int i = 0; i < 140; i++)
		say(&s, "{\"e\":\"note\",\"t\":%lld,\"rep\":1,\"text\":\"n\"}\n", (long long)MS(i));
	finish(&s, 25000, "complete");
	assert_int_equal(read_story(&s), 0);
	text = written(&s.a, ord_write_otlp);
	assert_int_equal(occurrences(text, "\"name\":\"note\""), 128);
	assert_int_equal(occurrences(text, "\"droppedEventsCount\":12"), 1);
	free(text);
	done(&s);
}

/* Without number, but not without limit. */
static void as_many_as_are_kept(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	samples(&s, 1, "stock", 0, 25000, 1, 'g');
	for (int i = 0; i < 20500; i++)
		one(&s, i, "reset", "0af7651916cd43dd8448eb211c80319c", "");
	finish(&s, 25000, "complete");
	assert_int_equal(read_story(&s), 0);
	assert_int_equal(s.t.n_traces, 20000);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_bad_samples),
		cmocka_unit_test(as_many_as_are_kept),
		cmocka_unit_test(remarks_that_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
