#include "scheduler/serve/api/hooks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "deliver/retry.h"
#include "scheduler/serve/api/api.h"
#include "scheduler/wire/wire.h"

#define TIMEOUT_NS  (10 * ORD_S)
#define SECRET_MAX  4096
#define SECRET_MIN  16
#define HOST_SHOWN  80
#define HEADERS_MAX 2

struct hook {
	struct api_hooks *all;
	const struct api_hook *settings; /* borrowed */
	char *url, *secret;		 /* owned; secret may be NULL */
	size_t secret_size;
	char host[HOST_SHOWN];	     /* what logs may say of the URL */
	char *queue[API_HOOK_QUEUE]; /* owned: bodies */
	size_t first, n;
	unsigned tries; /* of the first */
	char *signature;
	struct wire_call *call;
	sd_event_source *timer;
	bool silent; /* its failing was told */
};

struct api_hooks {
	struct ord_api *api;
	struct wire *wire;
	struct ord_rng rng;
	char source[96];
	uint64_t life;
	size_t n;
	struct hook v[];
};

static void send_first(struct hook *h);

/* --- the queue -------------------------------------------------------------------------------- */

static void drop_first(struct hook *h)
{
	free(h->queue[h->first]);
	h->queue[h->first] = NULL;
	h->first = (h->first + 1) % API_HOOK_QUEUE;
	h->n--;
	h->tries = 0;
}

static void put(struct hook *h, char *body)
{
	size_t oldest = (h->first + 1) % API_HOOK_QUEUE;

	if (h->n == API_HOOK_QUEUE) {
		/* The first may be under way; the one behind it goes. */
		h->all->api->metrics.hooks_dropped++;
		free(h->queue[oldest]);
		h->queue[oldest] = h->queue[h->first];
		h->first = oldest;
		h->n--;
	}
	h->queue[(h->first + h->n++) % API_HOOK_QUEUE] = body;
}

size_t api_hooks_waiting(const struct api_hooks *h)
{
	size_t n = 0;

	for (size_t i = 0; h && i < h->n; i++)
		n += h->v[i].n;
	return n;
}

/* --- sending ---------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	send_first(arg);
	return 0;
}

static void wait_for(struct hook *h, uint64_t ns)
{
	(void)sd_event_source_set_time(h->timer, (ord_now_ns() + ns) / ORD_US);
	(void)sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

static void give_up(struct hook *h, const char *why)
{
	struct ord_api *api = h->all->api;

	api->metrics.hooks_failed++;
	if (!h->silent)
		api_log(api, "webhook to %s: %s; given up after %u tries", h->host, why, h->tries);
	h->silent = true;
	drop_first(h);
	if (h->n)
		wait_for(h, ord_retry_backoff_ns(1, &h->all->rng));
}

static void on_answer(void *arg, const struct wire_answer *a)
{
	struct hook *h = arg;
	char why[WIRE_ERROR];

	h->call = NULL;
	free(h->signature);
	h->signature = NULL;
	if (a->status / 100 == 2) {
		h->all->api->metrics.hooks_delivered++;
		h->silent = false;
		drop_first(h);
		if (h->n)
			wait_for(h, 0);
		return;
	}
	if (a->status)
		(void)snprintf(why, sizeof why, "it answers %ld", a->status);
	else
		(void)snprintf(why, sizeof why, "%.120s", a->error);
	if (!ord_retry_wanted(a->status) || h->tries >= API_HOOK_TRIES) {
		give_up(h, why);
		return;
	}
	wait_for(h, a->retry_ns ? a->retry_ns : ord_retry_backoff_ns(h->tries, &h->all->rng));
}

/* Signed anew at each try: the receiver refuses what is old. */
static void send_first(struct hook *h)
{
	const char *body = h->queue[h->first];
	bool slack = h->settings->format == API_HOOK_SLACK;
	char *headers[HEADERS_MAX];
	struct wire_request q = {
		.url = h->url,
		.headers = headers,
		.token = "",
		.body = body,
		.timeout_ns = TIMEOUT_NS,
		.every_ns = ORD_S,
	};
	char plain[] = "Content-Type: application/json";
	char cloud[] = "Content-Type: application/cloudevents+json; charset=utf-8";
	struct ord_err err;

	if (h->call || !h->n)
		return;
	q.size = strlen(body);
	headers[q.n_headers++] = slack ? plain : cloud;
	if (h->secret)
		h->signature = api_hook_signature(h->secret, h->secret_size,
						  (int64_t)(ord_wall_ns() / ORD_S), body);
	if (h->signature)
		headers[q.n_headers++] = h->signature;
	h->tries++;
	if (wire_send(h->all->wire, &q, on_answer, h, &h->call, &err)) {
		free(h->signature);
		h->signature = NULL;
		give_up(h, err.msg);
	}
}

void api_hooks_event(struct api_hooks *all, const char *type, const json_t *data, uint64_t id)
{
	uint32_t bit = api_ring_type(type);
	char text[64];

	if (!all)
		return;
	(void)snprintf(text, sizeof text, "%" PRIx64 "/%" PRIu64, all->life, id);
	for (size_t i = 0; i < all->n; i++) {
		struct hook *h = &all->v[i];
		char *body;

		if (!(h->settings->events & bit))
			continue;
		body = h->settings->format == API_HOOK_SLACK
			       ? api_hook_slack(type, data)
			       : api_hook_cloudevent(all->source, text, ord_wall_ns(), type, data);
		if (!body) {
			all->api->metrics.hooks_dropped++;
			continue;
		}
		put(h, body);
		if (h->n == 1)
			wait_for(h, 0);
	}
}

/* --- open ------------------------------------------------------------------------------------- */

/* A text of a file that is a secret: without the end of its line. */
static int read_secret(const char *path, char **ret, size_t *ret_size, struct ord_err *err)
{
	size_t size;
	char *text;

	if (ord_file_read(path, SECRET_MAX, &text, &size, err))
		return -1;
	while (size && strchr("\r\n", text[size - 1]))
		text[--size] = '\0';
	*ret = text;
	*ret_size = size;
	return 0;
}

static int open_hook(struct hook *h, struct ord_err *err)
{
	const struct api_hook *s = h->settings;
	const char *host;
	size_t size;

	if (s->url_file ? read_secret(s->url_file, &h->url, &size, err)
			: !(h->url = strdup(s->url)) && ord_fail_nomem(err))
		return -1;
	if (strncmp(h->url, "http://", 7) != 0 && strncmp(h->url, "https://", 8) != 0)
		return ord_fail(err, ORD_USAGE, "%s holds no http or https URL", s->url_file);
	host = strstr(h->url, "//") + 2;
	size = strcspn(host, "/?#");
	/* What stands before an @ is a secret too. */
	while (memchr(host, '@', size)) {
		size -= strcspn(host, "@") + 1;
		host += strcspn(host, "@") + 1;
	}
	(void)snprintf(h->host, sizeof h->host, "%.*s", (int)size, host);
	if (s->secret_file && read_secret(s->secret_file, &h->secret, &h->secret_size, err))
		return -1;
	if (h->secret && h->secret_size < SECRET_MIN)
		return ord_fail(err, ORD_USAGE, "%s: a key has at least %d bytes", s->secret_file,
				SECRET_MIN);
	if (sd_event_add_time(h->all->api->loop, &h->timer, CLOCK_MONOTONIC, 0, ORD_MS / ORD_US,
			      on_timer, h) < 0 ||
	    sd_event_source_set_enabled(h->timer, SD_EVENT_OFF) < 0)
		return ord_fail(err, ORD_SYS, "a webhook does not get onto the event loop");
	return 0;
}

int api_hooks_open(struct ord_api *api, struct api_hooks **ret, struct ord_err *err)
{
	const struct api_settings *s = &api->settings;
	char host[65] = "localhost";
	struct api_hooks *all;

	*ret = NULL;
	if (!s->n_hooks)
		return 0;
	all = calloc(1, sizeof *all + s->n_hooks * sizeof *all->v);
	if (!all)
		return ord_fail_nomem(err);
	all->api = api;
	all->life = ord_wall_ns() / ORD_MS;
	ord_rng_init(&all->rng, ord_now_ns());
	(void)gethostname(host, sizeof host - 1);
	(void)snprintf(all->source, sizeof all->source, "/ordeal/serve/%s", host);
	if (wire_open(api->loop, &all->wire, err)) {
		api_hooks_close(all);
		return -1;
	}
	for (; all->n < s->n_hooks; all->n++) {
		all->v[all->n].all = all;
		all->v[all->n].settings = &s->hooks[all->n];
		if (open_hook(&all->v[all->n], err)) {
			size_t at = all->n++;

			api_hooks_close(all);
			return ord_wrap(err, "webhooks[%zu]", at);
		}
	}
	*ret = all;
	return 0;
}

void api_hooks_close(struct api_hooks *all)
{
	if (!all)
		return;
	wire_close(all->wire);
	for (size_t i = 0; i < all->n; i++) {
		struct hook *h = &all->v[i];

		(void)sd_event_source_disable_unref(h->timer);
		while (h->n)
			drop_first(h);
		free(h->url);
		if (h->secret)
			explicit_bzero(h->secret, h->secret_size);
		free(h->secret);
		free(h->signature);
	}
	free(all);
}
