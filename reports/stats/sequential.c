#include "reports/stats/sequential.h"

#include <math.h>
#include <stdint.h>

struct ord_sprt ord_sprt(double good, double bad, double alpha, double beta)
{
	double k = log(bad * (1 - good) / (good * (1 - bad)));

	if (!(good > 0 && good < bad && bad < 1 && alpha > 0 && beta > 0 && alpha + beta < 1))
		return (struct ord_sprt){NAN, NAN, NAN};
	return (struct ord_sprt){
		.h1 = log((1 - alpha) / beta) / k,
		.h2 = log((1 - beta) / alpha) / k,
		.slope = log((1 - good) / (1 - bad)) / k,
	};
}

enum ord_sprt_verdict ord_sprt_judge(const struct ord_sprt *t, size_t failures, size_t n)
{
	double middle = t->slope * (double)n, f = (double)failures;

	if (f <= middle - t->h1)
		return ORD_SPRT_ACCEPT;
	return f >= middle + t->h2 ? ORD_SPRT_REJECT : ORD_SPRT_GO_ON;
}

size_t ord_sprt_clean(const struct ord_sprt *t)
{
	double n = ceil(t->h1 / t->slope);

	return n < 1e15 ? (size_t)n : SIZE_MAX;
}
