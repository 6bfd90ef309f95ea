#include "reports/stats/holm.h"

#include <math.h>
#include <stdlib.h>

#include "base/auto.h"

struct placed {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	double x = ((const struct placed *)a)->p, y = ((const struct placed *)b)->p;

	return x < y ? -1 : x > y;
}

static struct placed *in_order(const double *p, size_t n, struct ord_err *err)
{
	struct placed *v = calloc(n + 1, sizeof *v);

	if (!v) {
		(void)ord_fail_nomem(err);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = (struct placed){p[i], i};
	qsort(v, n, sizeof *v, by_p);
	return v;
}

int ord_holm(const double *p, size_t n, double *adjusted, struct ord_err *err)
{
	ord_autofree struct placed *v = in_order(p, n, err);
	double most = 0;

	if (!v)
		return -1;
	for (size_t i = 0; i < n; i++) {
		most = fmax(most, fmin(1, (double)(n - i) * v[i].p));
		adjusted[v[i].at] = most;
	}
	return 0;
}

int ord_false_discovery(const double *p, size_t n, double *adjusted, struct ord_err *err)
{
	ord_autofree struct placed *v = in_order(p, n, err);
	double least = 1;

	if (!v)
		return -1;
	for (size_t i = n; i-- > 0;) {
		least = fmin(least, (double)n / (double)(i + 1) * v[i].p);
		adjusted[v[i].at] = least;
	}
	return 0;
}
