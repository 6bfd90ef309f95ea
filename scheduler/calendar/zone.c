/* Local time and UTC. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/calendar/zone.h"

#define TIME_MAX (1ll << 60)  /* changes begin at -2^59 (RFC 9636, 3.2) */
#define FILE_MAX (256u << 10) /* the longest of the database have 4 KiB */

/* The offset in the span before the i-th change. */
static int32_t offset_before(const struct ord_zone *zone, size_t i)
{
	return i ? zone->changes[i - 1].offset_s : zone->first_s;
}

int zone_add(struct ord_zone *zone, int64_t utc_s, int32_t offset_s, struct ord_err *err)
{
	int32_t before = offset_before(zone, zone->n);
	struct zone_change *more;

	if (utc_s < -TIME_MAX || utc_s > TIME_MAX)
		return ord_fail(err, ORD_USAGE, "a change is out of range");
	/* In order by what clocks show as well: ord_zone_utc() rests on it. */
	if (zone->n &&
	    (utc_s <= zone->changes[zone->n - 1].utc_s ||
	     utc_s + before <= zone->changes[zone->n - 1].utc_s + offset_before(zone, zone->n - 1)))
		return ord_fail(err, ORD_USAGE, "its changes are not in order");
	if (offset_s == before)
		return 0;
	if (zone->n == zone->room) {
		size_t room = zone->room ? 2 * zone->room : 64;

		more = realloc(zone->changes, room * sizeof *more);
		if (!more)
			return ord_fail_nomem(err);
		zone->changes = more;
		zone->room = room;
	}
	zone->changes[zone->n++] = (struct zone_change){utc_s, offset_s};
	return 0;
}

void ord_zone_close(struct ord_zone *zone)
{
	if (zone)
		free(zone->changes);
	free(zone);
}

bool ord_zone_named(const char *name)
{
	if (!isalpha((unsigned char)*name) || strlen(name) >= ORD_ZONE_MAX)
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_+-/", *p))
			return false;
	return true;
}

/* "berlin" or "europe/berlin" of "Europe/Berlin". */
static bool is_meant(const char *zone, const char *name)
{
	const char *city = strrchr(zone, '/');

	return !strcasecmp(zone, name) || (city && !strcasecmp(city + 1, name));
}

/* The zones of the world stand in zone.tab: lines of COUNTRY, PLACE, NAME. */
static int unknown(const char *dir, const char *name, struct ord_err *err)
{
	char path[4096], *save = NULL;
	ord_autofree char *text = NULL;

	(void)snprintf(path, sizeof path, "%s/zone.tab", dir);
	if (!ord_file_read(path, FILE_MAX, &text, NULL, NULL))
		for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			char *zone = *l == '#' ? NULL : strchr(l, '\t');

			zone = zone ? strchr(zone + 1, '\t') : NULL;
			if (!zone)
				continue;
			zone[1 + strcspn(zone + 1, "\t")] = '\0';
			if (is_meant(zone + 1, name))
				return ord_fail(err, ORD_USAGE,
						"there is no time zone '%s'; did you mean '%.64s'?",
						name, zone + 1);
		}
	return ord_fail(err, ORD_USAGE,
			"there is no time zone '%s'; names are as in 'Europe/Berlin', "
			"'America/New_York' or 'UTC'",
			name);
}

static int read_file(const char *name, char **ret, size_t *ret_size, struct ord_err *err)
{
	const char *set = getenv("TZDIR"), *dir = set && *set ? set : "/usr/share/zoneinfo";
	char path[4096];

	if (access(dir, R_OK | X_OK))
		return ord_fail(err, ORD_SKIP,
				"the time zones are not on this machine (%s); install 'tzdata', or "
				"write 'timezone: UTC'",
				dir);
	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return ord_fail(err, ORD_USAGE, "TZDIR is too long");
	if (access(path, R_OK))
		return unknown(dir, name, err);
	return ord_file_read(path, FILE_MAX, ret, ret_size, err);
}

int ord_zone_open(const char *name, struct ord_zone **ret, struct ord_err *err)
{
	struct ord_zone *zone = calloc(1, sizeof *zone);
	ord_autofree char *data = NULL;
	size_t size = 0;

	if (!zone)
		return ord_fail_nomem(err);
	if (strcmp(name, "UTC") != 0) {
		if (!ord_zone_named(name)) {
			(void)ord_fail(err, ORD_USAGE,
				       "'%.64s' is not the name of a time zone; write it as in "
				       "'Europe/Berlin'",
				       name);
			goto fail;
		}
		if (read_file(name, &data, &size, err))
			goto fail;
		if (tzif_read((unsigned char *)data, size, zone, err)) {
			(void)ord_wrap(err, "time zone %s", name);
			goto fail;
		}
	}
	*ret = zone;
	return 0;
fail:
	ord_zone_close(zone);
	return -1;
}

size_t zone_changes_until(const struct ord_zone *zone, int64_t utc_s)
{
	size_t lo = 0, hi = zone->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (zone->changes[mid].utc_s <= utc_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int32_t ord_zone_offset(const struct ord_zone *zone, int64_t utc_s)
{
	return offset_before(zone, zone_changes_until(zone, utc_s));
}

/*
 * Between two changes lies a span with one offset, which shows the local times [begin, end). The
 * first span that ends after a local time either shows it, first if others do too, or begins after
 * it: then nothing shows it. Ends ascend: zone_add() refuses what does not.
 */
int64_t ord_zone_utc(const struct ord_zone *zone, int64_t local_s, enum ord_local *ret_kind)
{
	size_t lo = 0, hi = zone->n;
	enum ord_local kind = ORD_LOCAL_ONCE;
	int64_t utc_s;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (zone->changes[mid].utc_s + offset_before(zone, mid) > local_s)
			hi = mid;
		else
			lo = mid + 1;
	}
	utc_s = local_s - offset_before(zone, lo);
	if (lo && utc_s < zone->changes[lo - 1].utc_s) {
		utc_s = zone->changes[lo - 1].utc_s;
		kind = ORD_LOCAL_NEVER;
	} else if (lo < zone->n &&
		   local_s >= zone->changes[lo].utc_s + zone->changes[lo].offset_s) {
		kind = ORD_LOCAL_TWICE;
	}
	if (ret_kind)
		*ret_kind = kind;
	return utc_s;
}

int64_t ord_zone_passed(const struct ord_zone *zone, int64_t utc_s)
{
	size_t i = zone_changes_until(zone, utc_s);
	int64_t local_s = utc_s + offset_before(zone, i), before;

	/* Clocks were put back: what they show again has passed. */
	before = i ? zone->changes[i - 1].utc_s + offset_before(zone, i - 1) - 1 : local_s;
	return local_s > before ? local_s : before;
}
