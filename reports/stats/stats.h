/* Statistics over a run's figures: pure functions. What compares runs (tests, intervals, gates)
 * belongs here too. */
#ifndef ORDEAL_REPORTS_STATS_STATS_H
#define ORDEAL_REPORTS_STATS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One duration; censored: at least this long, how long is not known. */
struct ord_stat_time {
	int64_t ns;
	bool censored;
};

/*
 * The median by Kaplan and Meier: the least t with S(t) <= 1/2, the middle of the plateau where S
 * is exactly 1/2. Without censoring that is the usual median. False where S never gets there: not
 * reached. Sorts v.
 */
bool ord_stat_median(struct ord_stat_time *v, size_t n, int64_t *ret);

/* Where, among n sorted values, counted from 0, the p-th (parts per million) stands by nearest
 * rank: the least value that so many do not exceed. */
size_t ord_stat_rank(size_t n, uint32_t p_ppm);

#endif
