/* One server that is asked, Prometheus or Alertmanager: its URL, its secrets, its clock, and how
 * often it may be bothered. */
#ifndef ORDEAL_MONITOR_SERVER_H
#define ORDEAL_MONITOR_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/spec.h"
#include "scheduler/wire/wire.h"
#include "scheduler/monitor/read/needs.h"

#define SERVER_WHY 240

struct asking;

struct server {
	const char *name;		    /* "prometheus" */
	const struct ord_source_spec *spec; /* borrowed; url NULL: there is none */
	struct wire *wire;
	struct asking *askings; /* in flight */
	char *token;		/* owned; as it was sent last, "" without one */
	struct mon_clock clock;
};

struct server_answer {
	const char *why;     /* NULL: it answered; else in plain words, without secrets */
	const json_t *value; /* Prometheus: its `data`; else the whole answer. Borrowed */
	uint64_t sent_ns, done_ns, retry_ns;
	int64_t date_s;
};
typedef void server_answered(void *arg, const struct server_answer *a);

struct server_param {
	const char *name, *value;
};

enum server_form {
	SERVER_PROMETHEUS, /* {"status": "success", "data": ...} */
	SERVER_PLAIN,	   /* JSON */
	SERVER_ANY,	   /* whatever it is: only the clock matters */
};

void server_init(struct server *s, const char *name, const struct ord_source_spec *spec,
		 struct wire *wire);
void server_done(struct server *s);
void server_drop(struct server *s); /* what is in flight, without a word */
/*
 * GET url/path?params. answered() comes once, from the loop, or at once where it cannot be asked;
 * params end with a NULL name, and may be NULL.
 */
void server_ask(struct server *s, enum server_form form, const char *path,
		const struct server_param *params, server_answered *answered, void *arg);
/* What a server said, without secrets ("***" in their place), printable, cut to
 * fit. */
void server_told(const struct server *s, const char *said, char out[static SERVER_WHY]);

/* An instant query, and one over a range; times are the server's, in ns since 1970. */
void server_query(struct server *s, const char *query, int64_t at_ns, server_answered *answered,
		  void *arg);
void server_range(struct server *s, const char *query, int64_t from_ns, int64_t to_ns,
		  uint64_t step_ns, server_answered *answered, void *arg);
/* A timestamp of a sample: seconds with a fraction of milliseconds. */
int64_t server_stamp(const json_t *number);

#endif
