/* RFC 3339, as API servers, Prometheus and Alertmanager write it. */
#include <stdbool.h>

#include "base/clock.h"

/* Howard Hinnant's days_from_civil. */
int64_t ord_days(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era, of_year;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* n digits, no more and no less. */
static bool number(const char **at, unsigned n, int64_t *ret)
{
	int64_t v = 0;

	for (; n; n--, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		v = v * 10 + (**at - '0');
	}
	*ret = v;
	return true;
}

static bool fraction(const char **at, int64_t *ret_ns)
{
	int64_t ns = 0, unit = (int64_t)ORD_S / 10;

	if (**at != '.' && **at != ',')
		return true;
	(*at)++;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		ns += (**at - '0') * unit;
	*ret_ns = ns;
	return true;
}

static bool zone(const char **at, int64_t *ret_s)
{
	int64_t h, m;
	bool west;

	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		return true;
	}
	if (**at != '+' && **at != '-')
		return false;
	west = *(*at)++ == '-';
	if (!number(at, 2, &h) || *(*at)++ != ':' || !number(at, 2, &m) || h > 23 || m > 59)
		return false;
	*ret_s = (h * 3600 + m * 60) * (west ? -1 : 1);
	return true;
}

static bool month_has(int64_t y, int64_t m, int64_t d)
{
	static const int64_t of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

	return m >= 1 && m <= 12 && d >= 1 && d <= of[m - 1] + (leap && m == 2);
}

int ord_parse_utc(const char *text, int64_t *ret_ns)
{
	int64_t y, mo, d, h, mi, s, ns = 0, off = 0;
	const char *at = text;

	if (!text || !number(&at, 4, &y) || *at++ != '-' || !number(&at, 2, &mo) || *at++ != '-' ||
	    !number(&at, 2, &d) || (*at != 'T' && *at != 't') || !month_has(y, mo, d))
		return -1;
	at++;
	if (!number(&at, 2, &h) || *at++ != ':' || !number(&at, 2, &mi) || *at++ != ':' ||
	    !number(&at, 2, &s) || h > 23 || mi > 59 || s > 60 || !fraction(&at, &ns) ||
	    !zone(&at, &off) || *at)
		return -1;
	if (y < 1678 || y > 2261) /* what 64 bits of ns hold */
		return -1;
	*ret_ns = (ord_days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - off) * (int64_t)ORD_S + ns;
	return 0;
}
