#include "reports/stats/cusum.h"

#include <math.h>

void ord_cusum_begin(struct ord_cusum *c, double mean, double slack)
{
	*c = (struct ord_cusum){.mean = mean, .slack = slack};
}

void ord_cusum_step(struct ord_cusum *c, double x)
{
	c->up = fmax(0, c->up + x - (c->mean + c->slack));
	c->down = fmax(0, c->down + (c->mean - c->slack) - x);
	c->n_up = c->up > 0 ? c->n_up + 1 : 0;
	c->n_down = c->down > 0 ? c->n_down + 1 : 0;
	c->n++;
}

size_t ord_cusum_onset_up(const struct ord_cusum *c)
{
	return c->n - c->n_up;
}

size_t ord_cusum_onset_down(const struct ord_cusum *c)
{
	return c->n - c->n_down;
}

struct ord_cusum_weights ord_cusum_bernoulli(double p0, double p1)
{
	return (struct ord_cusum_weights){.failure = log(p1 / p0),
					  .success = log((1 - p1) / (1 - p0))};
}

double ord_cusum_bernoulli_step(double sum, const struct ord_cusum_weights *w, int failed)
{
	return fmax(0, sum + (failed ? w->failure : w->success));
}

double ord_cusum_run_length(double shift, double k, double h)
{
	double drift = shift - k, b = h + 1.166;

	if (fabs(drift) < 1e-9)
		return b * b;
	return (exp(-2 * drift * b) + 2 * drift * b - 1) / (2 * drift * drift);
}
