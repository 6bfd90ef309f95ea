#include "ordeal/deliver.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"
#include "deliver/post.h"
#include "deliver/retry.h"

#define TRY_NS	  (10 * ORD_S) /* one try, unless less is left */
#define TOKEN_MAX 4096

static const struct sink {
	const char *name, *path, *type;
} sinks[ORD_SINKS] = {
	[ORD_SINK_OTLP] = {"otlp", "/v1/traces", "Content-Type: application/json"},
	[ORD_SINK_GRAFANA] = {"grafana", "/api/annotations", "Content-Type: application/json"},
	/* Where events go is told by the whole URL. */
	[ORD_SINK_CLOUDEVENTS] = {"cloudevents", "",
				  "Content-Type: application/cloudevents-batch+json; "
				  "charset=UTF-8"},
};

const char *ord_sink_name(enum ord_sink sink)
{
	return sinks[sink].name;
}

static int check_url(const char *kind, const char *url, struct ord_err *err)
{
	const char *host = strstr(url, "://");

	if (strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8))
		return ord_fail(err, ORD_USAGE, "%s needs a URL of http or https", kind);
	host += 3;
	if (!*host || strchr("/?#:", *host))
		return ord_fail(err, ORD_USAGE, "the URL of %s has no host", kind);
	if (memchr(host, '@', strcspn(host, "/?#")))
		return ord_fail(
			err, ORD_USAGE,
			"the URL of %s has a user in it, which everybody sees in the list of "
			"processes; give --token-file",
			kind);
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '#')
			return ord_fail(err, ORD_USAGE,
					"the URL of %s has a character that no URL has", kind);
	return 0;
}

/* The path goes before a query. */
static int join(const struct sink *s, const char *url, char out[static ORD_URL_MAX],
		struct ord_err *err)
{
	size_t len = strcspn(url, "?"), path = strlen(s->path);
	const char *query = url + len;
	int n;

	while (path && len && url[len - 1] == '/')
		len--;
	if (len >= path && !strncmp(url + len - path, s->path, path))
		path = 0;
	n = snprintf(out, ORD_URL_MAX, "%.*s%s%s", (int)len, url, path ? s->path : "", query);
	if (n >= ORD_URL_MAX)
		return ord_fail(err, ORD_USAGE, "the URL of %s is longer than %d bytes", s->name,
				ORD_URL_MAX - 1);
	return 0;
}

int ord_sink_parse(const char *text, enum ord_sink *ret, char url[static ORD_URL_MAX],
		   struct ord_err *err)
{
	size_t len = strcspn(text, "=");

	for (unsigned i = 0; i < ORD_SINKS; i++) {
		if (strlen(sinks[i].name) != len || strncmp(text, sinks[i].name, len) != 0)
			continue;
		if (!text[len])
			return ord_fail(err, ORD_USAGE, "%s needs a URL: %s=http://HOST:PORT",
					sinks[i].name, sinks[i].name);
		if (check_url(sinks[i].name, text + len + 1, err) ||
		    join(&sinks[i], text + len + 1, url, err))
			return -1;
		*ret = (enum ord_sink)i;
		return 0;
	}
	return ord_fail(err, ORD_USAGE,
			"'%.*s' is nowhere to send to; write otlp=URL, grafana=URL or "
			"cloudevents=URL",
			len > 40 ? 40 : (int)len, text);
}

/* A delivery on its way. */
struct way {
	const struct ord_delivery *d;
	struct ord_delivered *out;
	post_fn *post;
	const char *headers[3];
	size_t n_headers;
	struct ord_rng rng;
	uint64_t end;
};

/* What the other side said, on one line, without control characters and without our token, which a
 * server may well give back. */
static void remark(struct way *w, const char *text)
{
	char *out = w->out->remark;
	const char *token = w->d->token;
	size_t n = 0, len = token ? strlen(token) : 0;

	while (*text && n + 4 < sizeof w->out->remark) {
		if (len && !strncmp(text, token, len)) {
			n += (size_t)snprintf(out + n, 4, "***");
			text += len;
			continue;
		}
		out[n++] = *text < ' ' || *text > '~' ? ' ' : *text;
		text++;
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* A collector that took a part says how many it did not take: reported, and never sent again. */
static void partial(struct way *w, const char *body)
{
	ord_auto(json) json_t *j = json_loads(body, 0, NULL);
	const json_t *p = json_object_get(j, "partialSuccess"), *n;
	const char *why = json_string_value(json_object_get(p, "errorMessage"));
	char text[sizeof w->out->remark], count[24] = "0";

	if (!p)
		return;
	n = json_object_get(p, "rejectedSpans");
	if (json_is_string(n))
		(void)snprintf(count, sizeof count, "%.20s", json_string_value(n));
	else if (json_is_integer(n))
		(void)snprintf(count, sizeof count, "%lld", (long long)json_integer_value(n));
	if (!strcmp(count, "0") && (!why || !*why))
		return;
	(void)snprintf(text, sizeof text, "%s spans were rejected%s%.200s", count,
		       why && *why ? ": " : "", why ? why : "");
	remark(w, text);
}

static int give_up(struct way *w, const struct post_answer *a, const char *why, struct ord_err *err)
{
	const char *s = w->out->tries == 1 ? "" : "s";

	remark(w, a->status ? a->body : a->error);
	if (a->status)
		return ord_fail(err, ORD_SYS, "status %ld%s, tried %u time%s%s%.200s", a->status,
				why, w->out->tries, s, w->out->remark[0] ? ": " : "",
				w->out->remark);
	return ord_fail(err, ORD_SYS, "no answer%s, tried %u time%s: %.200s", why, w->out->tries, s,
			w->out->remark);
}

/* Waits before the next try; false: it would end too late. */
static bool wait_again(struct way *w, const struct post_answer *a, unsigned n)
{
	int64_t told = ord_retry_after_ns(a->retry_after, (int64_t)(ord_wall_ns() / ORD_S));
	uint64_t now = ord_now_ns(),
		 wait = told >= 0 ? (uint64_t)told : ord_retry_backoff_ns(n, &w->rng);
	struct timespec until;

	if (wait >= w->end || now + wait >= w->end)
		return false;
	until = ord_timespec(now + wait);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		;
	return true;
}

static int post_part(struct way *w, const char *body, size_t size, struct ord_err *err)
{
	struct post_request q = {.url = w->d->url,
				 .headers = w->headers,
				 .n_headers = w->n_headers,
				 .body = body,
				 .size = size};

	for (unsigned n = 1;; n++) {
		uint64_t now = ord_now_ns(), left = now < w->end ? w->end - now : 0;
		struct post_answer a = {0};

		q.timeout_ns = left < TRY_NS ? left : TRY_NS;
		w->out->tries++;
		if (w->post(&q, &a))
			return ord_fail(err, ORD_SYS, "libcurl has no memory");
		if (a.status >= 200 && a.status < 300) {
			if (w->d->sink == ORD_SINK_OTLP)
				partial(w, a.body);
			w->out->delivered++;
			return 0;
		}
		if (a.final || !ord_retry_wanted(a.status))
			return give_up(w, &a, "", err);
		if (!wait_again(w, &a, n))
			return give_up(w, &a, ", and the time to send is over", err);
	}
}

/* Grafana takes one annotation at a time. */
static int post_each(struct way *w, struct ord_err *err)
{
	ord_auto(json) json_t *list = json_loadb(w->d->body, w->d->size, 0, NULL);
	const json_t *one;
	size_t i;

	if (!json_is_array(list))
		return ord_fail(err, ORD_USAGE, "the annotations are no list");
	w->out->parts = json_array_size(list);
	json_array_foreach (list, i, one) {
		ord_autofree char *text = json_dumps(one, JSON_COMPACT);

		if (!text)
			return ord_fail_nomem(err);
		if (post_part(w, text, strlen(text), err))
			return ord_wrap(err, "annotation %zu of %zu", i + 1, w->out->parts);
	}
	return 0;
}

int ord_deliver(const struct ord_delivery *d, struct ord_delivered *ret, struct ord_err *err)
{
	static char bearer[TOKEN_MAX + 32];
	struct way w = {.d = d, .out = ret, .end = ord_now_ns() + d->within_ns};

	*ret = (struct ord_delivered){.parts = 1};
	if (post_module(&w.post, err))
		return -1;
	w.headers[w.n_headers++] = sinks[d->sink].type;
	/* libcurl would first ask whether a large body is welcome. */
	w.headers[w.n_headers++] = "Expect:";
	if (d->token) {
		(void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", d->token);
		w.headers[w.n_headers++] = bearer;
	}
	ord_rng_init(&w.rng, d->seed);
	if (d->sink == ORD_SINK_GRAFANA)
		return post_each(&w, err);
	return post_part(&w, d->body, d->size, err);
}
