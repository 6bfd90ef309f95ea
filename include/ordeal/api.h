/*
 * The daemon's HTTP API: docs/formats/openapi.yaml, docs/formats/api.md. On the daemon's own event
 * loop, without a thread.
 */
#ifndef ORDEAL_API_H
#define ORDEAL_API_H

#include <stddef.h>

#include "ordeal/err.h"

struct ord_api;
struct ord_serve;
struct sd_event;

/* All of it is borrowed for as long as it is open; NULL: not given. Options come before the
 * settings' file. */
struct ord_api_options {
	const char *socket; /* the unix socket's path; default: serve.sock in ord_runtime_dir() */
	const char *listen; /* ADDRESS:PORT, beside it */
	const char *token_file;
	const char *tls_cert, *tls_key;
	const char *config;  /* docs/formats/api.md */
	const char *history; /* the folder of history.db */
	const char *runs;    /* the runs' folders */
	const char
		*gamedays;   /* the sessions' folders; default: those of ordeal's state directory */
	const char *program; /* that holds a game day; default: this executable */
	const char *const *holder_args; /* further arguments of it, NULL-ended */
	/* What goes wrong while it serves: a line, without a secret. */
	void (*log)(void *arg, const char *line);
	void *arg;
};

/* Listens from now on. ORD_USAGE: the settings, told with line and column. */
int ord_api_open(struct sd_event *loop, struct ord_serve *serve,
		 const struct ord_api_options *options, struct ord_api **ret, struct ord_err *err);
/*
 * Reads settings, tokens, certificate and key again, and takes them over: all of them, or, where
 * one is wrong, none, which is logged and stands in the status. Who may not any more is cut off.
 */
int ord_api_reload(struct ord_api *api, struct ord_err *err);
void ord_api_close(struct ord_api *api); /* NULL is fine */

#endif
