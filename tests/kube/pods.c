#include "tests/kube/pods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"

const struct kube_set pods = {.kind = {"v1", "Pod", "pods", true}};

void begin(struct world *w, bad_serve *serve)
{
	memset(w, 0, sizeof *w);
	bad_server_start(&w->s, serve);
	w->k = bad_server_client(&w->s, &w->config);
}

void end(struct world *w)
{
	kube_close(w->k);
	kube_config_free(w->config);
	bad_server_stop(&w->s);
}

/* --- what the servers say --- */

const char *object(const char *name, unsigned version)
{
	static char text[512];

	(void)snprintf(text, sizeof text,
		       "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\",\"uid\":"
		       "\"00000000-0000-4000-8000-0000000000%02x\","
		       "\"managedFields\":[{\"x\":[1,2]}],\"resourceVersion\":\"%u\"}}",
		       name, (unsigned char)*name, version);
	return text;
}

bool list(const struct bad_request *r, const char *spec, unsigned version, const char *next)
{
	char items[8192] = "", body[9000], name[8];
	unsigned its;
	int n;

	for (; sscanf(spec, " %7[a-z]:%u%n", name, &its, &n) == 2; spec += n)
		(void)snprintf(items + strlen(items), sizeof items - strlen(items), "%s%s",
			       *items ? "," : "", object(name, its));
	(void)snprintf(body, sizeof body,
		       "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"%u\","
		       "\"continue\":\"%s\"},\"items\":[%s]}",
		       version, next, items);
	return bad_answer(r, 200, "", body);
}

static void events_of(const char *spec, char *out, size_t size)
{
	char what, name[8];
	unsigned version;
	int n;

	*out = '\0';
	for (; sscanf(spec, " %c%7[a-z]:%u%n", &what, name, &version, &n) == 3; spec += n)
		(void)snprintf(out + strlen(out), size - strlen(out),
			       "{\"type\":\"%s\",\"object\":%s}\n",
			       what == '+'   ? "ADDED"
			       : what == '~' ? "MODIFIED"
					     : "DELETED",
			       object(name, version));
}

bool stream(const struct bad_request *r, const char *spec)
{
	char text[8192];

	events_of(spec, text, sizeof text);
	return bad_stream(r, text);
}

bool events(const struct bad_request *r, const char *spec)
{
	char text[8192];

	events_of(spec, text, sizeof text);
	return bad_chunk(r, text);
}

void wait_told(const struct bad_request *r, unsigned n)
{
	for (unsigned i = 0; i < 20000 && atomic_load(&r->shared->told) < n; i++)
		bad_wait_ms(1);
}

bool hold(const struct bad_request *r)
{
	bad_wait_ms(30000);
	return r->fd < 0;
}

bool asks(const struct bad_request *r, const char *what)
{
	return strstr(r->path, what);
}

/* --- what the client tells --- */

static void note(struct world *w, const char *what, const json_t *o)
{
	const json_t *meta = json_object_get(o, "metadata");
	const char *name = json_string_value(json_object_get(meta, "name"));
	const char *version = json_string_value(json_object_get(meta, "resourceVersion"));
	size_t used = strlen(w->told);

	(void)snprintf(w->told + used, sizeof w->told - used, "%s%s%s%s%s", used ? " " : "", what,
		       name ? name : "", version ? ":" : "", version ? version : "");
	if (o)
		assert_null(json_object_get(meta, "managedFields"));
}

static int on_item(void *arg, const json_t *item, struct ord_err *err)
{
	(void)err;
	note(arg, "", item);
	assert_string_equal(json_string_value(json_object_get(item, "kind")), "Pod");
	return 0;
}

static void on_event(void *arg, enum kube_event e, const json_t *o, uint64_t arrival_ns)
{
	static const char *const names[] = {"+", "~", "-", "synced", "cut", "resumed"};
	struct world *w = arg;

	assert_in_range(arrival_ns, 1, ord_now_ns());
	note(w, names[e], o);
	if (w->rotate && e == KUBE_CUT)
		bad_server_rotate(&w->s);
	w->n++;
	if (w->close_it)
		kube_watch_close(w->watch);
	atomic_store(&w->s.shared->told, w->n);
}

static void on_error(void *arg, const struct ord_err *err)
{
	struct world *w = arg;

	w->errors++;
	(void)snprintf(w->last_error, sizeof w->last_error, "%s", err->msg);
}

bool enough(void *world)
{
	const struct world *w = world;

	return w->n >= w->until;
}

bool complained(void *world)
{
	return ((const struct world *)world)->errors;
}

int list_all(struct world *w, uint64_t ms)
{
	return kube_list(w->k, &pods, on_item, w, ord_now_ns() + ms * ORD_MS, w->version, &w->err);
}

void watch_open(struct world *w)
{
	assert_int_equal(kube_watch_open(w->k, &pods, on_event, on_error, w, &w->watch, &w->err),
			 0);
}

void watch(struct world *w, unsigned until)
{
	w->until = until;
	watch_open(w);
	if (kube_run(w->k, enough, w, ord_now_ns() + 20 * ORD_S, &w->err))
		fail_msg("only: %s (last error: %s)", w->told, w->last_error);
	w->until = ~0u;
	(void)kube_run(w->k, enough, w, ord_now_ns() + 500 * ORD_MS, &w->err);
}
