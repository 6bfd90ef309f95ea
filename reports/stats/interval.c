#include "reports/stats/interval.h"

#include <math.h>
#include <stdint.h>

#include "reports/stats/dist.h"

struct ord_order_interval ord_median_interval(size_t n, double confidence)
{
	struct ord_order_interval r = {0};
	size_t d = n ? ord_binom_quantile((1 - confidence) / 2, n, 0.5) : 0;

	if (!d)
		return r;
	r.lo = d;
	r.hi = n - d + 1;
	r.confidence = 1 - 2 * ord_binom_cdf((long)d - 1, n, 0.5);
	return r;
}

/* The least n with share^n <= rest. */
static size_t run_of(double share, double rest)
{
	double n = log(rest) / log(share);

	return (size_t)ceil(n - 1e-9);
}

size_t ord_median_need(double confidence)
{
	size_t n = 1;

	while (!ord_median_interval(n, confidence).lo)
		n++;
	return n;
}

size_t ord_quantile_bound(size_t n, double p, double confidence)
{
	size_t below = ord_binom_quantile(confidence, n, p);

	return below < n ? below + 1 : 0;
}

size_t ord_success_run(double p, double confidence)
{
	return run_of(p, 1 - confidence);
}

struct ord_share ord_wilson(size_t k, size_t n, double confidence)
{
	double z = ord_norm_quantile(1 - (1 - confidence) / 2), z2 = z * z;
	double count = (double)n, share = (double)k / count, middle, half;

	if (!n)
		return (struct ord_share){0, 1};
	middle = (share + z2 / (2 * count)) / (1 + z2 / count);
	half = z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count));
	return (struct ord_share){k ? middle - half : 0, k < n ? middle + half : 1};
}

struct ord_share ord_clopper_pearson(size_t k, size_t n, double confidence)
{
	double half = (1 - confidence) / 2;

	return (struct ord_share){
		k ? ord_beta_quantile(half, (double)k, (double)(n - k + 1)) : 0,
		k < n ? ord_beta_quantile(1 - half, (double)k + 1, (double)(n - k)) : 1,
	};
}

struct ord_fisher ord_fisher(size_t a_yes, size_t a, size_t b_yes, size_t b)
{
	size_t yes = a_yes + b_yes, from = yes > b ? yes - b : 0, to = yes < a ? yes : a;
	double total = ord_log_choose(a + b, yes);
	double seen = ord_log_choose(a, a_yes) + ord_log_choose(b, b_yes) - total;
	struct ord_fisher r = {0};

	for (size_t k = from; k <= to; k++) {
		double l = ord_log_choose(a, k) + ord_log_choose(b, yes - k) - total;
		double p = exp(l);

		/* Tables that are as likely but for rounding count as as likely. */
		r.p += l <= seen + 1e-7 ? p : 0;
		r.p_less += k <= a_yes ? p : 0;
		r.p_greater += k >= a_yes ? p : 0;
	}
	r.p = fmin(1, r.p);
	r.p_less = fmin(1, r.p_less);
	r.p_greater = fmin(1, r.p_greater);
	return r;
}

/* The rank test needs pi / 3 times what the t-test on the logarithms needs. */
static double ratio_factor(double alpha, double power)
{
	double z = ord_norm_quantile(1 - alpha) + ord_norm_quantile(power);

	return M_PI / 3 * z * z;
}

size_t ord_need_for_ratio(double sigma, double ratio, double alpha, double power)
{
	double step = sigma / log(ratio);
	double n = ceil(2 * ratio_factor(alpha, power) * step * step);

	return n < 1e15 ? (size_t)n : SIZE_MAX;
}

double ord_detectable_ratio(double sigma, size_t n, size_t m, double alpha, double power)
{
	double parts = 1 / (double)n + 1 / (double)m;

	return exp(sigma * sqrt(ratio_factor(alpha, power) * parts));
}
