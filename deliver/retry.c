#include "deliver/retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/rng.h"

#define FIRST_NS (500 * ORD_MS)
#define MOST_NS	 (8 * ORD_S)

bool ord_retry_wanted(long status)
{
	return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT": the form that is to be written. -1: it is none. */
static int64_t http_date(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int d, y, h, min, s, end = 0;
	struct ord_date date;
	const char *at;
	char month[4];

	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &d, month, &y, &h,
		   &min, &s, &end) != 6 ||
	    !end || text[end])
		return -1;
	at = strstr(months, month);
	if (!at || (at - months) % 3 || strlen(month) != 3)
		return -1;
	date = (struct ord_date){y, (uint8_t)((at - months) / 3 + 1), (uint8_t)d};
	return ord_days_of(date) * ORD_DAY_S + h * 3600 + min * 60 + s;
}

int64_t ord_retry_after_ns(const char *text, int64_t now_s)
{
	size_t digits = strspn(text, "0123456789");
	int64_t s;

	if (digits && !text[digits])
		s = digits > 9 ? 999999999 : strtoll(text, NULL, 10);
	else if ((s = http_date(text)) >= 0)
		s = s > now_s ? s - now_s : 0;
	return s < 0 ? -1 : s * (int64_t)ORD_S;
}

uint64_t ord_retry_backoff_ns(unsigned n, struct ord_rng *rng)
{
	uint64_t wait = FIRST_NS;

	for (; n > 1 && wait < MOST_NS; n--)
		wait *= 2;
	return wait / 2 + ord_rng_below(rng, wait / 2 + 1);
}
