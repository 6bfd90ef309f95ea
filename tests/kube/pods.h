/*
 * A few pods that are on paper alone: what a misbehaving server says of them, and what the client
 * tells of them, both written as "a:1 b:2", name and resourceVersion.
 */
#ifndef ORDEAL_TEST_KUBE_PODS_H
#define ORDEAL_TEST_KUBE_PODS_H

#include "tests/kube/server.h"

struct world {
	struct bad_server s;
	struct kube_config *config;
	struct kube *k;
	struct kube_watch *watch;
	struct ord_err err;
	char told[4096]; /* what a list or a watch told, in one line */
	unsigned until;	 /* so many events */
	unsigned n, errors;
	bool close_it, rotate;
	char last_error[512], version[64]; /* of the list */
};

extern const struct kube_set pods;

void begin(struct world *w, bad_serve *serve);
void end(struct world *w);
/* Into w->told, as "a:1 b:2", and w->version. */
int list_all(struct world *w, uint64_t ms);
/* Watches until so many events were told, and half a second longer: no more may come. Into w->told:
 * "+a:1 ~a:2 -a:3 synced cut resumed". */
void watch(struct world *w, unsigned until);
/* What watch() does, without an end. */
void watch_open(struct world *w);
bool enough(void *world);
bool complained(void *world);

/* --- for the serving functions --- */
/* One pod as JSON. Returns a static buffer. */
const char *object(const char *name, unsigned version);
/* A PodList of "a:1 b:2"; next: the continue token. */
bool list(const struct bad_request *r, const char *spec, unsigned version, const char *next);
/* The beginning of a watch's answer, with these events in the same send: "+a:1 ~b:2 -c:3". */
bool stream(const struct bad_request *r, const char *spec);
/* More of them. */
bool events(const struct bad_request *r, const char *spec);
/* Until the client has told so many events: what was sent for them is read. */
void wait_told(const struct bad_request *r, unsigned n);
/* Says nothing more, and keeps the connection. */
bool hold(const struct bad_request *r);
bool asks(const struct bad_request *r, const char *what);

#endif
