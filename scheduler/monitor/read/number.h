/* The answer of an instant query as one number, judged. Pure. */
#ifndef ORDEAL_MONITOR_NUMBER_H
#define ORDEAL_MONITOR_NUMBER_H

#include <stdbool.h>

#include "ordeal/spec.h"

struct json_t;

enum mon_verdict { MON_GOOD, MON_BAD, MON_UNKNOWN };

struct mon_number {
	enum mon_verdict verdict;
	char text[32]; /* the number as it was given, "" where there is none */
	char why[160]; /* "" when good */
};

/*
 * data: of Prometheus's answer. A scalar, or a vector: then every element must satisfy the
 * comparison, and the one that is told is the first that does not, else the first. Elements that
 * are NaN are none; where none is left the answer is empty, and p->empty says what that is.
 */
void mon_number_judge(const struct ord_prom_probe *p, const struct json_t *data,
		      struct mon_number *ret);
/*
 * The query for the age, in seconds, of the oldest sample that an expression reads. -1: it cannot
 * be told by its selectors.
 */
int mon_age_query(const char *expression, size_t size, char *out);

#endif
