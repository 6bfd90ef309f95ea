/* What a time zone is inside: its changes, in order. */
#ifndef ORDEAL_CALENDAR_ZONE_H
#define ORDEAL_CALENDAR_ZONE_H

#include "ordeal/calendar.h"

/* The years in which a rule is told as changes. */
#define ZONE_YEAR_FIRST 1970
#define ZONE_YEAR_LAST	2200

struct zone_change {
	int64_t utc_s;	  /* from here on ... */
	int32_t offset_s; /* ... local time is this much ahead */
};

struct ord_zone {
	int32_t first_s;	     /* the offset before the first change */
	struct zone_change *changes; /* owned; ascending */
	size_t n, room;
};

/* Adds a change; one that changes nothing is left out. */
int zone_add(struct ord_zone *zone, int64_t utc_s, int32_t offset_s, struct ord_err *err);
/* How many changes are at or before the instant. */
size_t zone_changes_until(const struct ord_zone *zone, int64_t utc_s);
/* tzif.c: a compiled file of the database; zone is empty before, and owned by the caller. */
int tzif_read(const unsigned char *data, size_t size, struct ord_zone *zone, struct ord_err *err);
/* rule.c: the changes after the last one that `text` tells, "CET-1CEST,M3.5.0,M10.5.0/3". */
int rule_extend(const char *text, struct ord_zone *zone, struct ord_err *err);

#endif
