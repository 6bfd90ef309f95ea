/*
 * Requests through libcurl's multi interface, on an epoll of our own with one timer: the epoll is a
 * source of the run's loop, and can be waited for where there is none. Every call ends within its
 * time.
 */
#ifndef ORDEAL_WIRE_H
#define ORDEAL_WIRE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define WIRE_BODY_MAX (16u << 20)
#define WIRE_ERROR    160

struct sd_event;
struct wire;

struct wire_request {
	const char *url;
	char *const *headers; /* "Name: value" */
	size_t n_headers;
	const char *token; /* "": none */
	const char *body;  /* NULL: a GET, else a POST of it; borrowed until it is answered */
	size_t size;
	bool insecure;
	uint64_t timeout_ns, every_ns;
};

/* What came of it; all of it is gone when the callback returns. */
struct wire_answer {
	CURLcode code;
	long status;
	char error[CURL_ERROR_SIZE]; /* what libcurl says of its code */
	const char *body;	     /* NUL-terminated */
	size_t size;
	uint64_t sent_ns, done_ns; /* CLOCK_MONOTONIC */
	int64_t date_s;		   /* the Date header, -1: none */
	uint64_t retry_ns;	   /* Retry-After, 0: none */
};
typedef void wire_answered(void *arg, const struct wire_answer *a);

/* loop may be NULL: then it is driven by wire_wait alone. */
int wire_open(struct sd_event *loop, struct wire **ret, struct ord_err *err);
void wire_close(struct wire *w); /* drops what is in flight without a word; NULL is fine */
/*
 * Calls answered() once, from the loop or wire_wait, never from here. *ret (may be NULL) serves to
 * drop it before that.
 */
struct wire_call;
int wire_send(struct wire *w, const struct wire_request *q, wire_answered *answered, void *arg,
	      struct wire_call **ret, struct ord_err *err);
void wire_drop(struct wire *w, struct wire_call *call); /* without a word */
size_t wire_busy(const struct wire *w);			/* calls in flight */
/* Waits until done(arg), or until the deadline. False: it came to that. */
bool wire_wait(struct wire *w, bool (*done)(void *arg), void *arg, uint64_t deadline_ns);

#endif
