/* Cron expressions, counted. */
#ifndef ORDEAL_CALENDAR_CRON_H
#define ORDEAL_CALENDAR_CRON_H

#include "ordeal/calendar.h"

/* Whether it comes on a day, in days since 1970. */
bool cron_on(const struct ord_cron *cron, int64_t day);
/* How many days of [from, to) it comes on. */
uint64_t cron_days_count(const struct ord_cron *cron, int64_t from, int64_t to);
/* How often it comes in the first `seconds` of such a day. */
uint64_t cron_times(const struct ord_cron *cron, uint32_t seconds);

#endif
