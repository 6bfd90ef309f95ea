/* Compiled time zones (RFC 9636): a header and data with 32-bit times, which is stepped over, then
 * the same with 64-bit times, then the rule for what comes after. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/calendar/zone.h"

#define HEADER_SIZE 44
#define TYPE_SIZE   6
#define RULE_MAX    128
#define OFFSET_MAX  (26 * 3600) /* RFC 9636, 3.2 */

struct header {
	char version;
	uint32_t isutc, isstd, leap, time, type, letters;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static int damaged(struct ord_err *err)
{
	return ord_fail(err, ORD_USAGE, "its file in the time zone database is damaged");
}

static int header_read(const unsigned char *p, size_t size, struct header *ret, struct ord_err *err)
{
	if (size < HEADER_SIZE || memcmp(p, "TZif", 4) != 0)
		return damaged(err);
	*ret = (struct header){(char)p[4],   be32(p + 20), be32(p + 24), be32(p + 28),
			       be32(p + 32), be32(p + 36), be32(p + 40)};
	if (ret->version < '2')
		return ord_fail(err, ORD_USAGE,
				"its file is of the first format, which ends in 2037; install a "
				"newer 'tzdata'");
	/* Counts as in RFC 9636, 3.1; the bounds keep their products small. */
	if (!ret->type || ret->type > 256 || ret->time > 10000 || ret->leap > 1000 ||
	    ret->letters > 10000 || ret->isutc > 256 || ret->isstd > 256)
		return damaged(err);
	return 0;
}

static size_t data_size(const struct header *h, size_t time_size)
{
	return h->time * (time_size + 1) + h->type * TYPE_SIZE + h->letters +
	       h->leap * (time_size + 4) + h->isstd + h->isutc;
}

static int offset_of(const unsigned char *types, const struct header *h, unsigned type,
		     int32_t *ret, struct ord_err *err)
{
	int32_t offset;

	if (type >= h->type)
		return damaged(err);
	offset = (int32_t)be32(types + (size_t)type * TYPE_SIZE);
	if (offset < -OFFSET_MAX || offset > OFFSET_MAX)
		return damaged(err);
	*ret = offset;
	return 0;
}

static int changes_read(const unsigned char *p, const struct header *h, struct ord_zone *zone,
			struct ord_err *err)
{
	const unsigned char *index = p + (size_t)h->time * 8, *types = index + h->time;
	int32_t offset = 0;

	if (h->leap)
		return ord_fail(
			err, ORD_USAGE,
			"its file counts leap seconds ('right/'), which no clock here does");
	if (offset_of(types, h, 0, &zone->first_s, err))
		return -1;
	for (size_t i = 0; i < h->time; i++)
		if (offset_of(types, h, index[i], &offset, err) ||
		    zone_add(zone, be64(p + i * 8), offset, err))
			return -1;
	return 0;
}

/* "\nRULE\n" to the end. */
static int footer_read(const unsigned char *p, size_t size, struct ord_zone *zone,
		       struct ord_err *err)
{
	const unsigned char *end = size > 1 ? memchr(p + 1, '\n', size - 1) : NULL;
	char rule[RULE_MAX];
	size_t n;

	if (!end || *p != '\n' || (n = (size_t)(end - p) - 1) >= sizeof rule)
		return damaged(err);
	memcpy(rule, p + 1, n);
	rule[n] = '\0';
	return n ? rule_extend(rule, zone, err) : 0;
}

int tzif_read(const unsigned char *data, size_t size, struct ord_zone *zone, struct ord_err *err)
{
	struct header h;
	size_t n;

	if (header_read(data, size, &h, err))
		return -1;
	n = HEADER_SIZE + data_size(&h, 4);
	if (n > size || header_read(data + n, size - n, &h, err))
		return n > size ? damaged(err) : -1;
	data += n + HEADER_SIZE;
	size -= n + HEADER_SIZE;
	n = data_size(&h, 8);
	if (n >= size)
		return damaged(err);
	if (changes_read(data, &h, zone, err))
		return -1;
	return footer_read(data + n, size - n, zone, err);
}
