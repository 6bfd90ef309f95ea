/* How often Prometheus's configuration scrapes each job. Pure. */
#ifndef ORDEAL_MONITOR_SCRAPES_H
#define ORDEAL_MONITOR_SCRAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct mon_scrape {
	char *job; /* owned */
	uint64_t interval_ns;
};

struct mon_scrapes {
	size_t n;
	struct mon_scrape *v; /* owned */
	/* It has jobs in further files, whose contents Prometheus does not tell. */
	bool more;
};

/* The text of `yaml` of /api/v1/status/config. */
int mon_scrapes_parse(const char *yaml, size_t size, struct mon_scrapes *ret, struct ord_err *err);
void mon_scrapes_done(struct mon_scrapes *s);

#endif
