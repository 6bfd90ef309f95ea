/*
 * kube: the Kubernetes client's figures, on the cluster of $KUBECONFIG (context kubelab), filled
 * with played pods (bench/run-kube).
 *
 *   kube list all|label SELECTOR|annotation SELECTOR
 *   kube follow SECONDS CHANGES-A-SECOND annotation|ready
 *   kube delete ordeal|curl FROM COUNT
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "bench/net_tool.h"
#include "kube/kube.h"
#include "base/selector.h"

#define PODS                              \
	{                                 \
		"v1", "Pod", "pods", true \
	}
#define WRITERS	     200 /* pods that are changed, each by one request at a time */
#define RECORDS_MAX  400000
#define CURL_AT_ONCE 64
#define REVIEW	     (5 * ORD_S) /* what the last change may take to arrive */

static struct kube_config *config;
static struct kube *k;
static struct ord_err err;

static void check(int rc, const char *what)
{
	if (!rc)
		return;
	(void)fprintf(stderr, "kube: %s: %s\n", what, err.msg);
	exit(1);
}

static void open_client(void)
{
	check(kube_config_load("kubelab", &config, &err), "config");
	check(kube_open(config, &k, &err), "open");
}

static long rss_kb(void)
{
	char text[4096];
	const char *line;

	if (ord_file_peek(-1, "/proc/self/status", text, sizeof text) < 0)
		return -1;
	line = strstr(text, "VmHWM:");
	return line ? strtol(line + 6, NULL, 10) : -1;
}

static const char *meta(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(o, "metadata"), key));

	return text ? text : "";
}

/* --- list ------------------------------------------------------------------------------------ */

struct count {
	const struct ord_selector *by; /* of annotations; NULL: all */
	unsigned n, matched;
};

static int on_counted(void *arg, const json_t *item, struct ord_err *e)
{
	struct count *c = arg;

	(void)e;
	c->n++;
	c->matched += !c->by || ord_selector_matches(
					c->by, json_object_get(json_object_get(item, "metadata"),
							       "annotations"));
	return 0;
}

static int list(const char *what, const char *selector)
{
	struct kube_set set = {.kind = PODS, .metadata_only = true};
	struct ord_selector *by = NULL;
	struct count c = {.n = 0};
	uint64_t t0;

	if (!strcmp(what, "label"))
		set.selector = selector;
	else if (!strcmp(what, "annotation"))
		check(ord_selector_parse(selector, true, &by, &err), selector);
	c.by = by;
	open_client();
	t0 = ord_now_ns();
	check(kube_list(k, &set, on_counted, &c, t0 + 300 * ORD_S, NULL, &err), "list");
	(void)printf(
		"{\"bench\":\"kube.list\",\"what\":\"%s\",\"read\":%u,\"chosen\":%u,\"ms\":%.1f,"
		"\"rss_kb\":%ld}\n",
		what, c.n, c.matched, (double)(ord_now_ns() - t0) / 1e6, rss_kb());
	ord_selector_free(by);
	return 0;
}

/* --- follow ---------------------------------------------------------------------------------- */

struct record {
	uint64_t version, sent_ns, at_ns; /* at: of a write, answered; of an event, arrived */
	uint32_t pod;
};

/* Between the writer, a process of its own, and the follower. */
struct written {
	unsigned n, failed, done;
	struct record v[RECORDS_MAX];
};

struct pod {
	struct ord_object o;
	uint64_t sent_ns;
	unsigned i;
	bool busy;
};

static struct pod pods[WRITERS];
static unsigned n_pods;
static struct written *written;

static int on_pod(void *arg, const json_t *item, struct ord_err *e)
{
	struct pod *p = &pods[n_pods];

	(void)arg;
	(void)e;
	if (n_pods == WRITERS || strncmp(meta(item, "name"), "p-", 2) != 0)
		return 0;
	p->i = n_pods++;
	p->o = (struct ord_object){.api_version = "v1", .kind = "Pod"};
	(void)snprintf(p->o.ns, sizeof p->o.ns, "%s", meta(item, "namespace"));
	(void)snprintf(p->o.name, sizeof p->o.name, "%s", meta(item, "name"));
	return 0;
}

static void on_written(void *arg, struct kube_answer *a, const struct ord_err *e)
{
	struct pod *p = arg;

	p->busy = false;
	if (e) {
		written->failed++;
		return;
	}
	written->v[written->n++] =
		(struct record){.version = strtoull(meta(a->body, "resourceVersion"), NULL, 10),
				.sent_ns = p->sent_ns,
				.at_ns = ord_now_ns(),
				.pod = p->i};
}

static void change(struct pod *p, unsigned to, bool ready)
{
	static const struct kube_kind kind = PODS;
	ord_auto(json) json_t *patch = NULL;
	char path[KUBE_PATH], value[24];
	struct kube_request req = {.method = "PATCH",
				   .path = path,
				   .content_type = ready ? "application/strategic-merge-patch+json"
							 : "application/merge-patch+json",
				   .deadline_ns = ord_now_ns() + 20 * ORD_S};

	(void)snprintf(value, sizeof value, "%u", to);
	patch = ready ? json_pack("{s:{s:[{s:s, s:s, s:s}]}}", "status", "conditions", "type",
				  "Ready", "status", to % 2 ? "False" : "True", "reason", value)
		      : json_pack("{s:{s:{s:s}}}", "metadata", "annotations", "ordeal.dev/n",
				  value);
	req.body = patch;
	(void)kube_path(&kind, p->o.ns, p->o.name, ready ? "status" : NULL, path);
	p->busy = true;
	p->sent_ns = ord_now_ns();
	check(kube_start(k, &req, on_written, p, &err), "start");
}

static bool is_past(void *arg)
{
	return ord_now_ns() >= *(uint64_t *)arg;
}

static bool is_idle(void *arg)
{
	(void)arg;
	return !kube_in_flight(k);
}

/* On an absolute schedule; where the server does not keep up, fewer are written, and it is told. */
static void write_changes(unsigned seconds, unsigned rate, bool ready)
{
	const struct kube_set set = {.kind = PODS, .ns = NULL, .metadata_only = true};
	uint64_t start, due;

	open_client();
	check(kube_list(k, &set, on_pod, NULL, ord_now_ns() + 300 * ORD_S, NULL, &err), "list");
	start = ord_now_ns() + ORD_S;
	for (unsigned i = 0; i < seconds * rate && i < RECORDS_MAX && n_pods; i++) {
		struct pod *p = &pods[i % n_pods];

		due = start + (uint64_t)i * ORD_S / rate;
		(void)kube_run(k, is_past, &due, due + ORD_S, &err);
		if (!p->busy)
			change(p, i, ready);
	}
	(void)kube_run(k, is_idle, NULL, ord_now_ns() + 30 * ORD_S, &err);
	written->done = 1;
	_exit(0);
}

struct follower {
	FILE *events;
	unsigned n, synced, cuts, errors;
	uint64_t end_ns; /* 0: the writer writes */
	uint64_t cut_ns[64], resumed_ns[64];
};

static void on_event(void *arg, enum kube_event e, const json_t *o, uint64_t arrival_ns)
{
	struct record r = {.at_ns = arrival_ns};
	struct follower *f = arg;

	if (e == KUBE_SYNCED) {
		f->synced = 1;
	} else if (e == KUBE_CUT && f->cuts < ORD_COUNT(f->cut_ns)) {
		f->cut_ns[f->cuts++] = arrival_ns;
	} else if (e == KUBE_RESUMED && f->cuts) {
		f->resumed_ns[f->cuts - 1] = arrival_ns;
	} else if (o && f->synced && e != KUBE_DELETED) {
		r.version = strtoull(meta(o, "resourceVersion"), NULL, 10);
		must(fwrite(&r, sizeof r, 1, f->events) == 1, "write");
		f->n++;
	}
}

static void on_error(void *arg, const struct ord_err *e)
{
	((struct follower *)arg)->errors++;
	(void)fprintf(stderr, "kube: watch: %s\n", e->msg);
}

static bool is_over(void *arg)
{
	struct follower *f = arg;

	if (!f->end_ns && *(volatile unsigned *)&written->done)
		f->end_ns = ord_now_ns() + REVIEW;
	return f->end_ns && ord_now_ns() >= f->end_ns;
}

static bool is_synced(void *arg)
{
	return ((struct follower *)arg)->synced;
}

static int by_version(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->version < y->version ? -1 : x->version > y->version;
}

static bool was_cut(const struct follower *f, const struct record *w)
{
	for (unsigned i = 0; i < f->cuts; i++)
		if (w->at_ns >= f->cut_ns[i] &&
		    (!f->resumed_ns[i] || w->sent_ns <= f->resumed_ns[i]))
			return true;
	return false;
}

struct verdict {
	unsigned lost, lost_in_cut, doubled, stale;
	size_t n;
	int64_t *sent, *answered; /* how far the arrival was behind them */
};

/* Every version that was written must have been told, once. */
static void compare(const struct follower *f, struct record *told, struct verdict *ret)
{
	uint64_t last_written[WRITERS] = {0}, last_told[WRITERS] = {0};

	qsort(told, f->n, sizeof *told, by_version);
	for (unsigned i = 1; i < f->n; i++)
		ret->doubled += told[i].version == told[i - 1].version;
	for (unsigned i = 0; i < written->n; i++) {
		const struct record *w = &written->v[i];
		const struct record *t = bsearch(w, told, f->n, sizeof *told, by_version);

		if (w->version > last_written[w->pod])
			last_written[w->pod] = w->version;
		if (!t) {
			was_cut(f, w) ? ret->lost_in_cut++ : ret->lost++;
			continue;
		}
		if (w->version > last_told[w->pod])
			last_told[w->pod] = w->version;
		if (was_cut(f, w))
			continue;
		ret->sent[ret->n] = (int64_t)(t->at_ns - w->sent_ns);
		ret->answered[ret->n++] = (int64_t)(t->at_ns - w->at_ns);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		ret->stale += last_told[i] < last_written[i];
	qsort(ret->sent, ret->n, sizeof *ret->sent, ascending);
	qsort(ret->answered, ret->n, sizeof *ret->answered, ascending);
}

static int report(const struct follower *f, const char *what, unsigned rate, long rss)
{
	struct record *told = calloc(f->n + 1, sizeof *told);
	struct verdict v = {.sent = calloc(RECORDS_MAX, sizeof(int64_t)),
			    .answered = calloc(RECORDS_MAX, sizeof(int64_t))};

	must(told && v.sent && v.answered, "memory");
	rewind(f->events);
	must(fread(told, sizeof *told, f->n, f->events) == f->n, "read");
	compare(f, told, &v);
	(void)printf(
		"{\"bench\":\"kube.follow\",\"what\":\"%s\",\"asked_per_s\":%u,\"written\":%u,"
		"\"write_failed\":%u,\"told\":%u,\"lost\":%u,\"doubled\":%u,\"stale\":%u,"
		"\"cuts\":%u,\"lost_in_cut\":%u,\"errors\":%u,\"rss_kb\":%ld,"
		"\"behind_answer_ms\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f},"
		"\"behind_request_ms\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}}\n",
		what, rate, written->n, written->failed, f->n, v.lost, v.doubled, v.stale, f->cuts,
		v.lost_in_cut, f->errors, rss, (double)quantile(v.answered, v.n, 0.5) / 1e6,
		(double)quantile(v.answered, v.n, 0.99) / 1e6,
		(double)quantile(v.answered, v.n, 1) / 1e6,
		(double)quantile(v.sent, v.n, 0.5) / 1e6, (double)quantile(v.sent, v.n, 0.99) / 1e6,
		(double)quantile(v.sent, v.n, 1) / 1e6);
	return v.lost || v.doubled || v.stale || !written->n ? 1 : 0;
}

static int follow(unsigned seconds, unsigned rate, const char *what)
{
	const bool ready = !strcmp(what, "ready");
	const struct kube_set set = {.kind = PODS, .metadata_only = !ready};
	struct follower f = {.events = tmpfile()};
	struct kube_watch *w;
	pid_t parent = getpid(), pid;
	long rss;

	written = mmap(NULL, sizeof *written, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	must(f.events && written != MAP_FAILED, "memory");
	open_client();
	check(kube_watch_open(k, &set, on_event, on_error, &f, &w, &err), "watch");
	check(kube_run(k, is_synced, &f, ord_now_ns() + 300 * ORD_S, &err), "list");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			write_changes(seconds, rate, ready);
		_exit(1);
	}
	check(kube_run(k, is_over, &f, ord_now_ns() + (seconds + 300ull) * ORD_S, &err), "follow");
	rss = rss_kb();
	(void)waitpid(pid, NULL, 0);
	return report(&f, what, rate, rss);
}

/* --- delete ---------------------------------------------------------------------------------- */

static struct ord_object *victims;
static unsigned n_victims, from, to, n_deleted, n_refused;

static int on_victim(void *arg, const json_t *item, struct ord_err *e)
{
	struct ord_object *o = &victims[n_victims];
	unsigned long i;

	(void)arg;
	(void)e;
	if (strncmp(meta(item, "name"), "p-", 2) != 0)
		return 0;
	i = strtoul(meta(item, "name") + 2, NULL, 10);
	if (i < from || i >= to)
		return 0;
	*o = (struct ord_object){.api_version = "v1", .kind = "Pod"};
	(void)snprintf(o->ns, sizeof o->ns, "%s", meta(item, "namespace"));
	(void)snprintf(o->name, sizeof o->name, "%s", meta(item, "name"));
	(void)snprintf(o->uid, sizeof o->uid, "%s", meta(item, "uid"));
	n_victims++;
	return 0;
}

static void on_deleted(void *arg, struct kube_answer *a, const struct ord_err *e)
{
	(void)arg;
	(void)a;
	n_deleted += !e;
	n_refused += e != NULL;
	if (e)
		(void)fprintf(stderr, "kube: %s\n", e->msg);
}

static void delete_ours(void)
{
	for (unsigned i = 0; i < n_victims; i++)
		check(kube_delete_start(k, &victims[i], 0, ord_now_ns() + 300 * ORD_S, on_deleted,
					NULL, &err),
		      "delete");
	check(kube_run(k, is_idle, NULL, ord_now_ns() + 300 * ORD_S, &err), "delete");
}

/* What curl itself does: no precondition, no retry, nothing read. */
static size_t drop(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static CURL *bare(const struct kube_tls *tls, struct curl_slist *headers, const char *path)
{
	struct curl_blob ca = {.data = (void *)(uintptr_t)tls->ca, .len = tls->ca_size},
			 cert = {.data = (void *)(uintptr_t)tls->cert, .len = tls->cert_size},
			 key = {.data = (void *)(uintptr_t)tls->key, .len = tls->key_size};
	static const char body[] =
		"{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":0}";
	CURL *c = curl_easy_init();
	char url[KUBE_PATH + 64];

	must(c != NULL, "curl");
	(void)snprintf(url, sizeof url, "%s%s", kube_config_server(config), path);
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	(void)curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &cert);
	(void)curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "DELETE");
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	return c;
}

static void reap(CURLM *multi)
{
	const CURLMsg *m;
	long status;
	int left;

	while ((m = curl_multi_info_read(multi, &left))) {
		CURL *c = m->easy_handle;

		status = 0;
		if (m->data.result == CURLE_OK)
			(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		n_deleted += status == 200;
		n_refused += status != 200;
		(void)curl_multi_remove_handle(multi, c);
		curl_easy_cleanup(c);
	}
}

static void delete_bare(CURLM *multi, const struct kube_tls *tls, struct curl_slist *headers)
{
	static const struct kube_kind kind = PODS;
	unsigned next = 0;
	int running = 0;

	while (n_deleted + n_refused < n_victims) {
		char path[KUBE_PATH];

		while (next < n_victims && next - n_deleted - n_refused < CURL_AT_ONCE) {
			const struct ord_object *o = &victims[next++];

			(void)curl_multi_add_handle(
				multi,
				bare(tls, headers, kube_path(&kind, o->ns, o->name, NULL, path)));
		}
		(void)curl_multi_perform(multi, &running);
		reap(multi);
		if (running)
			(void)curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
}

static int delete_pods(const char *who)
{
	const struct kube_set set = {.kind = PODS, .metadata_only = true};
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURLM *multi = curl_multi_init();
	struct kube_tls tls;
	uint64_t t0, took;

	must(multi && headers, "curl");
	(void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	victims = calloc(to - from, sizeof *victims);
	must(victims != NULL, "memory");
	open_client();
	check(kube_config_tls(config, &tls, &err), "config");
	check(kube_list(k, &set, on_victim, NULL, ord_now_ns() + 300 * ORD_S, NULL, &err), "list");
	t0 = ord_now_ns();
	if (!strcmp(who, "curl"))
		delete_bare(multi, &tls, headers);
	else
		delete_ours();
	took = ord_now_ns() - t0;
	(void)printf(
		"{\"bench\":\"kube.delete\",\"who\":\"%s\",\"pods\":%u,\"deleted\":%u,\"ms\":%.1f,"
		"\"per_s\":%.1f,\"rss_kb\":%ld}\n",
		who, n_victims, n_deleted, (double)took / 1e6,
		(double)n_deleted * 1e9 / (double)took, rss_kb());
	(void)curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	free(victims);
	return n_deleted == n_victims && n_victims ? 0 : 1;
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	int rc = 2;

	if (argc >= 3 && !strcmp(argv[1], "list")) {
		rc = list(argv[2], argc > 3 ? argv[3] : NULL);
	} else if (argc == 5 && !strcmp(argv[1], "follow") && number(argv[3])) {
		rc = follow(number(argv[2]), number(argv[3]), argv[4]);
	} else if (argc == 5 && !strcmp(argv[1], "delete") && number(argv[4])) {
		from = number(argv[3]);
		to = from + number(argv[4]);
		rc = delete_pods(argv[2]);
	} else {
		(void)fprintf(stderr, "usage: kube list|follow|delete ... (see the source)\n");
	}
	kube_close(k);
	kube_config_free(config);
	return rc;
}
