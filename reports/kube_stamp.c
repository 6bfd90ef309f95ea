/* An instant from its evidence: the arrival by watch, the object's own stamp of one second, and how
 * far the API server's clock is off. */
#include "reports/kube.h"

#include <time.h>

#include "base/clock.h"

/* RFC 3339 in UTC; *ret_ns since 1970, *ret_res its resolution. */
static bool read_stamp(const char *text, int64_t *ret_ns, int64_t *ret_res)
{
	struct tm tm = {0};
	const char *p = *text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t ns, digit = (int64_t)ORD_S;

	if (!p)
		return false;
	ns = (int64_t)timegm(&tm) * (int64_t)ORD_S;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && digit > 1; p++) {
			digit /= 10;
			ns += (*p - '0') * digit;
		}
	*ret_ns = ns;
	*ret_res = digit;
	return *p == 'Z';
}

/* When, on the run's clock, the API server's clock (or a node's, taken to be right) showed it. */
static bool stamp_of(const struct ord_timeline *t, const json_t *j, int64_t *lo, int64_t *hi)
{
	const json_t *offset = json_object_get(j, "offset_ns");
	int64_t ns, res;

	if (json_array_size(offset) != 2 || !read_stamp(ord_member_text(j, "stamp", ""), &ns, &res))
		return false;
	*lo = ns - t->wall_ns - (int64_t)json_integer_value(json_array_get(offset, 1));
	*hi = ns + res - t->wall_ns - (int64_t)json_integer_value(json_array_get(offset, 0));
	return *lo <= *hi;
}

/*
 * The arrival is the latest; a stamp may say that it was sooner, and says that it was not before.
 * Of a stamp by another clock than the API server's only the latter is taken, and one that cannot
 * be (after the arrival, or wholly before `lo`) is left out and remarked.
 */
struct ord_instant ord_kube_instant(const struct ord_timeline *t, const struct ord_event *e,
				    int64_t lo, uint32_t line_before, bool *ret_odd)
{
	int64_t at = ord_member_time(e->json, "at_t", e->t), from, to;
	bool server = !strcmp(ord_member_text(e->json, "clock", ""), "server");
	struct ord_instant in = {.known = true,
				 .lo = lo < at ? lo : at,
				 .hi = at,
				 .line = e->line,
				 .line_before = line_before};

	if (stamp_of(t, e->json, &from, &to)) {
		bool odd = from > at || to < in.lo;

		if (ret_odd && odd)
			*ret_odd = true;
		if (!odd && from > in.lo)
			in.lo = from;
		if (!odd && server && to < in.hi)
			in.hi = to;
	}
	in.value = in.hi;
	return in;
}
