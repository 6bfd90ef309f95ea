/* When a delivery is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"
#include "deliver/retry.h"
#include "ordeal/deliver.h"

static void which(void **state)
{
	static const long again[] = {0, 429, 502, 503, 504};

	for (long status = 0; status < 600; status++) {
		bool want = false;

		for (size_t i = 0; i < sizeof again / sizeof *again; i++)
			want |= again[i] == status;
		assert_int_equal(ord_retry_wanted(status), want);
	}
}

static void after(void **state)
{
	static const struct {
		const char *text;
		int64_t now, seconds;
	} table[] = {
		{"0", 0, 0},
		{"120", 0, 120},
		{"99999999999999999999", 0, 999999999},
		{"", 0, -1},
		{"soon", 0, -1},
		{"-5", 0, -1},
		{"1.5", 0, -1},
		{"1e9", 0, -1},
		/* RFC 9110's example; the seconds of 1994-11-06 08:49:37 UTC are 784111777. */
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 30, 30},
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777 + 30, 0},
		{"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 - 1, 1},
		{"Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 - 1, 1},
		{"Sun, 06 Nov 1994 08:49:37 CET", 0, -1},
		{"Sun, 06 Abc 1994 08:49:37 GMT", 0, -1},
		{"Sun, 06 anF 1994 08:49:37 GMT", 0, -1},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int64_t ns = ord_retry_after_ns(table[i].text, table[i].now);

		assert_int_equal(ns, table[i].seconds < 0 ? -1 : table[i].seconds * (int64_t)ORD_S);
	}
}

/* Between half and all of 0.5 s, 1 s, ... 8 s, and not always the same. */
static void backoff(void **state)
{
	struct ord_rng rng;

	ord_rng_init(&rng, 1);
	for (unsigned n = 1; n < 40; n++) {
		uint64_t most = 500 * ORD_MS << (n < 5 ? n - 1 : 4), least = UINT64_MAX, top = 0;

		for (int i = 0; i < 200; i++) {
			uint64_t wait = ord_retry_backoff_ns(n, &rng);

			assert_true(wait >= most / 2 && wait <= most);
			least = wait < least ? wait : least;
			top = wait > top ? wait : top;
		}
		assert_true(top - least > most / 4);
	}
}

static void urls(void **state)
{
	static const struct {
		const char *text, *url; /* NULL: refused */
	} table[] = {
		{"otlp=http://h:4318", "http://h:4318/v1/traces"},
		{"otlp=http://h:4318/", "http://h:4318/v1/traces"},
		{"otlp=http://h/otlp//", "http://h/otlp/v1/traces"},
		{"otlp=https://h/v1/traces", "https://h/v1/traces"},
		{"otlp=http://h?a=b", "http://h/v1/traces?a=b"},
		{"grafana=HTTP://h/g", "HTTP://h/g/api/annotations"},
		{"cloudevents=http://h/x?y=@", "http://h/x?y=@"},
		{"cloudevents=http://[::1]:80/", "http://[::1]:80/"},
		{"otlp=h:4318", NULL},
		{"otlp=http://u:p@h", NULL},
		{"otlp=http://u@h/", NULL},
		{"otlp=file:///etc/passwd", NULL},
		{"otlp", NULL},
		{"", NULL},
		{"otl=http://h", NULL},
		{"otlpx=http://h", NULL},
		{"otlp=http://h/\n", NULL},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char url[ORD_URL_MAX];
		enum ord_sink sink;
		struct ord_err err = {0};
		int r = ord_sink_parse(table[i].text, &sink, url, &err);

		assert_int_equal(r, table[i].url ? 0 : -1);
		if (r)
			assert_int_equal(err.code, ORD_USAGE);
		else
			assert_string_equal(url, table[i].url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which),
		cmocka_unit_test(after),
		cmocka_unit_test(backoff),
		cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
