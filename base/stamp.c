/* RFC 3339, as API servers, Prometheus and Alertmanager write it. */
#include <stdbool.h>

#include "base/civil.h"
#include "base/clock.h"

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

int ord_parse_utc(const char *text, int64_t *ret_ns)
{
	int64_t y, mo, d, h, mi, s, ns = 0, off = 0;
	struct ord_date date;
	const char *at = text;

	if (!text || !number(&at, 4, &y) || *at++ != '-' || !number(&at, 2, &mo) || *at++ != '-' ||
	    !number(&at, 2, &d) || (*at != 'T' && *at != 't') || mo < 1 || mo > 12 || d < 1 ||
	    d > ord_month_days((int32_t)y, (unsigned)mo))
		return -1;
	at++;
	if (!number(&at, 2, &h) || *at++ != ':' || !number(&at, 2, &mi) || *at++ != ':' ||
	    !number(&at, 2, &s) || h > 23 || mi > 59 || s > 60 || !fraction(&at, &ns) ||
	    !zone(&at, &off) || *at)
		return -1;
	if (y < 1678 || y > 2261) /* what 64 bits of ns hold */
		return -1;
	date = (struct ord_date){(int32_t)y, (uint8_t)mo, (uint8_t)d};
	*ret_ns = (ord_days_of(date) * ORD_DAY_S + h * 3600 + mi * 60 + s - off) * (int64_t)ORD_S +
		  ns;
	return 0;
}
