/* A request's head: the target, Host, who asks, and whether a browser was tricked into asking. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "scheduler/serve/api/api.h"

#define BEARER "Bearer "

const char *api_header(const struct api_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, name);
}

/* "{name}" takes any segment. */
static bool route_takes(const char *path, const struct api_target *t, const char *names[static 2])
{
	size_t i = 0, n = 0;

	for (const char *p = path; *p == '/' && p[1];) {
		size_t size = strcspn(++p, "/");

		if (i == t->n_segments)
			return false;
		if (*p == '{')
			names[n++] = t->segments[i];
		else if (strlen(t->segments[i]) != size || memcmp(t->segments[i], p, size) != 0)
			return false;
		p += size;
		i++;
	}
	return i == t->n_segments;
}

static void find_route(struct api_request *q, const char *method)
{
	bool head = !strcmp(method, MHD_HTTP_METHOD_HEAD), known = false;

	for (size_t i = 0; i < api_n_routes && !q->route; i++) {
		const struct api_route *r = &api_routes[i];
		const char *names[2] = {NULL, NULL};

		if (!route_takes(r->path, &q->target, names))
			continue;
		known = true;
		q->answer.allow = r->method;
		if (strcmp(method, r->method) != 0 && !(head && !strcmp(r->method, "GET")))
			continue;
		q->route = r;
		memcpy(q->names, names, sizeof names);
	}
	if (q->route)
		q->answer.allow = NULL;
	else if (known)
		api_problem(&q->answer, MHD_HTTP_METHOD_NOT_ALLOWED, "this takes no %.16s", method);
	else
		api_problem(&q->answer, MHD_HTTP_NOT_FOUND,
			    "there is no such path; /openapi.yaml "
			    "has all of them");
}

static void token_who(const struct api_tokens *all, const struct api_token *t, struct api_who *ret)
{
	if (!t)
		return;
	ret->role = t->role;
	ret->token = (size_t)(t - all->v) + 1;
	(void)snprintf(ret->text, sizeof ret->text, "token %s", t->name);
}

/* The Authorization header, else the cookie. */
static void who_by_token(struct api_request *q, struct api_who *ret)
{
	const char *auth = api_header(q, MHD_HTTP_HEADER_AUTHORIZATION);
	const char *cookie = MHD_lookup_connection_value(q->mhd, MHD_COOKIE_KIND, API_COOKIE_NAME);
	const struct api_tokens *tokens = &q->api->files->tokens;
	int64_t now_s = (int64_t)(ord_wall_ns() / ORD_S);
	size_t n = sizeof BEARER - 1;

	*ret = (struct api_who){.why = "it needs 'Authorization: Bearer TOKEN'",
				.until_s = INT64_MAX};
	if (auth) {
		ret->why = "that is none of the tokens";
		if (!strncasecmp(auth, BEARER, n) && strlen(auth) - n <= API_TOKEN_MAX)
			token_who(tokens, api_token_find(tokens, auth + n), ret);
	} else if (cookie) {
		ret->why = "the session is over";
		if (strlen(cookie) < API_COOKIE_MAX)
			token_who(tokens, api_cookie_find(tokens, cookie, now_s, &ret->until_s),
				  ret);
		ret->by_cookie = ret->role != API_NONE;
	}
}

void api_role_check(struct api_request *q)
{
	enum api_role needed = q->route->role;

	if (q->conn->link->is_unix)
		q->who = q->conn->peer;
	else
		who_by_token(q, &q->who);
	if (q->who.role >= needed)
		return;
	if (q->who.role == API_NONE && !q->conn->link->is_unix)
		api_problem(&q->answer, MHD_HTTP_UNAUTHORIZED, "%s", q->who.why);
	else if (q->who.role == API_NONE)
		api_problem(&q->answer, MHD_HTTP_FORBIDDEN, "%s is none of those who may: %s",
			    q->who.text, q->who.why);
	else
		api_problem(&q->answer, MHD_HTTP_FORBIDDEN, "%s is a %s, and this needs a%s %s",
			    q->who.text, api_role_name(q->who.role),
			    needed == API_OPERATOR ? "n" : "", api_role_name(needed));
}

/* A request that changes something. */
static void check_change(struct api_request *q)
{
	const char *type = api_header(q, MHD_HTTP_HEADER_CONTENT_TYPE), *json = "application/json";
	const char *origin = api_header(q, MHD_HTTP_HEADER_ORIGIN);
	const char *host = api_header(q, MHD_HTTP_HEADER_HOST);
	const char *site = api_header(q, "Sec-Fetch-Site");

	if ((origin && !(host && api_origin_good(origin, host, q->conn->link->tls))) ||
	    (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0))
		api_problem(&q->answer, MHD_HTTP_FORBIDDEN, "another site's page asked for this");
	else if (q->who.by_cookie && !origin)
		api_problem(&q->answer, MHD_HTTP_FORBIDDEN,
			    "with a cookie, a request that changes something needs an Origin");
	else if (!type || strncasecmp(type, json, strlen(json)) != 0 ||
		 !strchr("; \t", type[strlen(json)]))
		api_problem(&q->answer, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
			    "it needs 'Content-Type: application/json'");
}

struct framing {
	unsigned hosts, lengths, codings;
	bool odd; /* a coding other than chunked alone, or a name that is none */
};

static enum MHD_Result count(void *arg, enum MHD_ValueKind kind, const char *name,
			     const char *value)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct framing *f = arg;

	(void)kind;
	/* "Transfer-Encoding :" is one to some, and to libmicrohttpd another. */
	f->odd |= !*name || name[strspn(name, token)];
	if (!strcasecmp(name, MHD_HTTP_HEADER_HOST))
		f->hosts++;
	else if (!strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH))
		f->lengths++;
	else if (!strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
		f->codings++;
		f->odd |= !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

/* Where a request ends must not be a matter of opinion: a proxy before us may have another. */
static void check_framing(struct api_request *q)
{
	struct framing f = {0};

	(void)MHD_get_connection_values(q->mhd, MHD_HEADER_KIND, count, &f);
	if (f.hosts <= 1 && f.lengths + f.codings <= 1 && !f.odd)
		return;
	q->answer.close = true;
	api_problem(&q->answer, MHD_HTTP_BAD_REQUEST,
		    "a request has one Host, one Content-Length or 'Transfer-Encoding: chunked' "
		    "at most, and no blank in a header's name");
}

void api_head(struct api_request *q, const char *method)
{
	const struct api_settings *s = &q->api->files->settings;
	const char *odd;

	check_framing(q);
	if (q->answer.status)
		return;
	if (!q->target_good) {
		api_problem(&q->answer, MHD_HTTP_BAD_REQUEST, "%s", q->target_why);
		return;
	}
	if (!q->conn->link->is_unix &&
	    !api_host_good(api_header(q, MHD_HTTP_HEADER_HOST), s->hosts, s->n_hosts)) {
		api_problem(
			&q->answer, MHD_HTTP_MISDIRECTED_REQUEST,
			"that Host is no name of this daemon's; its settings' 'hosts' has them");
		return;
	}
	find_route(q, method);
	if (!q->answer.status)
		api_role_check(q);
	odd = q->answer.status ? NULL : api_target_unknown(&q->target, q->route->args);
	if (odd)
		api_problem(&q->answer, MHD_HTTP_BAD_REQUEST, "'%.40s' is no argument of this",
			    odd);
	if (!q->answer.status && strcmp(q->route->method, "GET") != 0)
		check_change(q);
}
