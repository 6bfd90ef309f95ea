#include "scheduler/run/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "scheduler/run/outlet.h"

#define BATCH_SIZE 65536u
#define LINE_MAX_  2048u       /* of a sample */
#define QUEUE_MAX  (64u << 20) /* some minutes of 1,000 samples a second */

struct run_timeline {
	int fd;
	uint64_t mono_ns;
	run_timeline_view *on_line;
	void *arg;
	size_t used;
	char batch[BATCH_SIZE];
	bool broken;
	struct ord_err err;
	struct run_outlet *disk, *view; /* the view is NULL without on_line */
	atomic_int failed;		/* errno of the disk's first failure */
};

static void to_disk(void *arg, const char *data, size_t size, bool sync)
{
	struct run_timeline *tl = arg;
	struct ord_err err;

	if (atomic_load(&tl->failed))
		return;
	if (ord_write_all(tl->fd, data, size, &err) < 0)
		atomic_store(&tl->failed, err.sys_errno ? err.sys_errno : EIO);
	else if (sync && fdatasync(tl->fd) < 0 && errno != EINVAL && errno != EROFS)
		atomic_store(&tl->failed, errno);
}

/* Only whole lines are handed over. */
static void to_view(void *arg, const char *data, size_t size, bool sync)
{
	struct run_timeline *tl = arg;
	const char *end;

	(void)sync;
	for (; size && (end = memchr(data, '\n', size)); data = end + 1) {
		size -= (size_t)(end + 1 - data);
		tl->on_line(tl->arg, data, (size_t)(end + 1 - data));
	}
}

static void timeline_free(struct run_timeline *tl)
{
	run_outlet_close(tl->view);
	run_outlet_close(tl->disk);
	ord_close(&tl->fd);
	free(tl);
}

int run_timeline_open(int dir, uint64_t mono_ns, run_timeline_view *on_line, void *arg,
		      struct run_timeline **ret, struct ord_err *err)
{
	struct run_timeline *tl = calloc(1, sizeof *tl);

	if (!tl)
		return ord_fail_nomem(err);
	tl->mono_ns = mono_ns;
	tl->on_line = on_line;
	tl->arg = arg;
	tl->fd = openat(dir, "run.jsonl", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	if (tl->fd < 0)
		(void)ord_fail_sys(err, "run.jsonl");
	if (tl->fd < 0 || run_outlet_open(to_disk, tl, QUEUE_MAX, &tl->disk, err) < 0 ||
	    (on_line && run_outlet_open(to_view, tl, QUEUE_MAX, &tl->view, err) < 0)) {
		timeline_free(tl);
		return -1;
	}
	*ret = tl;
	return 0;
}

int64_t run_timeline_t(const struct run_timeline *tl, uint64_t mono_ns)
{
	return mono_ns > tl->mono_ns ? (int64_t)(mono_ns - tl->mono_ns) : 0;
}

bool run_timeline_broken(struct run_timeline *tl)
{
	int error = atomic_load(&tl->failed);

	if (error && !tl->broken) {
		errno = error;
		(void)ord_fail_sys(&tl->err, "write the timeline");
		tl->broken = true;
	}
	return tl->broken;
}

static void give_up(struct run_timeline *tl, enum ord_code code, const char *why)
{
	if (!tl->broken)
		(void)ord_fail(&tl->err, code, "write the timeline: %s", why);
	tl->broken = true;
}

/* A disk that takes nothing for so long has failed; a view that does misses lines. */
static void hand_over(struct run_timeline *tl, const char *data, size_t size)
{
	if (!size)
		return;
	if (tl->view)
		(void)run_outlet_put(tl->view, data, size);
	if (!run_timeline_broken(tl) && !run_outlet_put(tl->disk, data, size))
		give_up(tl, ORD_SYS, "the disk does not keep up");
}

void run_timeline_flush(struct run_timeline *tl)
{
	hand_over(tl, tl->batch, tl->used);
	tl->used = 0;
}

/* Appends a whole line to the batch. */
static void batch(struct run_timeline *tl, const char *line, size_t size)
{
	if (tl->used + size > sizeof tl->batch)
		run_timeline_flush(tl);
	if (size > sizeof tl->batch) {
		hand_over(tl, line, size);
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
		size_t n = strlen(text);

		text[n] = '\n'; /* in the place of the NUL: a line is handed over whole */
		batch(tl, text, n + 1);
	} else {
		give_up(tl, ORD_NOMEM, "out of memory");
	}
	run_timeline_flush(tl);
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

/* What few kinds of probes have. */
static const char *say_more(const struct ord_sample *s, size_t size, char *out)
{
	char value[2 * sizeof s->value];
	size_t n = 0;

	*out = '\0';
	if (s->value[0]) {
		quote(s->value, sizeof value, value);
		n = (size_t)snprintf(out, size, ",\"value\":\"%s\",\"age_ns\":%" PRIu64, value,
				     s->age_ns);
	}
	if (s->trace[0] || s->trace[1])
		(void)snprintf(out + n, size - n, ",\"trace\":\"%016" PRIx64 "%016" PRIx64 "\"",
			       s->trace[0], s->trace[1]);
	return out;
}

void run_timeline_sample(struct run_timeline *tl, uint32_t rep, const char *probe,
			 const struct ord_sample *s)
{
	char line[LINE_MAX_], why[2 * ORD_WHY_MAX + 2], tail[3 * ORD_WHY_MAX] = "";
	char first[40] = "", status[24] = "", since[40] = "", more[160];
	int n;

	if (s->first)
		(void)snprintf(first, sizeof first, "\"first\":%" PRId64 ",",
			       run_timeline_t(tl, s->first));
	if (s->since)
		(void)snprintf(since, sizeof since, ",\"since\":%" PRId64,
			       run_timeline_t(tl, s->since));
	if (s->status)
		(void)snprintf(status, sizeof status, ",\"status\":%u", s->status);
	if (s->why[0]) {
		quote(s->why, sizeof why, why);
		(void)snprintf(tail, sizeof tail, ",\"why\":\"%s\"", why);
	}
	n = snprintf(line, sizeof line,
		     "{\"t\":%" PRId64 ",\"e\":\"sample\",\"rep\":%" PRIu32
		     ",\"p\":\"%s\",\"n\":%" PRIu64 ",\"due\":%" PRId64 ",\"sent\":%" PRId64
		     ",%s\"done\":%" PRId64 ",\"o\":\"%s\"%s%s%s%s%s}\n",
		     run_timeline_t(tl, ord_now_ns()), rep, probe, s->n, run_timeline_t(tl, s->due),
		     run_timeline_t(tl, s->sent), first, run_timeline_t(tl, s->done),
		     ord_outcome_name(s->outcome),
		     !ord_sample_known(s) ? ""
		     : ord_sample_good(s) ? ",\"good\":true"
					  : ",\"good\":false",
		     status, since, say_more(s, sizeof more, more), tail);
	batch(tl, line, (size_t)n);
}

void run_timeline_sync(struct run_timeline *tl)
{
	run_timeline_flush(tl);
	run_outlet_sync(tl->disk);
}

bool run_timeline_written(struct run_timeline *tl)
{
	run_timeline_flush(tl);
	return run_outlet_idle(tl->disk);
}

int run_timeline_close(struct run_timeline *tl, struct ord_err *err)
{
	int r = 0;

	if (!tl)
		return 0;
	run_timeline_flush(tl);
	run_outlet_sync(tl->disk);
	run_outlet_close(ord_steal_ptr(tl->disk));
	if (run_timeline_broken(tl)) {
		if (err)
			*err = tl->err;
		r = -1;
	}
	timeline_free(tl);
	return r;
}
