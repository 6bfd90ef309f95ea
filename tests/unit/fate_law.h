/* The laws that fates are held against: of jitter, as functions of the deviation in jitters, and of
 * the lengths of runs of losses. */
#ifndef ORDEAL_TESTS_UNIT_FATE_LAW_H
#define ORDEAL_TESTS_UNIT_FATE_LAW_H

#include "injector/host/engines/fate.h"
#include "tests/unit/fate_judge.h"

#define LAW_STATES 4

/* ---- times ---- */

static inline double law_uniform(double x)
{
	return x < -1 ? 0 : x > 1 ? 1 : (x + 1) / 2;
}

/* Shape 3, from 1 on; mean 3/2, variance 3/4. */
static inline double law_pareto(double x)
{
	const double y = x * sqrt(.75) + 1.5;

	return y <= 1 ? 0 : 1 - 1 / (y * y * y);
}

/* The inverse of its quantile function, whose deviation is 0.937753856873 before it is scaled (by a
 * quadrature outside of this program). */
static inline double law_paretonormal(double x)
{
	double lo = -12, hi = 12;

	for (int i = 0; i < 50; i++) {
		const double z = (lo + hi) / 2,
			     y = (1 / cbrt(.5 * erfc(z / sqrt(2))) - 1.5) / sqrt(.75);

		if ((.25 * z + .75 * y) / 0.937753856873 < x)
			lo = z;
		else
			hi = z;
	}
	return ord_norm_cdf(lo);
}

/* ---- runs ---- */

/* A Markov chain of four states; of some the packet is lost. */
struct law_chain {
	double step[LAW_STATES][LAW_STATES];
	bool lost[LAW_STATES];
};

static inline struct law_chain law_markov(const struct fate_params *p)
{
	const double p13 = p->p13 / 1e6, p31 = p->p31 / 1e6, p32 = p->p32 / 1e6, p23 = p->p23 / 1e6,
		     p14 = p->p14 / 1e6;

	return (struct law_chain){.step = {{1 - p13 - p14, 0, p13, p14},
					   {0, 1 - p23, p23, 0},
					   {p31, p32, 1 - p31 - p32, 0},
					   {1, 0, 0, 0}},
				  .lost = {false, false, true, true}};
}

/* Good and lost, good and passed, bad and lost, bad and passed. */
static inline struct law_chain law_gilbert(const struct fate_params *p)
{
	const double leave[] = {p->p / 1e6, p->r / 1e6},
		     loss[] = {p->one_minus_k / 1e6, p->one_minus_h / 1e6};
	struct law_chain c = {.lost = {true, false, true, false}};

	for (int i = 0; i < LAW_STATES; i++)
		for (int j = 0; j < LAW_STATES; j++) {
			const double to = i / 2 == j / 2 ? 1 - leave[i / 2] : leave[i / 2];

			c.step[i][j] = to * (j % 2 ? 1 - loss[j / 2] : loss[j / 2]);
		}
	return c;
}

static inline void law_advance(const struct law_chain *c, double v[static LAW_STATES])
{
	double next[LAW_STATES] = {0};

	for (int i = 0; i < LAW_STATES; i++)
		for (int j = 0; j < LAW_STATES; j++)
			next[j] += v[i] * c->step[i][j];
	for (int i = 0; i < LAW_STATES; i++)
		v[i] = next[i];
}

static inline void law_stationary(const struct law_chain *c, double v[static LAW_STATES])
{
	for (int i = 0; i < LAW_STATES; i++)
		v[i] = .25;
	for (int i = 0; i < 100000; i++)
		law_advance(c, v);
}

/* The chances of the lengths of runs that are lost, or not. */
static inline void law_runs(const struct law_chain *c, bool lost, double law[static JUDGE_RUNS])
{
	double v[LAW_STATES], entered = 0, left, before = 1;

	law_stationary(c, v);
	for (int i = 0; i < LAW_STATES; i++)
		v[i] = c->lost[i] == lost ? 0 : v[i];
	law_advance(c, v);
	for (int i = 0; i < LAW_STATES; i++) {
		v[i] = c->lost[i] == lost ? v[i] : 0;
		entered += v[i];
	}
	for (size_t n = 0; n + 1 < JUDGE_RUNS; n++) {
		law_advance(c, v);
		left = 0;
		for (int i = 0; i < LAW_STATES; i++) {
			v[i] = c->lost[i] == lost ? v[i] : 0;
			left += v[i] / entered;
		}
		law[n] = before - left;
		before = left;
	}
	law[JUDGE_RUNS - 1] = before;
}

static inline double law_share(const struct law_chain *c)
{
	double v[LAW_STATES], sum = 0;

	law_stationary(c, v);
	for (int i = 0; i < LAW_STATES; i++)
		sum += c->lost[i] ? v[i] : 0;
	return sum;
}

#endif
