/* What sch_netem and sch_tbf do exactly as fate.h says, and what they do not (ADR 0052, 0063). */
#include <math.h>
#include <string.h>

#include "fate_draw.h"
#include "netem_qdisc.h"

/* Whole nanoseconds a packet: with this rate, of 60 bytes, they are within 2 % of what they are. */
#define FASTEST	 1250000000ull
#define SMALLEST 34 /* bytes of an IPv4 packet that has a header alone, with that of Ethernet */

int netem_can(const struct fate_params *p, struct ord_err *err)
{
	const bool lossy = p->loss != FATE_LOSS_NONE, drawn = p->jitter_ns || p->reorder.ppm;
	const struct {
		bool asked;
		const char *what, *why;
	} all[] = {
		{p->delay_correlation_ppm || p->random_loss.correlation_ppm ||
			 p->duplicate.correlation_ppm || p->corrupt.correlation_ppm ||
			 p->reorder.correlation_ppm,
		 "correlation", "the share changes with it there"},
		{p->corrupt.ppm, "corruption",
		 "the bit may be one of the Ethernet header there, and is none of a stream's data"},
		{p->duplicate.ppm && (lossy || drawn),
		 "duplicates beside losses, jitter or reordering",
		 "a copy has draws of its own there, and one of two is lost"},
		{p->reorder_gap > 1 && lossy, "a gap beside losses",
		 "it does not count what is lost"},
		{p->rate && drawn, "a rate beside jitter or reordering",
		 "packets that overtake take no time of the link there"},
		{p->rate > FASTEST, "a rate above 10 Gbit/s",
		 "it counts whole nanoseconds a packet"},
		{p->packet_overhead < -SMALLEST, "such an overhead",
		 "packets of less than no bytes take years there"},
		{p->burst && (p->packet_overhead || p->cell_size),
		 "overhead or cells beside a burst", "tbf, which has the bucket, counts neither"},
		{p->burst > UINT32_MAX, "a burst above 4 GiB", "tbf, which has the bucket, wraps"},
		{p->burst && p->burst < p->rate / 1000, "a burst below 1 ms of the rate",
		 "tbf, which has the bucket, wakes up too late to use it up"},
		{p->slot_delay_ns, "slots of a distribution", "they are not handed to it"},
		{p->slot_max_ns && (p->delay_ns || p->rate || p->slot_packets || p->slot_bytes),
		 "slots beside a delay or a rate, or of so many packets or bytes",
		 "it opens them before packets are ready"},
		{p->slot_max_ns - p->slot_min_ns > INT32_MAX, "slots that differ by 2147 ms",
		 "its draw wraps there"},
	};

	for (size_t i = 0; i < ORD_COUNT(all); i++)
		if (all[i].asked)
			return ord_fail(err, ORD_USAGE, "engine netem does not take %s: %s",
					all[i].what, all[i].why);
	return 0;
}

/* ---- jitter ---- */

/* The next quantile of a normal variable above z >= 0, where 1 - Phi is q: Newton's method, which
 * comes from below there and never goes beyond. */
static double above(double z, double q)
{
	double step;

	do {
		step = (.5 * erfc(z * M_SQRT1_2) - q) * sqrt(2 * M_PI) * exp(z * z / 2);
		z += step;
	} while (step > 1e-12);
	return z;
}

static void quantiles(const struct fate *f, double ret[static FATE_TABLE_MAX])
{
	const size_t half = FATE_TABLE_MAX / 2;
	double z = 0;

	for (size_t i = 0; i < half; i++) {
		z = above(z, .5 - ((double)i + .5) / FATE_TABLE_MAX);
		ret[half + i] = fate_deviation(f, z);
		ret[half - 1 - i] = fate_deviation(f, -z);
	}
}

/* So that the largest entry is as large as can be: it is cut nowhere, and as fine as it gets. */
static int fill(const struct fate *f, double of[static FATE_TABLE_MAX], struct netem_ask *ret,
		struct ord_err *err)
{
	const double jitter = (double)f->p.jitter_ns;
	double top = fabs(of[0]);

	if (fabs(of[FATE_TABLE_MAX - 1]) > top)
		top = fabs(of[FATE_TABLE_MAX - 1]);
	ret->deviation_ns = (int64_t)ceil(jitter * top * FATE_SCALE / INT16_MAX);
	if (ret->deviation_ns > INT32_MAX)
		return ord_fail(err, ORD_USAGE,
				"engine netem does not take a jitter above %.0f ms of this "
				"distribution: its draw wraps there",
				floor((double)INT32_MAX * INT16_MAX / FATE_SCALE / top / 1e6));
	for (size_t i = 0; i < FATE_TABLE_MAX; i++)
		ret->table[i] =
			(int16_t)lround(of[i] * jitter * FATE_SCALE / (double)ret->deviation_ns);
	ret->table_n = FATE_TABLE_MAX;
	return 0;
}

int netem_table(const struct fate *f, struct netem_ask *ret, struct ord_err *err)
{
	const struct fate_params *p = &f->p;
	double of[FATE_TABLE_MAX];

	ret->table_n = 0;
	ret->deviation_ns = (int64_t)p->jitter_ns;
	if (!p->jitter_ns)
		return 0;
	if (p->distribution != FATE_TABLE) {
		quantiles(f, of);
		return fill(f, of, ret, err);
	}
	if (p->jitter_ns > INT32_MAX)
		return ord_fail(err, ORD_USAGE,
				"engine netem does not take a jitter above 2147 ms: its draw wraps "
				"there");
	memcpy(ret->table, p->table, p->table_n * sizeof *p->table);
	ret->table_n = p->table_n;
	return 0;
}
