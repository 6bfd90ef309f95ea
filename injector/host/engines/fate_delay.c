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

/* How far a time is from its mean. */
struct law {
	enum fate_distribution distribution;
	const int16_t *table;
	size_t table_n;
	double scale;
};

static struct law law_of_delay(const struct fate *f)
{
	return (struct law){f->p.distribution, f->p.table, f->p.table_n, f->scale};
}

static struct law law_of_slot(const struct fate *f)
{
	return (struct law){f->p.slot_distribution, f->p.slot_table, f->p.slot_table_n, f->scale};
}

/* In units of the jitter. */
static double deviation(const struct law *l, double z)
{
	const double u = .5 * erfc(-z * M_SQRT1_2);
	size_t i;

	switch (l->distribution) {
	case FATE_NORMAL:
		return z;
	case FATE_PARETO:
		return pareto(z);
	case FATE_PARETONORMAL:
		return l->scale * (.25 * z + .75 * pareto(z));
	case FATE_TABLE:
		i = (size_t)(u * (double)l->table_n);
		return l->table[i < l->table_n ? i : l->table_n - 1] / (double)FATE_SCALE;
	case FATE_UNIFORM:
		break;
	}
	return 2 * u - 1;
}

double fate_deviation(const struct fate *f, double z)
{
	const struct law law = law_of_delay(f);

	return deviation(&law, z);
}

/*
 * Squares of the coefficients of the deviation's expansion in normalised Hermite polynomials: for
 * two normal variables of correlation rho the deviations' covariance is the sum of
 * part[n] rho^n (n >= 1). Returns the variance, all of the sum at rho = 1.
 */
static double expand(const struct law *l, double part[static HERMITE])
{
	double sum[HERMITE] = {0}, squares = 0;

	for (int i = 0; i <= (int)(2 * REACH / STEP); i++) {
		const double z = i * STEP - REACH;
		const double weight = exp(-z * z / 2) / sqrt(2 * M_PI) * STEP, g = deviation(l, z);
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
	struct law law = {.distribution = FATE_PARETONORMAL, .scale = 1};
	double part[HERMITE], variance;

	f->scale = 1;
	if (f->p.distribution == FATE_PARETONORMAL || f->p.slot_distribution == FATE_PARETONORMAL)
		f->scale = 1 / sqrt(expand(&law, part));
	f->rho = asked;
	if (f->p.distribution == FATE_UNIFORM)
		f->rho = 2 * sin(M_PI / 6 * asked); /* in closed form */
	if (asked == 0 || f->p.distribution <= FATE_NORMAL)
		return;
	law = law_of_delay(f);
	variance = expand(&law, part);
	if (variance > 0)
		f->rho = behind(part, variance, asked);
}

/* ---- packets ---- */

/* Standard normal, of two numbers (Box and Muller). */
static double normal(const struct fate *f, enum fate_effect length, enum fate_effect turn,
		     uint64_t k)
{
	const double u = 1 - fate_unit(fate_number(f, length, k)),
		     angle = 2 * M_PI * fate_unit(fate_number(f, turn, k));

	return sqrt(-2 * log(u)) * cos(angle);
}

int64_t fate_jitter(struct fate *f, uint64_t k)
{
	const double jitter = (double)f->p.jitter_ns;
	const struct law law = law_of_delay(f);
	double z;

	if (f->p.distribution == FATE_UNIFORM && f->rho == 0)
		return (int64_t)llround(jitter *
					(2 * fate_unit(fate_number(f, FATE_BY_JITTER, k)) - 1));
	z = normal(f, FATE_BY_JITTER, FATE_BY_ANGLE, k);
	if (f->rho > 0 && k > 0)
		z = f->rho * f->last + sqrt(1 - f->rho * f->rho) * z;
	f->last = z;
	return (int64_t)llround(jitter * deviation(&law, z));
}

/* From what opens slot k, the number of its first packet, to the slot. */
static uint64_t slot_time(const struct fate *f, uint64_t k)
{
	const struct fate_params *p = &f->p;
	const struct law law = law_of_slot(f);
	const double span = (double)(p->slot_max_ns - p->slot_min_ns),
		     u = fate_unit(fate_number(f, FATE_BY_SLOT, k));
	double away;
	int64_t time;

	if (p->slot_max_ns)
		return p->slot_min_ns + (uint64_t)(span * u);
	away = law.distribution == FATE_UNIFORM
		       ? 2 * u - 1
		       : deviation(&law, normal(f, FATE_BY_SLOT, FATE_BY_SLOT_ANGLE, k));
	time = (int64_t)p->slot_delay_ns + (int64_t)llround((double)p->slot_jitter_ns * away);
	return time > 0 ? (uint64_t)time : 0;
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
		f->slot_ns = (at_ns > f->slot_ns ? at_ns : f->slot_ns) + slot_time(f, k);
		f->slot_packets = 0;
		f->slot_bytes = 0;
	}
	f->slot_packets++;
	f->slot_bytes += len;
	return f->slot_ns;
}
