/* Figures are compared to nine significant digits, or to as many as the oracle has. */
#ifndef ORDEAL_TESTS_UNIT_STATS_NEAR_H
#define ORDEAL_TESTS_UNIT_STATS_NEAR_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define near_to(got, want, relative) near_at((got), (want), (relative), #got, __FILE__, __LINE__)
#define near9(got, want)	     near_to(got, want, 5e-10)
#define is_nan(got)		     near_to(got, NAN, 0)

static inline void near_at(double got, double want, double relative, const char *what,
			   const char *file, int line)
{
	bool same = isnan(want)	  ? isnan(got)
		    : isinf(want) ? isinf(got) && (got > 0) == (want > 0)
				  : fabs(got - want) <= fmax(relative * fabs(want), 1e-14);

	if (!same)
		print_error("%s is %.15g, not %.15g\n", what, got, want);
	_assert_true(same, what, file, line);
}

#endif
