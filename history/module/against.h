/* Runs that others are held against. */
#ifndef ORDEAL_HISTORY_AGAINST_H
#define ORDEAL_HISTORY_AGAINST_H

#include "ordeal/history.h"

/*
 * Sets `baseline_of` of the runs that the newest run of an experiment with a no_regression
 * objective was held against: the name of that experiment. runs: all of them, oldest first.
 */
void against_find(const struct ord_history *h, json_t *runs);

#endif
