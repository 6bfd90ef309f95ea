/* Jitter and slots. */
#include <math.h>

#include "fate_draw.h"

#define HERMITE 32   /* orders of the expansion */
#define REACH	13.0 /* where a normal variable's density, times any of these squared, is nothing */
#define STEP	(1.0 / 32) /* exact to 1e-12 for what is smooth: the trapezoid on a line */

/* ---- the distributions, as functions of a normal variable ---- */

static double pareto(double z)
{
	/* The upper tail's share directly: 1 - Phi(z) would lose it. */
	return (1 / cbrt(.5 * erfc(z * M_SQRT1_2)) - 1.5) / sqrt(.75);
}

/* Deviation in units of the jitter. */
static double deviation(const struct fate *f, double z)
{
	const struct fate_params *p = &f->p;
	const double u = .5 * erfc(-z * M_SQRT1_2);
	size_t i;

	switch (p->distribution) {
	case FATE_NORMAL:
		return z;
	case FATE_PARETO:
		return pareto(z);
	case FATE_PARETONORMAL:
		return f->scale * (.25 * z + .75 * pareto(z));
	case FATE_TABLE:
		i = (size_t)(u * (double)p->table_n);
		return p->table[i < p->table_n ? i : p->table_n - 1] / (double)FATE_SCALE;
	case FATE_UNIFORM:
		break;
	}
	return 2 * u - 1;
}

/*
 * Squares of the coefficients of the deviation's expansion in normalised Hermite polynomials: for
 * two normal variables of correlation rho the deviations' covariance is the sum of
 * part[n] rho^n (n >= 1). Returns the variance, all of the sum at rho = 1.
 */
static double expand(const struct fate *f, double part[static HERMITE])
{
	double sum[HERMITE] = {0}, squares = 0;

	for (int i = 0; i <= (int)(2 * REACH / STEP); i++) {
		const double z = i * STEP - REACH;
		const double weight = exp(-z * z / 2) / sqrt(2 * M_PI) * STEP, g = deviation(f, z);
		double h = 1, before = 0, next;

		squares += weight * g * g;
		for (int n = 0; n < HERMITE; n++) {
			sum[n] += weight * g * h;
			next = (z * h - sqrt(n) * before) / sqrt(n + 1);
			before = h;
			h = next;
		}
	}
	for (int n = 0; n < HERMITE; n++)
		part[n] = sum[n] * sum[n];
	return squares - part[0];
}

static double correlation(const double part[static HERMITE], double variance, double rho)
{
	double sum = 0, rest = variance, power = 1;

	for (int n = 1; n < HERMITE; n++) {
		power *= rho;
		sum += part[n] * power;
		rest -= part[n];
	}
	return (sum + (rest > 0 ? rest : 0) * power * rho) / variance;
}

/* The correlation of the normal variables with which the delays have the one that was asked. */
static double behind(const double part[static HERMITE], double variance, double asked)
{
	double low = asked, high = 1; /* no function of them is closer related than they are */

	for (int i = 0; i < 50; i++) {
		const double mid = (low + high) / 2;

		if (correlation(part, variance, mid) < asked)
			low = mid;
		else
			high = mid;
	}
	return low;
}

void fate_jitter_init(struct fate *f)
{
	const double asked = fate_chance(f->p.delay_correlation_ppm);
	double part[HERMITE], variance;

	f->scale = 1;
	if (f->p.distribution == FATE_PARETONORMAL)
		f->scale = 1 / sqrt(expand(f, part));
	f->rho = asked;
	if (f->p.distribution == FATE_UNIFORM)
		f->rho = 2 * sin(M_PI / 6 * asked); /* in closed form */
	if (asked == 0 || f->p.distribution <= FATE_NORMAL)
		return;
	variance = expand(f, part);
	if (variance > 0)
		f->rho = behind(part, variance, asked);
}

/* ---- packets ---- */

/* Standard normal, of two numbers (Box and Muller). */
static double normal(const struct fate *f, uint64_t k)
{
	const double u = 1 - fate_unit(fate_number(f, FATE_BY_JITTER, k)),
		     angle = 2 * M_PI * fate_unit(fate_number(f, FATE_BY_ANGLE, k));

	return sqrt(-2 * log(u)) * cos(angle);
}

int64_t fate_jitter(struct fate *f, uint64_t k)
{
	const double jitter = (double)f->p.jitter_ns;
	double z;

	if (f->p.distribution == FATE_UNIFORM && f->rho == 0)
		return (int64_t)llround(jitter *
					(2 * fate_unit(fate_number(f, FATE_BY_JITTER, k)) - 1));
	z = normal(f, k);
	if (f->rho > 0 && k > 0)
		z = f->rho * f->last + sqrt(1 - f->rho * f->rho) * z;
	f->last = z;
	return (int64_t)llround(jitter * deviation(f, z));
}

/*
 * What is ready waits for the slot that is open, if that comes after it and has room. Else one
 * opens: after it became ready, or, where the slot is full, after that slot.
 */
uint64_t fate_slot(struct fate *f, uint64_t k, uint64_t at_ns, uint32_t len)
{
	const struct fate_params *p = &f->p;
	const bool full = (p->slot_packets && f->slot_packets >= p->slot_packets) ||
			  (p->slot_bytes && f->slot_bytes >= p->slot_bytes);

	if (at_ns > f->slot_ns || full) {
		const double span = (double)(p->slot_max_ns - p->slot_min_ns);

		f->slot_ns = (at_ns > f->slot_ns ? at_ns : f->slot_ns) + p->slot_min_ns +
			     (uint64_t)(span * fate_unit(fate_number(f, FATE_BY_SLOT, k)));
		f->slot_packets = 0;
		f->slot_bytes = 0;
	}
	f->slot_packets++;
	f->slot_bytes += len;
	return f->slot_ns;
}
