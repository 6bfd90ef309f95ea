/* Any text as a server's configuration: intervals above 0, jobs with names, and a route of some
 * length. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "scheduler/monitor/read/route.h"
#include "scheduler/monitor/read/scrapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void routes(const char *text, size_t size)
{
	json_t *labels = json_pack("{s:s, s:s}", "alertname", "SlowOrders", "severity", "page");
	struct mon_routes *r = NULL;
	struct ord_err err = {0};
	struct mon_route found;

	if (labels && !mon_routes_parse(text, size, &r, &err)) {
		for (int all = 0; all < 2; all++) {
			found = mon_routes_find(r, labels, all);
			if (!memchr(found.receiver, 0, sizeof found.receiver))
				abort();
		}
		mon_routes_free(r);
	}
	json_decref(labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_err err = {0};
	struct mon_scrapes s;

	routes((const char *)data, size);
	if (mon_scrapes_parse((const char *)data, size, &s, &err))
		return 0;
	for (size_t i = 0; i < s.n; i++)
		if (!s.v[i].job || !s.v[i].interval_ns)
			abort();
	mon_scrapes_done(&s);
	return 0;
}
