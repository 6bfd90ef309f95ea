#include "base/real.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ord_parse_real(const char *text, double *ret)
{
	/* Of "C" glibc hands out the one it has: nothing to free. */
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	char *end;
	double v;

	/* strtod() would also take blanks, hexadecimal, "inf" and "nan". */
	if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
		return false;
	v = strtod_l(text, &end, c);
	if (*end || !isfinite(v))
		return false;
	*ret = v;
	return true;
}

/* "1e-07" is "1e-7". */
static void shorten_exponent(char *text)
{
	char *e = strchr(text, 'e'), *digits;

	if (!e)
		return;
	e += e[1] == '-' ? 2 : 1;
	digits = e + (*e == '+');
	digits += strspn(digits, "0");
	memmove(e, digits, strlen(digits) + 1);
}

char *ord_format_real(double v, char out[static ORD_REAL])
{
	locale_t before = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));

	/* DBL_DIG digits survive the way to a double and back; 17 survive the other way round. */
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(out, ORD_REAL, "%.*g", digits, v);
		if (strtod(out, NULL) == v)
			break;
	}
	(void)uselocale(before);
	shorten_exponent(out);
	if (!strpbrk(out, ".e"))
		(void)strncat(out, ".0", ORD_REAL - strlen(out) - 1);
	return out;
}
