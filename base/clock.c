#include "base/clock.h"

#include <stdio.h>

void ord_format_utc(uint64_t wall_ns, char out[static 32])
{
	time_t s = (time_t)(wall_ns / ORD_S);
	struct tm tm;
	char date[24] = "";

	if (gmtime_r(&s, &tm))
		(void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, 32, "%s.%03uZ", date, (unsigned)(wall_ns % ORD_S / ORD_MS));
}
