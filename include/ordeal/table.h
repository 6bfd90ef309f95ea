/* Statistics of a plain table, as `ordeal stats` shows them (docs/formats/stats.md). */
#ifndef ORDEAL_TABLE_H
#define ORDEAL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/err.h"

enum { ORD_TABLE_BYTES_MAX = 64 << 20 };
/* Of any value: squares and sums of them are finite. */
#define ORD_TABLE_VALUE_MAX 1e100

struct ord_table_options {
	const char *by;		  /* the column of the groups; NULL: `group`, where there is one */
	double confidence, alpha; /* 1 in sum */
	double tau;		  /* NaN: as far as every group was watched */
	uint64_t seed;		  /* of what is drawn */
	bool segments, cusum;
	double mean, slack, limit; /* of the cumulative sums */
};

/*
 * Comma-separated values; name is the file's, in messages. Cuts the text in place, of size bytes
 * and a NUL after them. *ret is owned. ORD_USAGE says where the table is wrong.
 */
int ord_table_compute(const char *name, char *text, size_t size, const struct ord_table_options *o,
		      json_t **ret, struct ord_err *err);
/* For people. */
void ord_table_print(const json_t *computed, FILE *out);

#endif
