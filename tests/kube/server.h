/*
 * An API server that misbehaves on purpose: HTTP/1.1 on loopback, a process for each connection,
 * all of which end with the test. What it does with a request is the test's own function, run in
 * the server; it counts in memory that the test sees.
 */
#ifndef ORDEAL_TEST_KUBE_SERVER_H
#define ORDEAL_TEST_KUBE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kube/kube.h"

struct bad_shared {
	atomic_uint hits, a, b, c; /* requests, and what a test counts */
	char paths[32][512];	   /* of the first requests: method and path */
	char authorization[128];   /* of the last one */
	atomic_uint told;	   /* what the client has told of it (pods.h) */
};

struct bad_request {
	int fd;
	unsigned n; /* its number, from 0 */
	char method[8], path[4096];
	const char *body;
	struct bad_shared *shared;
};

struct bad_server {
	pid_t pid;
	uint16_t port;
	struct bad_shared *shared;
	char kubeconfig[64], token[64]; /* files */
	unsigned rotated;
};

/* false: the connection ends. */
typedef bool bad_serve(const struct bad_request *r);

void bad_server_start(struct bad_server *s, bad_serve *serve);
/* A client of it, with the token "first-secret", read from the file s->token. */
struct kube *bad_server_client(struct bad_server *s, struct kube_config **ret_config);
/* Another user in its kubeconfig, as "token: x"; port 0: the same server. For clients that are made
 * later, or look again. */
void bad_server_user(struct bad_server *s, const char *user, uint16_t port);
/* Another token in that file: "secret-1", "secret-2"... */
void bad_server_rotate(struct bad_server *s);
void bad_server_stop(struct bad_server *s);

/* --- for the serving functions --- */
bool bad_send(const struct bad_request *r, const void *data, size_t size);
bool bad_say(const struct bad_request *r, const char *text);
/* A whole answer; headers: "X: y\r\n" or "". True. */
bool bad_answer(const struct bad_request *r, int status, const char *headers, const char *body);
bool bad_status(const struct bad_request *r, int status, const char *headers, const char *reason,
		const char *message);
/* The beginning of a watch's answer, with its first piece ("": none) in the same send: the client
 * does nothing in between. */
bool bad_stream(const struct bad_request *r, const char *first);
/* Another piece. */
bool bad_chunk(const struct bad_request *r, const char *text);
/* The connection ends with a TCP reset. False. */
bool bad_reset(const struct bad_request *r);
void bad_wait_ms(unsigned ms);

#endif
