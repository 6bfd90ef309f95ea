#include "base/cpus.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool number(const char **text, unsigned *ret)
{
	const char *p = *text;
	unsigned v = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v >= CPU_SETSIZE)
			return false;
	}
	*text = p;
	*ret = v;
	return true;
}

int ord_cpus_parse(const char *text, cpu_set_t *ret, struct ord_err *err)
{
	const char *p = text;
	cpu_set_t set;

	CPU_ZERO(&set);
	for (;; p++) {
		unsigned lo, hi;

		if (!number(&p, &lo))
			break;
		hi = lo;
		if (*p == '-' && (p++, !number(&p, &hi)))
			break;
		if (hi < lo || (*p && *p != ','))
			break;
		for (unsigned c = lo; c <= hi; c++)
			CPU_SET(c, &set);
		if (*p)
			continue;
		*ret = set;
		return 0;
	}
	return ord_fail(err, ORD_USAGE,
			"'%.40s' is not a list of CPUs; write it as '0-3,6', each below %d", text,
			CPU_SETSIZE);
}

char *ord_cpus_format(const cpu_set_t *set, char *out, size_t size)
{
	size_t have = 0;

	if (size)
		*out = '\0';
	for (unsigned c = 0; c < CPU_SETSIZE; c++) {
		unsigned last = c;
		int n;

		if (!CPU_ISSET(c, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		n = last > c
			    ? snprintf(out + have, size - have, "%s%u-%u", have ? "," : "", c, last)
			    : snprintf(out + have, size - have, "%s%u", have ? "," : "", c);
		if (n < 0 || (size_t)n >= size - have)
			break;
		have += (size_t)n;
		c = last;
	}
	return out;
}
