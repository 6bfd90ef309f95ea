#include "reports/stats/dist.h"

#include <math.h>

double ord_norm_cdf(double z)
{
	return erfc(-z / M_SQRT2) / 2;
}

double ord_norm_quantile(double p)
{
	double upper = p < 0.5 ? p : 1 - p, t, z;

	if (!(p >= 0 && p <= 1))
		return NAN;
	if (upper <= 0)
		return p < 0.5 ? -INFINITY : INFINITY;
	/* A rational start that is good to 4.5e-4 (Abramowitz and Stegun, 26.2.23), then Halley's
	 * steps, each of which triples the digits. z > 0 is the upper tail's. */
	t = sqrt(-2 * log(upper));
	z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
			(1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
	for (int i = 0; i < 3; i++) {
		double density = exp(-z * z / 2) / sqrt(2 * M_PI);
		double step = (erfc(z / M_SQRT2) / 2 - upper) / density;

		if (!(density > 0))
			break;
		z += step / (1 - z * step / 2);
	}
	return p < 0.5 ? -z : z;
}

double ord_chi1_tail(double x)
{
	return x <= 0 ? 1 : erfc(sqrt(x / 2));
}

double ord_t_tail2(double t, double df)
{
	if (!(df > 0) || isnan(t))
		return NAN;
	return isinf(t) ? 0 : ord_beta_cdf(df / (df + t * t), df / 2, 0.5);
}

/* lgamma() writes to a global. */
static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

static double away_from_zero(double v)
{
	return fabs(v) < 1e-300 ? 1e-300 : v;
}

/* The continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), f = d;

	for (int m = 1; m < 100000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double turn;

		d = 1 / away_from_zero(1 + even * d);
		c = away_from_zero(1 + even / c);
		f *= c * d;
		d = 1 / away_from_zero(1 + odd * d);
		c = away_from_zero(1 + odd / c);
		turn = c * d;
		f *= turn;
		if (fabs(turn - 1) < 1e-16)
			break;
	}
	return f;
}

double ord_beta_cdf(double x, double a, double b)
{
	double front;

	if (!(a > 0 && b > 0) || isnan(x))
		return NAN;
	if (x <= 0 || x >= 1)
		return x > 0;
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	/* The fraction converges fast on this side of the mode only. */
	return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
					 : 1 - front * beta_fraction(1 - x, b, a) / b;
}

double ord_beta_quantile(double p, double a, double b)
{
	double lo = 0, hi = 1;

	if (!(p >= 0 && p <= 1) || !(a > 0 && b > 0))
		return NAN;
	if (p <= 0 || p >= 1) /* the distribution function is 1 from a bit before 1 on */
		return p > 0;
	while (hi - lo > 1e-16 * hi) {
		double mid = lo + (hi - lo) / 2;

		if (mid <= lo || mid >= hi)
			break;
		if (ord_beta_cdf(mid, a, b) < p)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

double ord_binom_cdf(long k, size_t n, double p)
{
	if (k < 0)
		return 0;
	if ((size_t)k >= n)
		return 1;
	return ord_beta_cdf(1 - p, (double)(n - (size_t)k), (double)k + 1);
}

size_t ord_binom_quantile(double q, size_t n, double p)
{
	size_t lo = 0, hi = n; /* the answer is within */

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		/* A sum that is q but for its rounding counts as q. */
		if (ord_binom_cdf((long)mid, n, p) >= q * (1 - 64 * 2.2e-16))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

double ord_log_choose(size_t n, size_t k)
{
	if (k > n)
		return -INFINITY;
	return log_gamma((double)n + 1) - log_gamma((double)k + 1) - log_gamma((double)(n - k) + 1);
}
