/* As much of PromQL as is needed to find the series that an expression reads. Pure. */
#ifndef ORDEAL_MONITOR_PROMQL_H
#define ORDEAL_MONITOR_PROMQL_H

#include <stddef.h>

#define MON_SELECTOR  512
#define MON_SELECTORS 16

struct mon_selectors {
	size_t n;
	char v[MON_SELECTORS][MON_SELECTOR]; /* "http_requests_total{code=\"500\"}" */
};

/*
 * The selectors of an expression without ranges, offsets and modifiers, each once. -1: it has more
 * of them, or longer ones, than are kept, or quotes and brackets do not match.
 */
int mon_selectors_of(const char *expression, struct mon_selectors *ret);
/* A label's value as it stands in a selector's quotes. -1: it does not fit. */
int mon_quote(const char *value, size_t size, char *out);

#endif
