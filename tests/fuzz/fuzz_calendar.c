/*
 * Any bytes as a schedule's texts (first byte even) or as a compiled time zone (odd): refused with
 * a reason, or what follows from them is in order.
 */
#include <stdlib.h>
#include <string.h>

#include "scheduler/calendar/zone.h"

#define TEXT_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void texts(const char *text)
{
	struct ord_schedule s = {.kind = ORD_SCHEDULE_CRON};
	struct ord_pause pause;
	struct ord_err err = {0};
	struct ord_time time;
	int64_t local_s = 1795219200; /* 2026-11-21 */
	uint8_t weekdays;
	int32_t of_day;
	size_t at;

	if (ord_cron_parse(text, &s.cron, &at, &err))
		must(*err.msg && at <= strlen(text));
	else
		for (int i = 0; i < 3; i++) {
			int64_t next = ord_cron_next(&s.cron, local_s);

			must(next > local_s);
			local_s = next;
		}
	if (!ord_time_parse(text, &time, &err))
		must(time.s >= -86400 && time.s < 7290000000);
	if (!ord_pause_parse(text, &pause, &err))
		must(pause.is_yearly || pause.from_s < pause.to_s);
	if (!ord_weekdays_parse(text, &weekdays, &err))
		must(weekdays && weekdays < 128);
	if (!ord_day_time_parse(text, &of_day, &err))
		must(of_day >= 0 && of_day <= 86400);
	(void)ord_zone_named(text);
}

static void database(const uint8_t *data, size_t size)
{
	struct ord_zone *zone = calloc(1, sizeof *zone);
	unsigned char *copy = malloc(size ? size : 1);
	struct ord_err err = {0};

	must(zone && copy);
	if (size)
		memcpy(copy, data, size);
	if (tzif_read(copy, size, zone, &err)) {
		must(*err.msg);
	} else {
		for (size_t i = 0; i < zone->n; i++) {
			int64_t utc_s = zone->changes[i].utc_s, passed;

			must(!i || utc_s > zone->changes[i - 1].utc_s);
			passed = ord_zone_passed(zone, utc_s);
			must(ord_zone_utc(zone, passed, NULL) <= utc_s);
			must(ord_zone_utc(zone, passed + 1, NULL) > utc_s);
		}
	}
	free(copy);
	ord_zone_close(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX];

	if (!size)
		return 0;
	if (*data & 1) {
		database(data + 1, size - 1);
		return 0;
	}
	size = size - 1 < sizeof text ? size - 1 : sizeof text - 1;
	memcpy(text, data + 1, size);
	text[size] = '\0';
	texts(text);
	return 0;
}
