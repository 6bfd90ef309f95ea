/* The daemon's settings: `ordeal serve DIR --config FILE` (docs/formats/api.md). */
#ifndef ORDEAL_SERVE_API_SETTINGS_H
#define ORDEAL_SERVE_API_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ordeal/err.h"
#include "scheduler/serve/api/who.h"

#define API_HOSTS_MAX  16
#define API_GROUPS_MAX 32
#define API_HOOKS_MAX  16
#define API_TEXT_MAX   4096

enum api_hook_format { API_HOOK_CLOUDEVENTS, API_HOOK_SLACK };

struct api_hook {
	char *url, *url_file, *secret_file; /* owned; url or url_file */
	unsigned format;		    /* enum api_hook_format */
	uint32_t events;		    /* bits of api_ring_type() */
};

struct api_group {
	char *name; /* owned */
	gid_t gid;
	enum api_role role;
};

/* Texts are owned; NULL: not given. */
struct api_settings {
	char *listen, *token_file, *tls_cert, *tls_key;
	char *hosts[API_HOSTS_MAX];
	size_t n_hosts;
	struct api_group groups[API_GROUPS_MAX];
	size_t n_groups;
	struct api_hook hooks[API_HOOKS_MAX];
	size_t n_hooks;
};

/*
 * path is for messages: "FILE:LINE:COLUMN: what, and what would be right", the first of the
 * mistakes. Groups become numbers by the machine's list of them.
 */
int api_settings_parse(const char *path, const char *text, size_t size, struct api_settings *ret,
		       struct ord_err *err);
int api_settings_read(const char *path, struct api_settings *ret, struct ord_err *err);
void api_settings_done(struct api_settings *s);

#endif
