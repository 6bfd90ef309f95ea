#include "scheduler/serve/api/hooks.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
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
#include "scheduler/serve/api/hmac.h"
#include "scheduler/serve/api/hook_queue.h"
#include "scheduler/wire/wire.h"

#define TIMEOUT_NS  (10 * ORD_S)
#define SECRET_MAX  4096
#define SECRET_MIN  16
#define HOST_SHOWN  80
#define HEADERS_MAX 2

struct hook {
	struct api_hooks *all;
	unsigned format;    /* enum api_hook_format */
	uint32_t events;    /* bits of api_ring_type() */
	char *url, *secret; /* owned; secret may be NULL */
	size_t secret_size;
	char host[HOST_SHOWN]; /* what logs may say of the URL */
	struct hook_queue queue;
	unsigned tries; /* of the first */
	char *signature;
	struct wire_call *call;
	sd_event_source *timer;
	uint64_t delivered, failed, dropped;
	char why[WIRE_ERROR]; /* the last try failed so; "": it did not */
	bool silent;	      /* its failing was told */
};

struct api_hooks {
	struct ord_api *api;
	struct wire *wire;
	struct ord_rng rng;
	char source[96];
	uint64_t life, next_id;
	int dir; /* of the queues' files; -1: there are none */
	size_t n;
	struct hook v[];
};

static void send_first(struct hook *h);

size_t api_hooks_waiting(const struct api_hooks *h)
{
	size_t n = 0;

	for (size_t i = 0; h && i < h->n; i++)
		n += h->v[i].queue.n;
	return n;
}

json_t *api_hooks_show(const struct api_hooks *all)
{
	json_t *list = json_array();

	for (size_t i = 0; all && i < all->n; i++) {
		const struct hook *h = &all->v[i];

		(void)json_array_append_new(
			list,
			json_pack("{s:s,s:I,s:I,s:I,s:I,s:s?}", "to", h->host, "waiting",
				  (json_int_t)h->queue.n, "delivered", (json_int_t)h->delivered,
				  "failed", (json_int_t)h->failed, "dropped",
				  (json_int_t)h->dropped, "message", *h->why ? h->why : NULL));
	}
	return list;
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

static void drop_first(struct hook *h)
{
	hook_queue_drop(&h->queue);
	h->tries = 0;
}

static void give_up(struct hook *h, const char *why)
{
	struct ord_api *api = h->all->api;

	api->metrics.hooks_failed++;
	h->failed++;
	if (!h->silent)
		api_log(api, "webhook to %s: %s; given up after %u tries", h->host, why, h->tries);
	h->silent = true;
	drop_first(h);
	if (h->queue.n)
		wait_for(h, ord_retry_backoff_ns(1, &h->all->rng));
}

static void on_answer(void *arg, const struct wire_answer *a)
{
	struct hook *h = arg;

	h->call = NULL;
	free(h->signature);
	h->signature = NULL;
	if (a->status / 100 == 2) {
		h->all->api->metrics.hooks_delivered++;
		h->delivered++;
		h->silent = false;
		h->why[0] = '\0';
		drop_first(h);
		if (h->queue.n)
			wait_for(h, 0);
		return;
	}
	if (a->status)
		(void)snprintf(h->why, sizeof h->why, "it answers %ld", a->status);
	else
		(void)snprintf(h->why, sizeof h->why, "%.120s", a->error);
	if (!ord_retry_wanted(a->status) || h->tries >= API_HOOK_TRIES) {
		give_up(h, h->why);
		return;
	}
	wait_for(h, a->retry_ns ? a->retry_ns : ord_retry_backoff_ns(h->tries, &h->all->rng));
}

/* Signed anew at each try: the receiver refuses what is old. */
static void send_first(struct hook *h)
{
	const char *body = hook_queue_first(&h->queue);
	bool slack = h->format == API_HOOK_SLACK;
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

	if (h->call || !body)
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

static void enqueue(struct hook *h, char *body)
{
	size_t gone = body ? hook_queue_put(&h->queue, body) : 1;

	h->dropped += gone;
	h->all->api->metrics.hooks_dropped += gone;
	if (h->queue.n == 1 && !h->call)
		wait_for(h, 0);
}

void api_hooks_event(struct api_hooks *all, const char *type, const json_t *data)
{
	uint32_t bit = api_ring_type(type);
	char id[64];

	if (!all)
		return;
	(void)snprintf(id, sizeof id, "%" PRIx64 "/%" PRIu64, all->life, all->next_id++);
	for (size_t i = 0; i < all->n; i++) {
		struct hook *h = &all->v[i];

		if (h->events & bit)
			enqueue(h, h->format == API_HOOK_SLACK
					   ? api_hook_slack(type, data)
					   : api_hook_cloudevent(all->source, id, ord_wall_ns(),
								 type, data));
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

/* The part of a URL that is no secret: not what stands before an @, nor the path. */
static void host_of(const char *url, char out[static HOST_SHOWN])
{
	const char *host = strstr(url, "//") + 2;
	size_t size = strcspn(host, "/?#");

	while (memchr(host, '@', size)) {
		size -= strcspn(host, "@") + 1;
		host += strcspn(host, "@") + 1;
	}
	(void)snprintf(out, HOST_SHOWN, "%.*s", (int)size, host);
}

static int read_address(struct hook *h, const struct api_hook *s, struct ord_err *err)
{
	size_t size;

	if (s->url_file ? read_secret(s->url_file, &h->url, &size, err)
			: !(h->url = strdup(s->url)) && ord_fail_nomem(err))
		return -1;
	if (strncmp(h->url, "http://", 7) != 0 && strncmp(h->url, "https://", 8) != 0)
		return ord_fail(err, ORD_USAGE, "%s holds no http or https URL", s->url_file);
	host_of(h->url, h->host);
	if (s->secret_file && read_secret(s->secret_file, &h->secret, &h->secret_size, err))
		return -1;
	if (h->secret && h->secret_size < SECRET_MIN)
		return ord_fail(err, ORD_USAGE, "%s: a key has at least %d bytes", s->secret_file,
				SECRET_MIN);
	return 0;
}

/* Of the queue's file: it says nothing of the address, and is the same after a restart. */
static void name_of(const struct hook *h, char out[static HOOK_QUEUE_NAME])
{
	const struct api_bytes url = {h->url, strlen(h->url)};
	const char *format = h->format == API_HOOK_SLACK ? "slack" : "cloudevents";
	unsigned same = 0;
	char hex[API_HMAC_HEX];

	(void)api_hmac((struct api_bytes){format, strlen(format)}, &url, 1, hex);
	for (const struct hook *other = h->all->v; other < h; other++)
		same += other->format == h->format && !strcmp(other->url, h->url);
	(void)snprintf(out, HOOK_QUEUE_NAME, "%.32s-%u", hex, same);
}

static struct hook *find(struct api_hooks *all, const char *name)
{
	for (size_t i = 0; all && i < all->n; i++)
		if (!strcmp(all->v[i].queue.name, name))
			return &all->v[i];
	return NULL;
}

/* What the hooks before these have open is taken over from them, and not read. */
static int open_queue(struct hook *h, struct api_hooks *before, struct ord_err *err)
{
	char name[HOOK_QUEUE_NAME];

	name_of(h, name);
	return hook_queue_open(find(before, name) ? -1 : h->all->dir, name, &h->queue, err);
}

static int open_hook(struct hook *h, const struct api_hook *s, struct api_hooks *before,
		     struct ord_err *err)
{
	h->format = s->format;
	h->events = s->events;
	h->queue.fd = -1;
	if (read_address(h, s, err) || open_queue(h, before, err))
		return -1;
	if (sd_event_add_time(h->all->api->loop, &h->timer, CLOCK_MONOTONIC, 0, ORD_MS / ORD_US,
			      on_timer, h) < 0 ||
	    sd_event_source_set_enabled(h->timer, SD_EVENT_OFF) < 0)
		return ord_fail(err, ORD_SYS, "a webhook does not get onto the event loop");
	return 0;
}

/* Where there is no webhook, what was left by earlier ones may be there all the same. */
static int open_dir(const char *state, bool wanted, int *ret, struct ord_err *err)
{
	char path[PATH_MAX];

	if (!state)
		return 0;
	if ((size_t)snprintf(path, sizeof path, "%s/webhooks", state) >= sizeof path)
		return ord_fail(err, ORD_USAGE, "%s: the path is too long", state);
	if (wanted && ord_mkdirs(path, 0700, err))
		return -1;
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 && wanted ? ord_fail_sys(err, "%s", path) : 0;
}

static int open_all(struct api_hooks *all, const struct api_settings *s, struct api_hooks *before,
		    struct ord_err *err)
{
	char host[65] = "localhost";

	all->life = before ? before->life : ord_wall_ns() / ORD_MS;
	all->next_id = before ? before->next_id : 1;
	ord_rng_init(&all->rng, ord_now_ns());
	(void)gethostname(host, sizeof host - 1);
	(void)snprintf(all->source, sizeof all->source, "/ordeal/serve/%s", host);
	if (wire_open(all->api->loop, &all->wire, err) ||
	    open_dir(all->api->state, s->n_hooks, &all->dir, err))
		return -1;
	for (; all->n < s->n_hooks; all->n++) {
		all->v[all->n].all = all;
		if (open_hook(&all->v[all->n], &s->hooks[all->n], before, err)) {
			all->n++;
			return ord_wrap(err, "webhooks[%zu]", all->n - 1);
		}
	}
	return 0;
}

int api_hooks_open(struct ord_api *api, const struct api_settings *s, struct api_hooks **ret,
		   struct ord_err *err)
{
	struct api_hooks *all = calloc(1, sizeof *all + s->n_hooks * sizeof *all->v);

	if (!all)
		return ord_fail_nomem(err);
	all->api = api;
	all->dir = -1;
	if (open_all(all, s, api->hooks, err)) {
		api_hooks_close(all);
		return -1;
	}
	*ret = all;
	return 0;
}

/* What waits for an address that the settings do not have any more goes, and is told. */
static void forget_others(struct api_hooks *all)
{
	ord_autoclose int dir = all->dir < 0 ? -1 : openat(all->dir, ".", O_RDONLY | O_CLOEXEC);
	DIR *list = dir < 0 ? NULL : fdopendir(dir);
	const struct dirent *e;

	if (!list)
		return;
	(void)ord_steal_fd(&dir);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own */
	while ((e = readdir(list))) {
		struct hook_queue left = {.fd = -1};
		struct ord_err ignored;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || find(all, e->d_name))
			continue;
		if (*e->d_name != '.' && !hook_queue_open(all->dir, e->d_name, &left, &ignored) &&
		    left.n) {
			api_log(all->api,
				"%zu events for an address that the settings do not have "
				"any more are dropped",
				left.n);
			all->api->metrics.hooks_dropped += left.n;
		}
		hook_queue_close(&left);
		(void)unlinkat(all->dir, e->d_name, 0);
	}
	(void)closedir(list);
}

void api_hooks_begin(struct api_hooks *all, struct api_hooks *before)
{
	for (size_t i = 0; i < all->n; i++) {
		struct hook *h = &all->v[i], *old = find(before, h->queue.name);

		if (old) {
			h->queue = old->queue;
			h->queue.dir = all->dir;
			h->delivered = old->delivered;
			h->failed = old->failed;
			h->dropped = old->dropped;
			old->queue = (struct hook_queue){.dir = -1, .fd = -1};
		}
	}
	api_hooks_close(before);
	forget_others(all);
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].queue.n)
			wait_for(&all->v[i], 0);
}

void api_hooks_close(struct api_hooks *all)
{
	if (!all)
		return;
	/* What is under way reads from the queues. */
	wire_close(all->wire);
	for (size_t i = 0; i < all->n; i++) {
		struct hook *h = &all->v[i];

		(void)sd_event_source_disable_unref(h->timer);
		hook_queue_close(&h->queue);
		free(h->url);
		if (h->secret)
			explicit_bzero(h->secret, h->secret_size);
		free(h->secret);
		free(h->signature);
	}
	ord_close(&all->dir);
	free(all);
}
