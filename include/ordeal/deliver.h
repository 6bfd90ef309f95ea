/*
 * Reports sent where they are looked at: a collector of traces, Grafana, whoever takes CloudEvents.
 * Only what is over is sent; nothing that comes back changes a verdict.
 */
#ifndef ORDEAL_DELIVER_H
#define ORDEAL_DELIVER_H

#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define ORD_URL_MAX 1024

enum ord_sink { ORD_SINK_OTLP, ORD_SINK_GRAFANA, ORD_SINK_CLOUDEVENTS };
#define ORD_SINKS 3

struct ord_delivery {
	enum ord_sink sink;
	const char *url;   /* as ord_sink_parse() made it */
	const char *token; /* of the header Authorization; NULL: none */
	const char *body;  /* the report's JSON */
	size_t size;
	uint64_t within_ns; /* all tries and waits together */
	uint64_t seed;	    /* of the waits' jitter */
};

struct ord_delivered {
	unsigned tries;
	size_t parts, delivered; /* requests that it takes: one, or one an annotation */
	char remark[300];	 /* what the other side said of it, "" where nothing */
};

/* "otlp", "grafana", "cloudevents"; what else they are called does not count. */
const char *ord_sink_name(enum ord_sink sink);
/*
 * Reads KIND=URL, of which url may be NULL, and puts the path of the kind after a URL that does not
 * end with it. Refuses what is no http or https URL, and one with a user and password in it: a
 * command line is seen by all.
 */
int ord_sink_parse(const char *text, enum ord_sink *ret, char url[static ORD_URL_MAX],
		   struct ord_err *err);
/* 0: all of it was taken. -1: not, or not by then; *ret says how far it got. The token is never in
 * either. */
int ord_deliver(const struct ord_delivery *d, struct ord_delivered *ret, struct ord_err *err);

#endif
