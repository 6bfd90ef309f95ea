/* When to try again, as OTLP/HTTP says it: pure. */
#ifndef ORDEAL_DELIVER_RETRY_H
#define ORDEAL_DELIVER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct ord_rng;

/* 429, 502, 503, 504, and 0: no answer came. Never another: what was refused once is refused again.
 */
bool ord_retry_wanted(long status);
/* The header Retry-After: seconds, or a date of HTTP against now (Unix time). -1: it says nothing.
 */
int64_t ord_retry_after_ns(const char *text, int64_t now_s);
/* The wait before try n + 1, n from 1: doubled each time up to 8 s, half of it at random. */
uint64_t ord_retry_backoff_ns(unsigned n, struct ord_rng *rng);

#endif
