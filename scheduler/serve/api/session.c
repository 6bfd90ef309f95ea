/* Who asks; and a cookie for a token, so that a page need not keep it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "scheduler/serve/api/handlers.h"

static json_t *you(const char *who, enum api_role role)
{
	return json_pack("{s:s?,s:s}", "who", who, "role", api_role_name(role));
}

static void set_cookie(const struct api_request *q, struct api_answer *a, const char *value,
		       int age_s)
{
	(void)snprintf(a->cookie, sizeof a->cookie,
		       API_COOKIE_NAME "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
		       value, age_s, q->conn->link->tls ? "; Secure" : "");
}

void api_session(struct api_request *q, struct api_answer *a)
{
	/* Who has no role is told so, and not refused: a page asks this first. */
	api_json(a, MHD_HTTP_OK, you(q->who.role ? q->who.text : NULL, q->who.role));
}

void api_login(struct api_request *q, struct api_answer *a)
{
	const struct api_token *token;
	char value[API_COOKIE_MAX], who[sizeof q->who.text];
	const char *text;
	struct ord_err err;

	if (q->conn->link->is_unix) {
		api_problem(a, MHD_HTTP_CONFLICT, "on the unix socket the kernel says who you are");
		return;
	}
	if (ord_json_text(q->json, "token", API_TOKEN_MAX, &text, &err)) {
		api_failed(a, &err);
		return;
	}
	token = api_token_find(&q->api->files->tokens, text);
	if (!token) {
		api_problem(a, MHD_HTTP_UNAUTHORIZED, "that is none of the tokens");
		return;
	}
	api_cookie_make(token, (int64_t)(ord_wall_ns() / ORD_S), value);
	set_cookie(q, a, value, API_SESSION_S);
	(void)snprintf(who, sizeof who, "token %s", token->name);
	api_json(a, MHD_HTTP_OK, you(who, token->role));
}

void api_logout(struct api_request *q, struct api_answer *a)
{
	set_cookie(q, a, "", 0);
	a->status = MHD_HTTP_NO_CONTENT;
}
