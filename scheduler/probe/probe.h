/*
 * What a kind of probe is to the pacer: one const struct at the bottom of the kind's file. The http
 * kind lives in a module of its own and sees nothing but this header, so whatever it needs from us
 * comes through struct prb_host.
 */
#ifndef ORDEAL_PROBE_KIND_H
#define ORDEAL_PROBE_KIND_H

#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/probe.h"

#define PRB_BODY_MAX \
	(1u << 20) /* of an answer, for expectations; what is beyond is not looked at */

struct json_t;
struct sd_event;
struct prb_probe;

/* What to look at in an answer, made ready once. */
struct prb_expect {
	const struct ord_expect *spec; /* borrowed */
	bool has_body, has_header;
	regex_t body, header;
	struct json_t *value; /* of json_path, owned */
};

/* One slot in flight. The pacer keeps them for reuse, and the kind may keep its own state in them.
 */
struct prb_sample {
	struct ord_sample s;
	struct prb_probe *probe;
	struct prb_sample *next, *prev;
	/* The answer, for judging; body and header are reused from slot to slot. */
	char *body;
	size_t body_n, body_size;
	char *header; /* values of the header that is expected, comma separated */
	size_t header_size;
	int exit_status;
	void *io;    /* the kind's, kept until drop */
	void *quick; /* http's lean connection, while the slot is under way on one */
};

struct prb_host {
	struct sd_event *loop;
	void *cluster;				  /* of kube probes: struct ord_probe_source */
	const struct ord_source_spec *prometheus; /* of prom probes: the same */
	bool spins;				  /* slots come too close to be slept for */
	uint64_t trace[2]; /* what ids of traces are made from; zeros: they are random */
	/* The id of the trace that a slot begins, in two halves. False: there is no randomness to
	 * be had now. */
	bool (*trace_ids)(const struct prb_probe *p, uint64_t slot, uint64_t ret[static 2]);
	/*
	 * Ends a sample: call once, also from within `sample`. For ORD_OUTCOME_OK the expectations
	 * are looked at next; why (may be NULL) is for the others.
	 */
	void (*answered)(struct prb_sample *s, enum ord_outcome o, const char *why);
	/* Appends to the body, up to the limit. False: out of memory. */
	bool (*keep)(struct prb_sample *s, const char *data, size_t n);
	int (*fail)(struct ord_err *err, const char *where, enum ord_code code, const char *fmt,
		    ...) __attribute__((format(printf, 4, 5)));
	/* Fires what is due: for a kind between two pieces of work. */
	void (*turn)(const struct prb_host *host);
};

struct prb_probe {
	const struct ord_probe_spec *spec; /* borrowed */
	const struct prb_host *host;
	struct prb_expect expect;
	bool wants_body;
	void *state; /* the kind's */
};

struct prb_kind {
	const char *name;
	int (*open)(struct prb_probe *p, struct ord_err *err);
	/* Starts one slot; must not block. */
	void (*sample)(struct prb_probe *p, struct prb_sample *s);
	/* The slot's time is up: lets go of it at once. answered() must not be called for it. */
	void (*cancel)(struct prb_probe *p, struct prb_sample *s);
	/* Optional: handles what has arrived, without waiting; may call turn. */
	void (*poll)(struct prb_probe *p);
	/* Optional: frees s->io. */
	void (*drop)(struct prb_probe *p, struct prb_sample *s);
	/* After every sample was cancelled and dropped. Fine on a probe whose open failed. */
	void (*close)(struct prb_probe *p);
};

extern const struct prb_kind prb_tcp, prb_exec, prb_dns;

/* Opens the module on first use; ORD_SKIP where it is not installed. */
int prb_http_module(const struct prb_kind **ret, struct ord_err *err);
#define PRB_HTTP_SYMBOL "ordeal_http_kind"

int prb_expect_open(struct prb_expect *x, const struct ord_expect *spec, struct ord_err *err);
void prb_expect_close(struct prb_expect *x);
/* Whether any expectation needs the body. */
bool prb_expect_wants_body(const struct ord_expect *spec);
/* Judges an answer; s->s.done is set. Sets outcome and why. */
void prb_judge(const struct ord_probe_spec *spec, const struct prb_expect *x, struct prb_sample *s);

/* The class of a failed connect, read or write. */
static inline enum ord_outcome prb_outcome_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EACCES:
	case EPERM:
	case ENOENT:
		return ORD_OUTCOME_REFUSED;
	case ETIMEDOUT:
		return ORD_OUTCOME_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EADDRNOTAVAIL:
	case EAGAIN:
		return ORD_OUTCOME_LOCAL_ERROR;
	default:
		return ORD_OUTCOME_RESET;
	}
}

/* trace.c: prb_host.trace and trace_ids */
void prb_trace_from(uint64_t ret[static 2], uint64_t seed, const char *run);
bool prb_trace_ids(const struct prb_probe *p, uint64_t slot, uint64_t ret[static 2]);

#endif
