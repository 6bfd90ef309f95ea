/* Who asks, and what he may do. All of this is pure but for the token file. */
#ifndef ORDEAL_SERVE_API_WHO_H
#define ORDEAL_SERVE_API_WHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

/* Each may do what those before it may. */
enum api_role { API_NONE, API_VIEWER, API_RESPONDER, API_OPERATOR };

struct api_who {
	enum api_role role;
	bool by_cookie;	 /* a browser sends it by itself, whoever made it ask */
	const char *why; /* none: why not */
	char text[80];	 /* for the record: "uid 1000", "token ops" */
	size_t token;	 /* its place among them, from 1; 0: by none */
	int64_t until_s; /* of a session, since 1970; INT64_MAX: as long as he likes */
};

const char *api_role_name(enum api_role role);
/* False: there is none of that name. */
bool api_role_parse(const char *name, enum api_role *ret);

#define API_TOKENS_MAX 64
#define API_TOKEN_MIN  16
#define API_TOKEN_MAX  512
#define API_TOKEN_NAME 32

struct api_token {
	enum api_role role;
	char name[API_TOKEN_NAME];
	char text[API_TOKEN_MAX + 1];
};

struct api_tokens {
	struct api_token v[API_TOKENS_MAX];
	size_t n;
};

/*
 * Lines of `ROLE TOKEN [NAME]`; empty ones and those that begin with # are for people. The error
 * names the line, and never what stands there.
 */
int api_tokens_parse(const char *text, size_t size, struct api_tokens *ret, struct ord_err *err);
/* The same of a file that nobody else can read: ORD_GUARD where somebody can. */
int api_tokens_read(const char *path, struct api_tokens *ret, struct ord_err *err);
void api_tokens_done(struct api_tokens *t); /* leaves nothing in memory */

/* NULL: it is none of them. Every token is compared, whatever the others were. */
const struct api_token *api_token_find(const struct api_tokens *t, const char *given);

#define API_SESSION_S	(12 * 3600)
#define API_COOKIE_NAME "ordeal"
#define API_COOKIE_MAX	128

/*
 * A session is a cookie that says until when, signed with the token that it was had for: it needs
 * no memory, outlives a restart, and ends with its token.
 */
void api_cookie_make(const struct api_token *token, int64_t now_s, char out[static API_COOKIE_MAX]);
/* The value alone. NULL: it is no session's, or one that is over. */
const struct api_token *api_cookie_find(const struct api_tokens *t, const char *value,
					int64_t now_s, int64_t *ret_until_s);

/*
 * Whether a browser may have been led here by a name that somebody else's DNS gives out: an IP
 * address as Host, or localhost, or one of the n names that the settings have, is fine.
 */
bool api_host_good(const char *host, char *const *names, size_t n);
/* Whether an Origin is this server: SCHEME://HOST as the request's Host has it. */
bool api_origin_good(const char *origin, const char *host, bool tls);

#endif
