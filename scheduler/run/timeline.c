#include "scheduler/run/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"

#define BATCH_SIZE 65536u
#define LINE_MAX_  2048u /* of a sample */

struct run_timeline {
	int fd;
	uint64_t mono_ns;
	void (*on_line)(void *arg, json_t *line);
	void *arg;
	size_t used;
	char batch[BATCH_SIZE];
	bool broken;
	struct ord_err err;
	/* The thread that syncs: fdatasync can take as long as ten slots. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool threaded, wanted, quit;
	atomic_int sync_errno;
};

static void *sync_loop(void *arg)
{
	struct run_timeline *tl = arg;

	(void)pthread_mutex_lock(&tl->lock);
	while (!tl->quit) {
		if (!tl->wanted) {
			(void)pthread_cond_wait(&tl->wake, &tl->lock);
			continue;
		}
		tl->wanted = false;
		(void)pthread_mutex_unlock(&tl->lock);
		if (fdatasync(tl->fd) < 0 && errno != EINVAL && errno != EROFS)
			atomic_store(&tl->sync_errno, errno);
		(void)pthread_mutex_lock(&tl->lock);
	}
	(void)pthread_mutex_unlock(&tl->lock);
	return NULL;
}

int run_timeline_open(int dir, uint64_t mono_ns, void (*on_line)(void *arg, json_t *line),
		      void *arg, struct run_timeline **ret, struct ord_err *err)
{
	struct run_timeline *tl = calloc(1, sizeof *tl);

	if (!tl)
		return ord_fail_nomem(err);
	tl->mono_ns = mono_ns;
	tl->on_line = on_line;
	tl->arg = arg;
	tl->fd = openat(dir, "run.jsonl", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	if (tl->fd < 0) {
		(void)ord_fail_sys(err, "run.jsonl");
		free(tl);
		return -1;
	}
	(void)pthread_mutex_init(&tl->lock, NULL);
	(void)pthread_cond_init(&tl->wake, NULL);
	tl->threaded = pthread_create(&tl->thread, NULL, sync_loop, tl) == 0;
	*ret = tl;
	return 0;
}

int64_t run_timeline_t(const struct run_timeline *tl, uint64_t mono_ns)
{
	return mono_ns > tl->mono_ns ? (int64_t)(mono_ns - tl->mono_ns) : 0;
}

bool run_timeline_broken(struct run_timeline *tl)
{
	int error = atomic_load(&tl->sync_errno);

	if (error && !tl->broken) {
		errno = error;
		(void)ord_fail_sys(&tl->err, "write the timeline");
		tl->broken = true;
	}
	return tl->broken;
}

static void put(struct run_timeline *tl, const char *data, size_t size)
{
	struct ord_err err;

	if (tl->broken || !size)
		return;
	if (ord_write_all(tl->fd, data, size, &err) == 0)
		return;
	tl->err = err;
	(void)ord_wrap(&tl->err, "write the timeline");
	tl->broken = true;
}

void run_timeline_flush(struct run_timeline *tl)
{
	put(tl, tl->batch, tl->used);
	tl->used = 0;
}

/* Appends a whole line to the batch. */
static void batch(struct run_timeline *tl, const char *line, size_t size)
{
	if (tl->used + size > sizeof tl->batch)
		run_timeline_flush(tl);
	if (size > sizeof tl->batch) {
		put(tl, line, size);
		return;
	}
	memcpy(tl->batch + tl->used, line, size);
	tl->used += size;
}

void run_timeline_line(struct run_timeline *tl, const char *e, json_t *more)
{
	json_t *line =
		json_pack("{s:I, s:s}", "t", (json_int_t)run_timeline_t(tl, ord_now_ns()), "e", e);
	ord_autofree char *text = NULL;

	if (line && (!more || json_object_update_missing(line, more) == 0))
		text = json_dumps(line, JSON_COMPACT);
	if (text) {
		batch(tl, text, strlen(text));
		batch(tl, "\n", 1);
	} else if (!tl->broken) {
		(void)ord_fail_nomem(&tl->err);
		tl->broken = true;
	}
	run_timeline_flush(tl);
	if (text && tl->on_line)
		tl->on_line(tl->arg, line);
	json_decref(line);
	json_decref(more);
}

/* A text as a JSON string, by hand: samples are many. What is not ASCII becomes '?'. */
static void quote(const char *text, size_t size, char *out)
{
	size_t n = 0;

	for (; *text && n + 2 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			out[n++] = '\\';
		out[n++] = c < 0x20 ? ' ' : c > 0x7e ? '?' : (char)c;
	}
	out[n] = '\0';
}

void run_timeline_sample(struct run_timeline *tl, uint32_t rep, const char *probe,
			 const struct ord_sample *s)
{
	char line[LINE_MAX_], why[2 * ORD_WHY_MAX + 2], tail[3 * ORD_WHY_MAX] = "";
	char first[40] = "", status[24] = "";
	int n;

	if (s->first)
		(void)snprintf(first, sizeof first, "\"first\":%" PRId64 ",",
			       run_timeline_t(tl, s->first));
	if (s->status)
		(void)snprintf(status, sizeof status, ",\"status\":%u", s->status);
	if (s->why[0]) {
		quote(s->why, sizeof why, why);
		(void)snprintf(tail, sizeof tail, ",\"why\":\"%s\"", why);
	}
	n = snprintf(line, sizeof line,
		     "{\"t\":%" PRId64 ",\"e\":\"sample\",\"rep\":%" PRIu32
		     ",\"p\":\"%s\",\"n\":%" PRIu64 ",\"due\":%" PRId64 ",\"sent\":%" PRId64
		     ",%s\"done\":%" PRId64 ",\"o\":\"%s\"%s%s%s}\n",
		     run_timeline_t(tl, ord_now_ns()), rep, probe, s->n, run_timeline_t(tl, s->due),
		     run_timeline_t(tl, s->sent), first, run_timeline_t(tl, s->done),
		     ord_outcome_name(s->outcome),
		     !ord_sample_known(s) ? ""
		     : ord_sample_good(s) ? ",\"good\":true"
					  : ",\"good\":false",
		     status, tail);
	batch(tl, line, (size_t)n);
	if (tl->on_line) {
		json_t *json = json_loadb(line, (size_t)n, 0, NULL);

		if (json)
			tl->on_line(tl->arg, json);
		json_decref(json);
	}
}

void run_timeline_sync(struct run_timeline *tl)
{
	run_timeline_flush(tl);
	(void)pthread_mutex_lock(&tl->lock);
	tl->wanted = true;
	(void)pthread_cond_signal(&tl->wake);
	(void)pthread_mutex_unlock(&tl->lock);
}

int run_timeline_close(struct run_timeline *tl, struct ord_err *err)
{
	int r = 0;

	if (!tl)
		return 0;
	run_timeline_flush(tl);
	(void)pthread_mutex_lock(&tl->lock);
	tl->quit = true;
	(void)pthread_cond_signal(&tl->wake);
	(void)pthread_mutex_unlock(&tl->lock);
	if (tl->threaded)
		(void)pthread_join(tl->thread, NULL);
	if (!tl->broken && fsync(tl->fd) < 0 && errno != EINVAL && errno != EROFS)
		atomic_store(&tl->sync_errno, errno);
	if (run_timeline_broken(tl)) {
		if (err)
			*err = tl->err;
		r = -1;
	}
	ord_close(&tl->fd);
	(void)pthread_cond_destroy(&tl->wake);
	(void)pthread_mutex_destroy(&tl->lock);
	free(tl);
	return r;
}
