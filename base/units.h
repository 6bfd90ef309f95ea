/*
 * Numbers with units, parsed and printed in one place. Every parser takes the whole string, names
 * what would be right on failure (ORD_USAGE) and leaves its result untouched then.
 */
#ifndef ORDEAL_BASE_UNITS_H
#define ORDEAL_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define ORD_PPM 1000000 /* one, in parts per million */

/* "200ms", "1.5s", "10us", "2m", "1h", "1d"; a bare 0 is fine, other bare numbers are not.
 * Nanoseconds. */
int ord_parse_duration(const char *text, int64_t *ret_ns, struct ord_err *err);
/* "64KiB", "1GiB", "1G" (= GiB), "10MB" (decimal), "4096" (bytes). */
int ord_parse_size(const char *text, int64_t *ret_bytes, struct ord_err *err);
/* A size a second, or bits: "100MiB/s", "20Mbit/s" (decimal). Bytes a second. */
int ord_parse_rate(const char *text, int64_t *ret_bytes, struct ord_err *err);
/* "25", "25%", "0.5%": percent; at most four decimals. Parts per million. */
int ord_parse_percent(const char *text, int64_t *ret_ppm, struct ord_err *err);
/* A ratio as in conditions: "0.99" or "99%". Parts per million. */
int ord_parse_ratio(const char *text, int64_t *ret_ppm, struct ord_err *err);
/* "-12.5": millionths, at most six decimals. */
int ord_parse_decimal(const char *text, int64_t *ret_millionths, struct ord_err *err);
/* A decimal integer within [min, max]. */
int ord_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret, struct ord_err *err);

/* The shortest exact text that the parser reads back: "200ms", "1.5s", "0s". Returns out. */
char *ord_format_duration(int64_t ns, char out[static 32]);
char *ord_format_size(int64_t bytes, char out[static 32]);
char *ord_format_percent(int64_t ppm, char out[static 32]);	   /* "25%" */
char *ord_format_decimal(int64_t millionths, char out[static 32]); /* "-12.5" */
/* For people: three significant digits, "12.0 s", "98.4 ms", "310 us". Returns out. */
char *ord_human_duration(int64_t ns, char out[static 32]);

#endif
