#include "reports/value.h"

#include <math.h>
#include <stdlib.h>

#include "base/real.h"
#include "base/units.h"

int ord_value_add(struct ord_timeline *t, uint32_t rep, size_t probe, int64_t done,
		  const char *text)
{
	double v;

	/* NaN and infinities are no numbers to compare; Prometheus says them in words. */
	if (!ord_parse_real(text, &v) || fabs(v) > (double)INT64_MAX / 2 / ORD_PPM)
		return 0;
	if (t->n_values == t->room_values) {
		size_t room = t->room_values ? t->room_values * 2 : 64;
		struct ord_tl_value *more = reallocarray(t->values, room, sizeof *more);

		if (!more)
			return -1;
		t->values = more;
		t->room_values = room;
	}
	t->values[t->n_values++] = (struct ord_tl_value){
		.rep = rep, .probe = (uint32_t)probe, .done = done, .micro = llround(v * ORD_PPM)};
	return 0;
}

static int by_done(const void *a, const void *b)
{
	const struct ord_tl_value *x = a, *y = b;

	return x->done < y->done ? -1 : x->done > y->done;
}

void ord_value_sort(struct ord_timeline *t)
{
	if (t->n_values)
		qsort(t->values, t->n_values, sizeof *t->values, by_done);
}

bool ord_value_last(const struct ord_timeline *t, uint32_t rep, size_t probe, int64_t from,
		    int64_t to, int64_t *ret)
{
	size_t lo = 0, hi = t->n_values;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->values[mid].done <= to)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo > 0 && t->values[lo - 1].done > from; lo--)
		if (t->values[lo - 1].rep == rep && t->values[lo - 1].probe == probe) {
			*ret = t->values[lo - 1].micro;
			return true;
		}
	return false;
}
