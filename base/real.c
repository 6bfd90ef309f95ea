#include "base/real.h"

#include <locale.h>
#include <math.h>
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
