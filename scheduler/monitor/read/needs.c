#include "scheduler/monitor/read/needs.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "ordeal/plan.h"

#define DRIFT_PART 10000u /* two clocks that nobody steps may part by 1 in so many */
#define YEAR_S	   (365.0 * 86400)

/* The units in the order in which they may follow one another. */
static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{"y", 365 * 24 * 3600 * ORD_S},
	{"w", 7 * 24 * 3600 * ORD_S},
	{"d", 24 * 3600 * ORD_S},
	{"h", 3600 * ORD_S},
	{"m", 60 * ORD_S},
	{"s", ORD_S},
	{"ms", ORD_MS},
};
#define UNITS (sizeof units / sizeof *units)

static size_t unit_at(const char *p, size_t from)
{
	size_t n = strspn(p, "ywdhms");

	for (size_t i = from; i < UNITS; i++)
		if (strlen(units[i].name) == n && !strncmp(p, units[i].name, n))
			return i;
	return UNITS;
}

int mon_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t all = 0;
	size_t next = 0;

	if (!text || !*text)
		return -1;
	if (!strcmp(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	while (*text) {
		uint64_t v = 0;
		size_t digits = strspn(text, "0123456789"), unit;

		if (!digits || digits > 9)
			return -1;
		for (; digits; digits--)
			v = v * 10 + (uint64_t)(*text++ - '0');
		unit = unit_at(text, next);
		if (unit == UNITS || v > (UINT64_MAX / 4 - all) / units[unit].ns)
			return -1;
		all += v * units[unit].ns;
		text += strlen(units[unit].name);
		next = unit + 1;
	}
	*ret_ns = all;
	return 0;
}

uint64_t mon_seconds(double s)
{
	return s > 0 && s < 100 * YEAR_S ? (uint64_t)(s * 1e9 + 0.5) : 0;
}

struct mon_needs mon_needs_of(uint64_t scrape_ns, uint64_t evaluation_ns, uint64_t for_ns)
{
	uint64_t waits = evaluation_ns
				 ? (for_ns + evaluation_ns - 1) / evaluation_ns * evaluation_ns
				 : for_ns;

	return (struct mon_needs){.guaranteed_ns = scrape_ns + evaluation_ns + waits,
				  .impossible_ns = waits > scrape_ns ? waits - scrape_ns : 0};
}

enum mon_can mon_can_fire(const struct mon_needs *needs, uint64_t fault_ns)
{
	if (fault_ns >= needs->guaranteed_ns)
		return MON_CAN_YES;
	return fault_ns < needs->impossible_ns ? MON_CAN_NO : MON_CAN_PERHAPS;
}

const char *mon_can_name(enum mon_can can)
{
	static const char *const names[] = {
		[MON_CAN_YES] = "yes", [MON_CAN_PERHAPS] = "perhaps", [MON_CAN_NO] = "no"};

	return names[can];
}

uint64_t mon_fault_length(const struct ord_plan *plan)
{
	const struct ord_spec *spec = plan->spec;
	uint64_t from = UINT64_MAX, to = 0;

	for (size_t i = 0; i < spec->n_faults; i++) {
		const struct ord_fault_spec *f = &spec->faults[i];

		from = f->at_ns < from ? f->at_ns : from;
		to = f->at_ns + f->for_ns > to ? f->at_ns + f->for_ns : to;
	}
	return to > from ? to - from : 0;
}

bool mon_clock_seen(struct mon_clock *c, int64_t said_lo, int64_t said_hi, uint64_t sent_ns,
		    uint64_t done_ns, int64_t anchor_ns)
{
	int64_t lo = said_lo - ((int64_t)done_ns + anchor_ns);
	int64_t hi = said_hi - ((int64_t)sent_ns + anchor_ns);
	uint64_t rtt = done_ns - sent_ns;
	int64_t drift = (int64_t)((done_ns - c->at_ns) / DRIFT_PART);

	if (!c->known || lo > c->hi_ns + drift || hi < c->lo_ns - drift) {
		bool stepped = c->known;

		*c = (struct mon_clock){
			.known = true, .lo_ns = lo, .hi_ns = hi, .at_ns = done_ns, .rtt_ns = rtt};
		return stepped;
	}
	c->lo_ns = lo > c->lo_ns - drift ? lo : c->lo_ns - drift;
	c->hi_ns = hi < c->hi_ns + drift ? hi : c->hi_ns + drift;
	c->at_ns = done_ns;
	c->rtt_ns = rtt < c->rtt_ns ? rtt : c->rtt_ns;
	return false;
}
