/* Runs that are over: the history's lists, and the reports that lie in their folders. */
#include <fcntl.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/history.h"
#include "scheduler/serve/api/handlers.h"

#define RUNS_MAX   1000
#define REPORT_MAX (64 << 20)
#define HEAD_MAX   (256 << 10) /* of a report: its style stands there */
#define DIGEST64   45

static struct ord_history history_of(const struct api_request *q)
{
	return (struct ord_history){.dir = q->api->history, .home = q->api->runs};
}

/* --- lists ------------------------------------------------------------------------------------ */

/* label=KEY=VALUE, as often as there are. Owned. */
static json_t *labels_of(const struct api_request *q, struct api_answer *a)
{
	ord_auto(json) json_t *labels = json_object();

	for (size_t i = 0; i < q->target.n_args; i++) {
		const char *value = q->target.args[i].value, *equals = strchr(value, '=');

		if (strcmp(q->target.args[i].name, "label") != 0)
			continue;
		if (!equals || equals == value) {
			api_problem(a, MHD_HTTP_BAD_REQUEST, "label: write it as KEY=VALUE");
			return NULL;
		}
		if (json_object_setn_new(labels, value, (size_t)(equals - value),
					 json_string(equals + 1)))
			break;
	}
	if (!labels)
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	return ord_steal_ptr(labels);
}

/* Newest first, and whether there is one more than was asked for. */
static json_t *page_of(json_t *runs, size_t limit)
{
	size_t n = json_array_size(runs);
	json_t *page = json_array();

	for (size_t i = n; i-- > 0 && n - i <= limit;)
		(void)json_array_append(page, json_array_get(runs, i));
	return json_pack("{s:o,s:b}", "runs", page, "more", n > limit);
}

static bool read_filter(const struct api_request *q, struct api_answer *a,
			struct ord_history_filter *f, size_t *ret_limit)
{
	*f = ORD_HISTORY_ALL;
	f->verdict = api_target_arg(&q->target, "verdict");
	if (!api_arg_count(q, a, "limit", RUNS_MAX, 100, ret_limit) ||
	    !api_arg_instant(q, a, "before", INT64_MAX, &f->until))
		return false;
	f->last = *ret_limit + 1;
	return true;
}

void api_history(struct api_request *q, struct api_answer *a)
{
	const char *name = api_target_arg(&q->target, "name");
	const struct ord_history h = history_of(q);
	ord_auto(json) json_t *names = name ? json_pack("[s]", name) : NULL;
	ord_auto(json) json_t *labels = labels_of(q, a);
	ord_auto(json) json_t *runs = NULL;
	struct ord_history_filter f;
	struct ord_err err;
	size_t limit;
	bool made;

	if (!labels || !read_filter(q, a, &f, &limit))
		return;
	f.names = names;
	f.labels = labels;
	if (ord_history_list(&h, &f, &runs, &made, &err))
		api_failed(a, &err);
	else
		api_json_for(q, a, MHD_HTTP_OK, page_of(runs, limit));
}

void api_trend(struct api_request *q, struct api_answer *a)
{
	const char *name = api_target_arg(&q->target, "name");
	const struct ord_history h = history_of(q);
	ord_auto(json) json_t *names = json_pack("[s]", name ? name : "");
	ord_auto(json) json_t *runs = NULL;
	struct ord_history_filter f = ORD_HISTORY_ALL;
	json_t *trend = NULL;
	struct ord_err err;
	bool made;

	if (!name || !names) {
		api_problem(a, MHD_HTTP_BAD_REQUEST, "name: the trend of which experiment?");
		return;
	}
	f.names = names;
	if (!ord_history_list(&h, &f, &runs, &made, &err) && !json_array_size(runs))
		api_problem(a, MHD_HTTP_NOT_FOUND, "the history has no run of '%.64s'", name);
	else if (!runs || ord_trend(name, runs, api_target_arg(&q->target, "figure"), &trend, &err))
		api_failed(a, &err);
	else
		api_json_for(q, a, MHD_HTTP_OK, trend);
}

/* --- reports ---------------------------------------------------------------------------------- */

/* A file of a run's folder; -1 where there is none. Links lead nowhere. */
static int open_report(const struct api_request *q, const char *file, struct stat *ret)
{
	const char *run = q->names[0];
	ord_autoclose int home = open(q->api->runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ord_autoclose int folder = -1, fd = -1;

	if (home < 0 || *run == '.')
		return -1;
	folder = openat(home, run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return -1;
	fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret) || !S_ISREG(ret->st_mode) || ret->st_size > REPORT_MAX)
		return -1;
	return ord_steal_fd(&fd);
}

static void put_base64(const uint8_t digest[static SHA256_DIGEST_LENGTH], char out[static DIGEST64])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789+/";
	char *p = out;

	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i += 3) {
		uint32_t v = (uint32_t)digest[i] << 16;

		if (i + 1 < SHA256_DIGEST_LENGTH)
			v |= (uint32_t)digest[i + 1] << 8;
		if (i + 2 < SHA256_DIGEST_LENGTH)
			v |= digest[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*p++ = letters[v >> shift & 63];
	}
	/* 32 bytes leave two in the last four letters. */
	p[-1] = '=';
	*p = '\0';
}

/* The report's own style and the one attribute that it has, by what they are; nothing else. */
static void policy_of(int fd, char *out, size_t size)
{
	static const char begin[] = "<style>", attribute[] = "margin-top:8px";
	ord_autofree char *head = calloc(1, HEAD_MAX + 1);
	char style[DIGEST64], margin[DIGEST64];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	const char *p, *end;
	SHA2_CTX sha;

	if (!head || pread(fd, head, HEAD_MAX, 0) < 0 || !(p = strstr(head, begin)) ||
	    !(end = strstr(p += sizeof begin - 1, "</style>")))
		p = end = "";
	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)p, (size_t)(end - p));
	SHA256Final(digest, &sha);
	put_base64(digest, style);
	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)attribute, sizeof attribute - 1);
	SHA256Final(digest, &sha);
	put_base64(digest, margin);
	(void)snprintf(
		out, size,
		"default-src 'none'; style-src 'sha256-%s' 'unsafe-hashes' 'sha256-%s'; "
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
		"sandbox",
		style, margin);
}

static void report(struct api_request *q, struct api_answer *a, const char *file, const char *type)
{
	struct stat st;
	int fd = open_report(q, file, &st);

	if (fd < 0) {
		api_problem(a, MHD_HTTP_NOT_FOUND,
			    "no run '%.100s' with a %s; 'ordeal report RUN' makes one", q->names[0],
			    file);
		return;
	}
	if (!strcmp(file, "report.html")) {
		policy_of(fd, a->own_policy, sizeof a->own_policy);
		a->policy = a->own_policy;
	}
	a->status = MHD_HTTP_OK;
	a->type = type;
	a->fd = fd;
	a->size = (size_t)st.st_size;
}

void api_report(struct api_request *q, struct api_answer *a)
{
	report(q, a, "report.html", "text/html; charset=utf-8");
}

void api_report_json(struct api_request *q, struct api_answer *a)
{
	report(q, a, "report.json", "application/json");
}
