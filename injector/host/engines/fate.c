#include "fate.h"

#include "base/units.h"
#include "fate_draw.h"

#define ONE ORD_PPM

/* ---- parameters ---- */

static int check_share(const struct fate_share *s, const char *name, struct ord_err *err)
{
	if (s->ppm > ONE)
		return ord_fail(err, ORD_USAGE, "%s: %u ppm are more than all packets", name,
				s->ppm);
	if (s->correlation_ppm >= ONE)
		return ord_fail(
			err, ORD_USAGE,
			"%s: with a correlation of 100 %% the first packet would decide for "
			"all; it must be less",
			name);
	if (s->correlation_ppm && !s->ppm)
		return ord_fail(err, ORD_USAGE, "%s: a correlation needs a share", name);
	return 0;
}

static int check_chances(const uint32_t *ppm, const char *const *names, size_t n,
			 struct ord_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (ppm[i] > ONE)
			return ord_fail(err, ORD_USAGE, "loss: %s is %u ppm, more than 100 %%",
					names[i], ppm[i]);
	return 0;
}

static int check_loss(const struct fate_params *p, struct ord_err *err)
{
	static const char *const states[] = {"p13", "p31", "p32", "p23", "p14"},
				 *const gilbert[] = {"p", "r", "1-h", "1-k"};
	const uint32_t s[] = {p->p13, p->p31, p->p32, p->p23, p->p14},
		       g[] = {p->p, p->r, p->one_minus_h, p->one_minus_k};

	switch (p->loss) {
	case FATE_LOSS_NONE:
		return p->ecn ? ord_fail(err, ORD_USAGE,
					 "ecn marks what would be lost: it needs a loss")
			      : 0;
	case FATE_LOSS_RANDOM:
		return check_share(&p->random_loss, "loss", err);
	case FATE_LOSS_MARKOV:
		if (check_chances(s, states, 5, err) < 0)
			return -1;
		if (p->p13 + p->p14 > ONE)
			return ord_fail(
				err, ORD_USAGE,
				"loss: p13 and p14 both leave state 1: together at most 100 %%");
		if (p->p31 + p->p32 > ONE)
			return ord_fail(
				err, ORD_USAGE,
				"loss: p31 and p32 both leave state 3: together at most 100 %%");
		return 0;
	case FATE_LOSS_GILBERT:
		return check_chances(g, gilbert, 4, err);
	}
	return ord_fail(err, ORD_USAGE, "loss: no model %d", (int)p->loss);
}

static int check_distribution(const char *of, enum fate_distribution d, uint64_t jitter_ns,
			      bool table, struct ord_err *err)
{
	if (d != FATE_UNIFORM && !jitter_ns)
		return ord_fail(err, ORD_USAGE, "%s: a distribution needs a jitter", of);
	if ((unsigned)d > FATE_TABLE)
		return ord_fail(err, ORD_USAGE, "%s: no distribution %d", of, (int)d);
	if (d == FATE_TABLE && !table)
		return ord_fail(err, ORD_USAGE, "%s: the distribution's table is empty", of);
	return 0;
}

static int check_slot(const struct fate_params *p, struct ord_err *err)
{
	if (p->slot_max_ns > INT64_MAX / 2 || p->slot_delay_ns > INT64_MAX / 2)
		return ord_fail(err, ORD_USAGE, "slot: longer than time is counted");
	if (p->slot_min_ns > p->slot_max_ns)
		return ord_fail(err, ORD_USAGE, "slot: its least delay is above the largest");
	if (p->slot_max_ns && p->slot_delay_ns)
		return ord_fail(err, ORD_USAGE,
				"slot: it has either a least and a largest delay, or one with a "
				"jitter");
	if (p->slot_jitter_ns > p->slot_delay_ns)
		return ord_fail(err, ORD_USAGE, "slot: its jitter is more than its delay");
	if ((p->slot_packets || p->slot_bytes) && !fate_has_slots(p))
		return ord_fail(err, ORD_USAGE, "slot: packets or bytes of it need its delay");
	return check_distribution("slot", p->slot_distribution, p->slot_jitter_ns,
				  p->slot_table && p->slot_table_n, err);
}

static int check_delay(const struct fate_params *p, struct ord_err *err)
{
	if (p->delay_ns > INT64_MAX / 2)
		return ord_fail(err, ORD_USAGE, "delay: longer than time is counted");
	if (p->jitter_ns > p->delay_ns)
		return ord_fail(
			err, ORD_USAGE,
			"jitter: more than the delay, packets would leave before they came");
	if (!p->jitter_ns && p->delay_correlation_ppm)
		return ord_fail(err, ORD_USAGE, "delay: a correlation needs a jitter");
	if (p->delay_correlation_ppm >= ONE)
		return ord_fail(err, ORD_USAGE,
				"delay: with a correlation of 100 %% the first packet would decide "
				"for all; it must be less");
	if (check_distribution("delay", p->distribution, p->jitter_ns, p->table && p->table_n,
			       err) < 0)
		return -1;
	if ((p->reorder.ppm || p->reorder_gap > 1) && !p->delay_ns)
		return ord_fail(
			err, ORD_USAGE,
			"reorder: packets overtake others that are delayed: it needs a delay");
	if (p->reorder_gap > 1 && !p->reorder.ppm)
		return ord_fail(err, ORD_USAGE, "reorder: a gap needs a share");
	return 0;
}

static int check_rate(const struct fate_params *p, struct ord_err *err)
{
	if (!p->rate && (p->packet_overhead || p->cell_size || p->cell_overhead || p->burst))
		return ord_fail(err, ORD_USAGE, "rate: overhead, cells and burst need a rate");
	if (p->cell_overhead && !p->cell_size)
		return ord_fail(err, ORD_USAGE, "rate: a cell's overhead needs its size");
	if (p->cell_size && (int64_t)p->cell_size + p->cell_overhead <= 0)
		return ord_fail(err, ORD_USAGE, "rate: with this overhead a cell has no bytes");
	if (p->burst > FATE_SIZE_MAX)
		return ord_fail(err, ORD_USAGE, "rate: a burst has at most 8 GiB");
	return 0;
}

static void take_keys(struct fate *f, uint32_t stream)
{
	for (unsigned e = 0; e < FATE_EFFECTS; e++)
		f->key[e] = fate_mix(f->p.seed ^
				     fate_mix(((uint64_t)stream << 32 | e) + 0x6f726465616cull));
}

int fate_init(struct fate *f, const struct fate_params *p, uint32_t stream, struct ord_err *err)
{
	if (check_delay(p, err) < 0 || check_slot(p, err) < 0 || check_loss(p, err) < 0 ||
	    check_share(&p->duplicate, "duplicate", err) < 0 ||
	    check_share(&p->corrupt, "corrupt", err) < 0 ||
	    check_share(&p->reorder, "reorder", err) < 0 || check_rate(p, err) < 0)
		return -1;
	*f = (struct fate){.p = *p};
	take_keys(f, stream);
	if (p->jitter_ns || p->slot_jitter_ns)
		fate_jitter_init(f);
	return 0;
}

void fate_for(const struct fate *first, uint32_t stream, struct fate *ret)
{
	*ret = *first;
	take_keys(ret, stream);
}

bool fate_by_packet(const struct fate *f)
{
	const struct fate_params *p = &f->p;

	return p->loss != FATE_LOSS_NONE || p->duplicate.ppm || p->corrupt.ppm || p->reorder.ppm ||
	       p->jitter_ns || p->rate || fate_has_slots(p);
}

/* ---- packets ---- */

/* With a gap only each gap-th packet after a reordered one may be reordered, and only these move
 * the chain: of them the share is kept. */
static bool reordered(struct fate *f, uint64_t k)
{
	const struct fate_params *p = &f->p;

	if (!p->reorder.ppm)
		return false;
	if (p->reorder_gap > 1 && f->in_order < p->reorder_gap - 1) {
		f->in_order++;
		return false;
	}
	if (!fate_share(f, &p->reorder, &f->reorder, FATE_BY_REORDER, k))
		return false;
	f->in_order = 0;
	return true;
}

void fate_draw(struct fate *f, bool ecn, struct fate_of *ret)
{
	const struct fate_params *p = &f->p;
	const uint64_t k = f->k++;
	const bool lost = fate_lost(f, k);
	struct fate_of of = {
		.k = k,
		.marked = lost && p->ecn && ecn,
		.corrupted = fate_share(f, &p->corrupt, &f->corrupt, FATE_BY_CORRUPT, k),
		.duplicated = fate_share(f, &p->duplicate, &f->duplicate, FATE_BY_DUPLICATE, k),
		.reordered = reordered(f, k),
		.jitter_ns = p->jitter_ns ? fate_jitter(f, k) : 0,
	};

	if (of.corrupted)
		of.corrupt_draw = (uint32_t)(fate_number(f, FATE_BY_BIT, k) >> 32);
	*ret = lost && !of.marked ? (struct fate_of){.k = k, .lost = true} : of;
}

uint64_t fate_due(struct fate *f, const struct fate_of *of, uint64_t now_ns, uint32_t len)
{
	const struct fate_params *p = &f->p;
	uint64_t at = p->rate ? fate_link(f, now_ns, len) : now_ns;
	int64_t way;

	/* Who overtakes is not delayed; the link's time it takes as others do. */
	if (!of->reordered) {
		way = (int64_t)p->delay_ns + of->jitter_ns;
		at += way > 0 ? (uint64_t)way : 0;
	}
	return fate_has_slots(p) ? fate_slot(f, of->k, at, len) : at;
}

void fate_next(struct fate *f, uint64_t now_ns, uint32_t len, bool ecn, struct fate_of *ret)
{
	fate_draw(f, ecn, ret);
	if (ret->lost)
		return;
	ret->due_ns = fate_due(f, ret, now_ns, len);
	if (ret->duplicated)
		ret->copy_due_ns = fate_due(f, ret, now_ns, len);
}
