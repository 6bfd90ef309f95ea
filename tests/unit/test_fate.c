/* The fate of packets: shares over a million of them, correlation by run lengths, that nothing but
 * seed, stream, effect and number decides, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "injector/host/engines/fate.h"
#include "tests/unit/fate_judge.h"

#define PACKETS 1000000
#define LEN	1514

static void init(struct fate *f, const struct fate_params *p, uint32_t stream)
{
	struct ord_err err;

	if (fate_init(f, p, stream, &err) < 0)
		fail_msg("%s", err.msg);
}

/* ---- shares ---- */

struct counts {
	size_t lost, duplicated, corrupted, reordered;
	struct judge_runs runs; /* of losses */
};

static struct counts count(const struct fate_params *p)
{
	struct counts c = {0};
	struct fate f;

	init(&f, p, 0);
	for (size_t k = 0; k < PACKETS; k++) {
		struct fate_of of;

		fate_draw(&f, false, &of);
		c.lost += of.lost;
		c.duplicated += of.duplicated;
		c.corrupted += of.corrupted;
		c.reordered += of.reordered;
		judge_runs_add(&c.runs, of.lost);
	}
	return c;
}

static void test_shares(void **state)
{
	static const uint32_t shares[] = {1, 100, 10000, 250000, 500000, 999000};

	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		const struct fate_params loss = {.seed = 11 + i,
						 .loss = FATE_LOSS_RANDOM,
						 .random_loss = {shares[i], 0}},
					 others = {.seed = 21 + i,
						   .delay_ns = ORD_MS,
						   .duplicate = {shares[i], 0},
						   .corrupt = {shares[i], 0},
						   .reorder = {shares[i], 0}};
		const struct counts l = count(&loss), o = count(&others);
		const double share = shares[i] / 1e6;

		print_message(
			"share %u ppm: %zu lost, %zu duplicated, %zu corrupted, %zu reordered\n",
			shares[i], l.lost, o.duplicated, o.corrupted, o.reordered);
		assert_true(judge_share(l.lost, PACKETS, share));
		assert_true(judge_share(o.duplicated, PACKETS, share));
		assert_true(judge_share(o.corrupted, PACKETS, share));
		assert_true(judge_share(o.reordered, PACKETS, share));
		/* The same judge refuses a share that is off by a fifth, where that is more than
		 * chance. */
		if (shares[i] >= 10000 && shares[i] <= 500000)
			assert_false(judge_share(l.lost, PACKETS, share * 1.2));
	}
}

static void test_none_and_all(void **state)
{
	const struct fate_params none = {.loss = FATE_LOSS_RANDOM, .random_loss = {0, 0}},
				 all = {.loss = FATE_LOSS_RANDOM, .random_loss = {1000000, 500000}},
				 others = {.delay_ns = 1,
					   .duplicate = {1000000, 0},
					   .corrupt = {1000000, 0},
					   .reorder = {1000000, 0}};
	const struct counts o = count(&others);

	assert_int_equal(count(&none).lost, 0);
	assert_int_equal(count(&all).lost, PACKETS);
	assert_int_equal(o.duplicated, PACKETS);
	assert_int_equal(o.corrupted, PACKETS);
	assert_int_equal(o.reordered, PACKETS);
}

/* The share stays what it was asked to be, runs end as the chain of two states says. */
static void test_correlated_shares(void **state)
{
	static const struct fate_share shares[] = {
		{10000, 250000}, {10000, 900000}, {300000, 500000}, {700000, 100000}};
	double law[JUDGE_RUNS];

	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		const struct fate_params params = {
			.seed = 31 + i, .loss = FATE_LOSS_RANDOM, .random_loss = shares[i]};
		const double p = shares[i].ppm / 1e6, c = shares[i].correlation_ppm / 1e6;
		const struct counts n = count(&params);
		/* Neighbours say the same: as much as so many that are independent. */
		const double worth = (1 - c) / (1 + c);

		print_message("share %g, correlation %g: %zu lost\n", p, c, n.lost);
		assert_true(judge_share((size_t)((double)n.lost * worth), (size_t)(PACKETS * worth),
					p));
		judge_geometric((1 - p) * (1 - c), law);
		assert_true(judge_chi2(n.runs.yes, law, JUDGE_RUNS) > JUDGE_ALPHA);
		judge_geometric((1 - p) * (1 - c) * 1.2, law); /* refused */
		assert_true(judge_chi2(n.runs.yes, law, JUDGE_RUNS) < JUDGE_ALPHA);
		judge_geometric(p * (1 - c), law);
		assert_true(judge_chi2(n.runs.no, law, JUDGE_RUNS) > JUDGE_ALPHA);
		judge_geometric(p * (1 - c) * 1.2, law);
		assert_true(judge_chi2(n.runs.no, law, JUDGE_RUNS) < JUDGE_ALPHA);
	}
}

/* After a reordered packet gap - 1 others keep their order; of the rest the share is kept. */
static void test_gap(void **state)
{
	const struct fate_params every = {.delay_ns = 1, .reorder = {1000000, 0}, .reorder_gap = 5},
				 some = {.seed = 41,
					 .delay_ns = 1,
					 .reorder = {250000, 400000},
					 .reorder_gap = 3};
	size_t candidates = 0, reordered = 0, since = 0;
	struct fate f;
	struct fate_of of;

	init(&f, &every, 0);
	for (size_t k = 0; k < 1000; k++) {
		fate_draw(&f, false, &of);
		assert_int_equal(of.reordered, k % 5 == 4);
	}
	init(&f, &some, 0);
	for (size_t k = 0; k < PACKETS; k++) {
		fate_draw(&f, false, &of);
		since++;
		if (since < 3)
			assert_false(of.reordered);
		else
			candidates++;
		reordered += of.reordered;
		since = of.reordered ? 0 : since;
	}
	assert_true(judge_share((size_t)((double)reordered * .6 / 1.4),
				(size_t)((double)candidates * .6 / 1.4), .25));
}

/* ---- what decides, and what does not ---- */

#define TRACE 20000

static const struct fate_params everything = {
	.seed = 7,
	.delay_ns = 10 * ORD_MS,
	.jitter_ns = 3 * ORD_MS,
	.delay_correlation_ppm = 250000,
	.distribution = FATE_NORMAL,
	.loss = FATE_LOSS_RANDOM,
	.random_loss = {30000, 250000},
	.duplicate = {20000, 100000},
	.corrupt = {10000, 0},
	.reorder = {50000, 500000},
	.reorder_gap = 2,
	.slot_min_ns = ORD_MS,
	.slot_max_ns = 2 * ORD_MS,
	.rate = 125000000,
};

static void trace(const struct fate_params *p, uint32_t stream, struct fate_of *ret)
{
	struct fate f;

	init(&f, p, stream);
	for (size_t k = 0; k < TRACE; k++) {
		memset(&ret[k], 0, sizeof ret[k]);
		fate_next(&f, k * 100 * ORD_US + ORD_S, LEN, false, &ret[k]);
	}
}

static void test_same_seed_same_fate(void **state)
{
	static struct fate_of a[TRACE], b[TRACE];
	struct fate_params p = everything;

	trace(&p, 0, a);
	trace(&p, 0, b);
	for (size_t k = 0; k < TRACE; k++) {
		assert_int_equal(a[k].lost, b[k].lost);
		assert_int_equal(a[k].corrupt_draw, b[k].corrupt_draw);
		assert_int_equal(a[k].due_ns, b[k].due_ns);
		assert_int_equal(a[k].copy_due_ns, b[k].copy_due_ns);
	}
}

/* How many packets are lost in both; two independent traces share loss^2 of all. */
static size_t common(const struct fate_of *a, const struct fate_of *b)
{
	size_t n = 0;

	for (size_t k = 0; k < TRACE; k++)
		n += a[k].lost && b[k].lost;
	return n;
}

static void test_other_seed_or_stream(void **state)
{
	static struct fate_of a[TRACE], b[TRACE];
	struct fate_params p = {.seed = 7, .loss = FATE_LOSS_RANDOM, .random_loss = {300000, 0}};

	trace(&p, 0, a);
	trace(&p, 1, b);
	assert_true(judge_share(common(a, b), TRACE, .09));
	p.seed = 8;
	trace(&p, 0, b);
	assert_true(judge_share(common(a, b), TRACE, .09));
	assert_false(judge_share(common(a, a), TRACE, .09));
}

/* Another source of the same fault is as one that was begun with its stream. */
static void test_another_source(void **state)
{
	struct fate first, other, begun;

	init(&first, &everything, 0);
	init(&begun, &everything, 3);
	fate_for(&first, 3, &other);
	for (size_t k = 0; k < TRACE; k++) {
		struct fate_of a, b;

		fate_next(&other, k * ORD_MS, LEN, false, &a);
		fate_next(&begun, k * ORD_MS, LEN, false, &b);
		assert_int_equal(a.lost, b.lost);
		assert_int_equal(a.due_ns, b.due_ns);
	}
}

/* Each effect off in turn: the others' packets stay the same ones, where those are not lost. */
static void test_effects_are_apart(void **state)
{
	static struct fate_of all[TRACE], less[TRACE];

	trace(&everything, 0, all);
	for (int off = 0; off < 7; off++) {
		struct fate_params p = everything;

		p.loss = off == 0 ? FATE_LOSS_NONE : p.loss;
		p.duplicate.ppm = off == 1 ? (p.duplicate.correlation_ppm = 0) : p.duplicate.ppm;
		p.corrupt.ppm = off == 2 ? 0 : p.corrupt.ppm;
		if (off == 3)
			p.reorder = (struct fate_share){0}, p.reorder_gap = 0;
		if (off == 4)
			p.jitter_ns = p.delay_correlation_ppm = 0, p.distribution = FATE_UNIFORM;
		p.slot_max_ns = off == 5 ? (p.slot_min_ns = 0) : p.slot_max_ns;
		p.rate = off == 6 ? 0 : p.rate;
		trace(&p, 0, less);
		for (size_t k = 0; k < TRACE; k++) {
			if (off != 0)
				assert_int_equal(all[k].lost, less[k].lost);
			if (all[k].lost)
				continue;
			assert_int_equal(less[k].duplicated, off != 1 && all[k].duplicated);
			assert_int_equal(less[k].corrupted, off != 2 && all[k].corrupted);
			assert_int_equal(less[k].reordered, off != 3 && all[k].reordered);
			assert_int_equal(less[k].jitter_ns, off != 4 ? all[k].jitter_ns : 0);
			if (all[k].corrupted && off != 2)
				assert_int_equal(all[k].corrupt_draw, less[k].corrupt_draw);
		}
	}
}

/* One effect's draws say nothing of another's. */
static void test_effects_are_independent(void **state)
{
	const struct fate_params p = {.seed = 51,
				      .delay_ns = 1,
				      .duplicate = {300000, 0},
				      .corrupt = {300000, 0},
				      .reorder = {300000, 0}};
	size_t dc = 0, dr = 0, cr = 0;
	struct fate f;
	struct fate_of of;

	init(&f, &p, 0);
	for (size_t k = 0; k < PACKETS; k++) {
		fate_draw(&f, false, &of);
		dc += of.duplicated && of.corrupted;
		dr += of.duplicated && of.reordered;
		cr += of.corrupted && of.reordered;
	}
	assert_true(judge_share(dc, PACKETS, .09));
	assert_true(judge_share(dr, PACKETS, .09));
	assert_true(judge_share(cr, PACKETS, .09));
}

/* The fate of a seed is a promise to who repeats a run with another version. */
static void test_known_fate(void **state)
{
	static const size_t lost[] = {1, 12, 13, 16, 39, 41, 58, 65, 79, 83, 113, 117};
	const struct fate_params p = {
		.seed = 1, .loss = FATE_LOSS_RANDOM, .random_loss = {100000, 0}};
	struct fate f;
	struct fate_of of;
	size_t n = 0;

	init(&f, &p, 0);
	for (size_t k = 0; n < sizeof lost / sizeof *lost; k++) {
		fate_draw(&f, false, &of);
		if (of.lost)
			assert_int_equal(k, lost[n++]);
	}
}

/* ---- what happens to packets that have several fates ---- */

static void test_lost_has_no_other_fate(void **state)
{
	static struct fate_of a[TRACE];
	size_t lost = 0;

	trace(&everything, 0, a);
	for (size_t k = 0; k < TRACE; k++) {
		if (!a[k].lost)
			continue;
		lost++;
		assert_false(a[k].duplicated || a[k].corrupted || a[k].reordered || a[k].marked);
	}
	assert_in_range(lost, 400, 800);
}

/* A mark in place of a loss, where the packet can carry one: the rest of its fate is as ever. */
static void test_ecn(void **state)
{
	struct fate_params p = everything;
	struct fate with, without;

	p.ecn = true;
	init(&with, &p, 0);
	p.ecn = false;
	init(&without, &p, 0);
	for (size_t k = 0; k < TRACE; k++) {
		const bool capable = k % 2;
		struct fate_of a, b;

		fate_draw(&with, capable, &a);
		fate_draw(&without, capable, &b);
		assert_int_equal(a.marked, b.lost && capable);
		assert_int_equal(a.lost, b.lost && !capable);
		assert_false(b.marked);
	}
}

static void test_by_packet(void **state)
{
	struct fate f;

	init(&f, &(struct fate_params){.delay_ns = ORD_S}, 0);
	assert_false(fate_by_packet(&f));
	init(&f, &(struct fate_params){.duplicate = {1, 0}}, 0);
	assert_true(fate_by_packet(&f));
	init(&f, &(struct fate_params){.rate = 1}, 0);
	assert_true(fate_by_packet(&f));
}

/* ---- refusals ---- */

#define D  .delay_ns = ORD_S
#define RL .loss = FATE_LOSS_RANDOM
#define MK .loss = FATE_LOSS_MARKOV
static const struct {
	struct fate_params p;
	const char *says;
} bad[] = {
	{{RL, .random_loss = {1000001, 0}}, "loss: 1000001 ppm are more than all"},
	{{RL, .random_loss = {1, 1000000}}, "loss: with a correlation of 100 %"},
	{{RL, .random_loss = {0, 1}}, "loss: a correlation needs a share"},
	{{.duplicate = {1000001, 0}}, "duplicate: 1000001 ppm"},
	{{.corrupt = {2000000, 0}}, "corrupt: 2000000 ppm"},
	{{D, .reorder = {1000001, 0}}, "reorder: 1000001 ppm"},
	{{.reorder = {1, 0}}, "reorder: packets overtake others that are delayed"},
	{{D, .reorder_gap = 5}, "reorder: a gap needs a share"},
	{{.ecn = true}, "ecn marks what would be lost"},
	{{MK, .p13 = 1000001}, "loss: p13 is 1000001 ppm"},
	{{MK, .p13 = 600000, .p14 = 600000}, "loss: p13 and p14 both leave state 1"},
	{{MK, .p31 = 600000, .p32 = 600000}, "loss: p31 and p32 both leave state 3"},
	{{.loss = FATE_LOSS_GILBERT, .one_minus_k = 1000001}, "loss: 1-k is 1000001 ppm"},
	{{.loss = (enum fate_loss)9}, "loss: no model 9"},
	{{D, .jitter_ns = ORD_S + 1}, "jitter: more than the delay"},
	{{D, .delay_correlation_ppm = 1}, "delay: a correlation needs a jitter"},
	{{D, .distribution = FATE_PARETO}, "delay: a distribution needs a jitter"},
	{{D, .jitter_ns = 1, .delay_correlation_ppm = 1000000},
	 "delay: with a correlation of 100 %"},
	{{D, .jitter_ns = 1, .distribution = (enum fate_distribution)9},
	 "delay: no distribution 9"},
	{{D, .jitter_ns = 1, .distribution = FATE_TABLE},
	 "delay: the distribution's table is empty"},
	{{.delay_ns = UINT64_MAX}, "delay: longer than time is counted"},
	{{.slot_min_ns = 2, .slot_max_ns = 1}, "slot: its least delay"},
	{{.slot_packets = 1}, "slot: packets or bytes of it need its delay"},
	{{.slot_max_ns = 1, .slot_delay_ns = 1}, "slot: it has either a least and a largest"},
	{{.slot_delay_ns = 1, .slot_jitter_ns = 2}, "slot: its jitter is more than its delay"},
	{{.slot_delay_ns = 1, .slot_distribution = FATE_NORMAL},
	 "slot: a distribution needs a jitter"},
	{{.slot_delay_ns = 1, .slot_jitter_ns = 1, .slot_distribution = (enum fate_distribution)9},
	 "slot: no distribution 9"},
	{{.slot_delay_ns = 1, .slot_jitter_ns = 1, .slot_distribution = FATE_TABLE},
	 "slot: the distribution's table is empty"},
	{{.slot_delay_ns = UINT64_MAX}, "slot: longer than time is counted"},
	{{.packet_overhead = 1}, "rate: overhead, cells and burst need a rate"},
	{{.burst = 1}, "rate: overhead, cells and burst need a rate"},
	{{.rate = 1, .cell_overhead = 5}, "rate: a cell's overhead needs its size"},
	{{.rate = 1, .cell_size = 48, .cell_overhead = -48}, "rate: with this overhead"},
	{{.rate = 1, .burst = FATE_SIZE_MAX + 1}, "rate: a burst has at most 8 GiB"},
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fate f;
		struct ord_err err = {0};

		memset(&f, 0x55, sizeof f);
		assert_int_equal(fate_init(&f, &bad[i].p, 0, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		if (!strstr(err.msg, bad[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.msg, bad[i].says);
		assert_int_equal(f.k, 0x5555555555555555ull); /* untouched */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_none_and_all),
		cmocka_unit_test(test_correlated_shares),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_same_seed_same_fate),
		cmocka_unit_test(test_other_seed_or_stream),
		cmocka_unit_test(test_another_source),
		cmocka_unit_test(test_effects_are_apart),
		cmocka_unit_test(test_effects_are_independent),
		cmocka_unit_test(test_known_fate),
		cmocka_unit_test(test_lost_has_no_other_fate),
		cmocka_unit_test(test_ecn),
		cmocka_unit_test(test_by_packet),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
