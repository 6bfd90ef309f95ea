/* Reports of runs: files that lie in their folders, other people's text. */
#include <fcntl.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "ordeal/days.h"
#include "ordeal/history.h"
#include "scheduler/serve/api/gamedays.h"
#include "scheduler/serve/api/past.h"

#define REPORT_MAX (64 << 20)
#define HEAD_MAX   (256 << 10) /* of a report: its style stands there */
#define DIGEST64   45

/* A file of a run's folder; -1 where there is none. Links lead nowhere. */
static int open_report(const struct api_request *q, const char *file, struct stat *ret)
{
	const char *run = q->names[0];
	ord_autoclose int home = open(q->api->options.runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

/* Who must not know of a run is told the same. */
static void no_such(struct api_request *q, struct api_answer *a)
{
	api_problem(a, MHD_HTTP_NOT_FOUND,
		    "no run '%.100s' with a report; 'ordeal report RUN' makes one", q->names[0]);
}

static void give(struct api_request *q, struct api_answer *a)
{
	bool page = !strcmp(q->route->path, "/v1/history/{run}/report");
	const char *file = page ? "report.html" : "report.json";
	struct stat st;
	int fd = open_report(q, file, &st);

	if (fd < 0) {
		no_such(q, a);
		return;
	}
	if (page) {
		policy_of(fd, a->own_policy, sizeof a->own_policy);
		a->policy = a->own_policy;
	}
	a->status = MHD_HTTP_OK;
	a->type = page ? "text/html; charset=utf-8" : "application/json";
	a->fd = fd;
	a->size = (size_t)st.st_size;
}

/* --- what a game day hides -------------------------------------------------------------------- */

/* A run that the history does not have (yet) is nobody's secret. */
static void find(struct api_work *w)
{
	struct api_question *k = (struct api_question *)w;
	struct ord_err ignored;

	(void)ord_history_one(&k->of, k->q->names[0], &k->json, &ignored);
}

static void found(struct api_question *k)
{
	if (api_run_is_hidden(k->q->api, json_object_get(k->json, "run")))
		no_such(k->q, &k->q->answer);
	else
		give(k->q, &k->q->answer);
	api_question_end(k);
}

void api_report(struct api_request *q, struct api_answer *a)
{
	struct api_question *k;

	if (q->who.role >= API_OPERATOR) {
		give(q, a);
	} else if (ord_days_hides_run(q->api->days, q->names[0])) {
		no_such(q, a);
	} else {
		k = api_question_new(q, a);
		if (k)
			api_question_ask(k, find, found);
	}
}
