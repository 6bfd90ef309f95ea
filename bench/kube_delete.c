/*
 * kube delete FILE: what the API server allows. Deletes the pods of FILE, a JSON list of
 * [version, kind, namespace, name, uid], by a bare loop of libcurl over one HTTP/2 connection: as
 * many in flight as ours has, no retry, answers thrown away unread. The connection is made before
 * the clock starts.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "bench/kube_tool.h"
#include "bench/net_tool.h"

#define AT_ONCE 64 /* kube_in_flight() of kube/kube.h */

struct loop {
	CURLM *multi;
	const char *server; /* borrowed */
	struct kube_tls tls;
	struct curl_slist *headers;
	const json_t *victims; /* borrowed */
	size_t begun, deleted, refused;
};

static size_t drop(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static CURL *request(const struct loop *l, const char *path)
{
	struct curl_blob ca = {.data = (void *)(uintptr_t)l->tls.ca, .len = l->tls.ca_size},
			 cert = {.data = (void *)(uintptr_t)l->tls.cert, .len = l->tls.cert_size},
			 key = {.data = (void *)(uintptr_t)l->tls.key, .len = l->tls.key_size};
	CURL *c = curl_easy_init();
	char url[KUBE_PATH + 64];

	must(c != NULL, "curl");
	(void)snprintf(url, sizeof url, "%s%s", l->server, path);
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	(void)curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &cert);
	(void)curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
	return c;
}

static void begin(struct loop *l)
{
	const json_t *victim = json_array_get(l->victims, l->begun++);
	const char *ns = json_string_value(json_array_get(victim, 2)),
		   *name = json_string_value(json_array_get(victim, 3)),
		   *uid = json_string_value(json_array_get(victim, 4));
	char path[KUBE_PATH], body[256];
	CURL *c;

	must(ns && name && uid, "a victim without a name");
	(void)snprintf(body, sizeof body,
		       "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":0,"
		       "\"preconditions\":{\"uid\":\"%s\"}}",
		       uid);
	c = request(l, kube_path(&pod_kind, ns, name, NULL, path));
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, l->headers);
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "DELETE");
	(void)curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, body);
	(void)curl_multi_add_handle(l->multi, c);
}

static void reap(struct loop *l)
{
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(l->multi, &left))) {
		CURL *c = m->easy_handle;
		long status = 0;

		if (m->data.result == CURLE_OK)
			(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		l->deleted += status == 200;
		l->refused += status != 200;
		(void)curl_multi_remove_handle(l->multi, c);
		curl_easy_cleanup(c);
	}
}

static void turn(struct loop *l)
{
	int running = 0;

	(void)curl_multi_perform(l->multi, &running);
	reap(l);
	if (running)
		(void)curl_multi_poll(l->multi, NULL, 0, 1000, NULL);
}

static void connect_first(struct loop *l)
{
	(void)curl_multi_add_handle(l->multi, request(l, "/version"));
	while (!l->deleted && !l->refused)
		turn(l);
	must(l->deleted == 1, "the API server does not answer");
	l->deleted = 0;
}

int bench_delete(struct bench *b, char **argv)
{
	ord_auto(json) json_t *victims = argv[0] ? json_load_file(argv[0], 0, NULL) : NULL;
	struct loop l = {.multi = curl_multi_init(),
			 .server = kube_config_server(b->config),
			 .headers = curl_slist_append(NULL, "Content-Type: application/json"),
			 .victims = victims};
	size_t n = json_array_size(victims);
	double cpu;
	uint64_t t0;

	must(l.multi && l.headers, "curl");
	if (!n)
		return 2;
	check(b, kube_config_tls(b->config, &l.tls, &b->err), "config");
	(void)curl_multi_setopt(l.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	(void)curl_multi_setopt(l.multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
	connect_first(&l);
	cpu = cpu_ms();
	t0 = ord_now_ns();
	while (l.deleted + l.refused < n) {
		while (l.begun < n && l.begun - l.deleted - l.refused < AT_ONCE)
			begin(&l);
		turn(&l);
	}
	t0 = ord_now_ns() - t0;
	(void)printf("{\"bench\":\"kube.delete\",\"who\":\"curl\",\"pods\":%zu,\"refused\":%zu,"
		     "\"ms\":%.1f,\"per_s\":%.1f,\"cpu_ms\":%.1f}\n",
		     n, l.refused, (double)t0 / 1e6, (double)n * 1e9 / (double)t0, cpu_ms() - cpu);
	(void)curl_multi_cleanup(l.multi);
	curl_slist_free_all(l.headers);
	return l.refused ? 1 : 0;
}
