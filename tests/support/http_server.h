/*
 * A real HTTP server for tests and benchmarks: a child of its own, which dies with its parent. It
 * answers /ok, /json, /status/NNN, /header; /reset closes with a TCP reset, /hang never answers,
 * /close ends without a word. SIGSTOP makes it hang as a whole.
 */
#ifndef ORDEAL_TEST_HTTP_SERVER_H
#define ORDEAL_TEST_HTTP_SERVER_H

#include <stdint.h>
#include <sys/types.h>

struct http_server {
	pid_t pid;
	uint16_t port;
};

/* On 127.0.0.1 and a free port. -1 and errno on failure. */
int http_server_start(struct http_server *ret);
void http_server_stop(struct http_server *s);
/* A port of 127.0.0.1 where nobody listens (for as long as nobody takes it). */
uint16_t http_free_port(void);

#endif
