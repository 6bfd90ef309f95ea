#include "scheduler/serve/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/serve/record.h"

#define FILE_NAME "journal"
#define FILE_NEXT "journal.next"
#define READ_MAX  ((size_t)1 << 30)
#define LONG_MIN  ((uint64_t)8 << 20)
#define LONG_BY	  4

struct journal {
	struct journal_calls calls;
	int dir, fd, wake;
	sd_event_source *woken;
	uint64_t mark;	     /* bytes put since it was opened, across renewals; begins at 1 */
	off_t size, renewed; /* of the file now, and when it was new */
	bool failing;
	uint64_t whole_at; /* where it is failing: synced up to there nothing is missing again */
	/* Below: shared with the thread. */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	bool stop, next; /* next: the file is still FILE_NEXT */
	int sync_fd;	 /* what is to be synced */
	int busy_fd;	 /* what just is; -1: nothing. The thread closes it where it was replaced */
	uint64_t asked, done;
	/* Stays: what the kernel could not write once it takes for written (fsync(2)), and only
	 * another file in this one's place holds all of it. */
	int error;
};

/* ---- reading */

static int read_all(int dir, const char *name, char **ret, size_t *ret_size, struct ord_err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0) < 0 && errno == ENOENT)
		return 0;
	return ord_file_read_at(dir, name, READ_MAX, ret, ret_size, err);
}

/* The whole lines. One that has no end was torn, and never promised to anybody. */
static void each_line(const char *text, size_t size, void (*each)(void *arg, const json_t *record),
		      void *arg, size_t *ret_bad)
{
	for (const char *end; size && (end = memchr(text, '\n', size)); text = end + 1) {
		json_t *record = record_read(text, (size_t)(end - text));

		size -= (size_t)(end + 1 - text);
		if (!record) {
			++*ret_bad;
			continue;
		}
		each(arg, record);
		json_decref(record);
	}
}

struct readiness {
	const size_t *bad;
	bool ready;
};

/* What was changed behind it is news, as in the journal itself. */
static void find_ready(void *arg, const json_t *record)
{
	const char *c = json_string_value(json_object_get(record, "c"));
	struct readiness *r = arg;

	r->ready = r->ready || (c && !strcmp(c, "ready") && !*r->bad);
}

static int put_in_place(int dir, struct ord_err *err)
{
	ord_autoclose int fd = openat(dir, FILE_NEXT, O_RDONLY | O_CLOEXEC);

	/* A machine that falls meanwhile is not to find the name, and nothing behind it. */
	if (fd < 0 || fdatasync(fd) < 0 || renameat(dir, FILE_NEXT, dir, FILE_NAME) < 0 ||
	    fsync(dir) < 0)
		return ord_fail_sys(err, FILE_NEXT);
	return 0;
}

/* A renewal that was cut short counts where it is whole: it may hold what the old one does not. */
static int settle(int dir, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size = 0, bad = 0;
	struct readiness r = {.bad = &bad};

	if (read_all(dir, FILE_NEXT, &text, &size, err) < 0)
		return -1;
	if (!text)
		return 0;
	each_line(text, size, find_ready, &r, &bad);
	if (r.ready)
		return put_in_place(dir, err);
	return unlinkat(dir, FILE_NEXT, 0) < 0 ? ord_fail_sys(err, FILE_NEXT) : 0;
}

int journal_open(int dir, void (*each)(void *arg, const json_t *record), void *arg, size_t *ret_bad,
		 struct journal **ret, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	struct journal *j;
	size_t size = 0;

	if (settle(dir, err) < 0 || read_all(dir, FILE_NAME, &text, &size, err) < 0)
		return -1;
	j = calloc(1, sizeof *j);
	if (!j)
		return ord_fail_nomem(err);
	j->dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	j->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	j->fd = j->sync_fd = j->busy_fd = -1;
	j->mark = j->asked = j->done = 1;
	(void)pthread_mutex_init(&j->lock, NULL);
	(void)pthread_cond_init(&j->wanted, NULL);
	if (j->dir < 0 || j->wake < 0) {
		(void)ord_fail_sys(err, "journal");
		journal_close(j);
		return -1;
	}
	*ret_bad = 0;
	each_line(text ? text : "", size, each, arg, ret_bad);
	*ret = j;
	return 0;
}

/* ---- the thread, which waits for the disk */

/* A new journal takes the old one's name when it is on the disk, not before. */
static int sync_file(struct journal *j, int fd, bool next)
{
	if (fdatasync(fd) < 0)
		return errno;
	if (next && (renameat(j->dir, FILE_NEXT, j->dir, FILE_NAME) < 0 || fsync(j->dir) < 0))
		return errno;
	return 0;
}

static void *sync_thread(void *arg)
{
	struct journal *j = arg;
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&j->lock);
	for (;;) {
		uint64_t asked;
		bool next;
		int fd, e;

		while (!j->stop && (j->asked == j->done || j->error))
			(void)pthread_cond_wait(&j->wanted, &j->lock);
		if (j->asked == j->done || j->error)
			break;
		asked = j->asked;
		next = j->next;
		fd = j->busy_fd = j->sync_fd;
		(void)pthread_mutex_unlock(&j->lock);
		e = sync_file(j, fd, next);
		(void)pthread_mutex_lock(&j->lock);
		j->busy_fd = -1;
		/* Another has taken its place meanwhile, and is to be synced first. */
		if (fd != j->sync_fd) {
			(void)close(fd);
			continue;
		}
		j->next = j->next && (e || !next);
		j->error = e;
		if (!e)
			j->done = asked;
		(void)!write(j->wake, &one, sizeof one);
	}
	(void)pthread_mutex_unlock(&j->lock);
	return NULL;
}

static void say_failing(struct journal *j, int error)
{
	if (!error == !j->failing)
		return;
	j->failing = error;
	j->whole_at = UINT64_MAX;
	j->calls.failing(j->calls.arg, error ? strerrordesc_np(error) : NULL);
}

static int on_woken(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct journal *j = arg;
	uint64_t n, done;
	int error;

	(void)source;
	(void)events;
	if (read(fd, &n, sizeof n) < 0)
		return 0;
	(void)pthread_mutex_lock(&j->lock);
	done = j->done;
	error = j->error;
	(void)pthread_mutex_unlock(&j->lock);
	if (error) {
		say_failing(j, error);
		return 0;
	}
	if (done >= j->whole_at)
		say_failing(j, 0);
	j->calls.synced(j->calls.arg, done);
	return 0;
}

int journal_start(struct journal *j, sd_event *loop, const struct journal_calls *calls,
		  struct ord_err *err)
{
	int e = sd_event_add_io(loop, &j->woken, j->wake, EPOLLIN, on_woken, j);

	j->calls = *calls;
	if (e >= 0)
		e = -pthread_create(&j->thread, NULL, sync_thread, j);
	if (e < 0) {
		errno = -e;
		return ord_fail_sys(err, "journal");
	}
	j->running = true;
	return 0;
}

void journal_sync(struct journal *j)
{
	(void)pthread_mutex_lock(&j->lock);
	j->asked = j->mark;
	(void)pthread_cond_signal(&j->wanted);
	(void)pthread_mutex_unlock(&j->lock);
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->running) {
		journal_sync(j);
		(void)pthread_mutex_lock(&j->lock);
		j->stop = true;
		(void)pthread_cond_signal(&j->wanted);
		(void)pthread_mutex_unlock(&j->lock);
		(void)pthread_join(j->thread, NULL);
	}
	j->woken = sd_event_source_disable_unref(j->woken);
	(void)pthread_cond_destroy(&j->wanted);
	(void)pthread_mutex_destroy(&j->lock);
	ord_close(&j->fd);
	ord_close(&j->wake);
	ord_close(&j->dir);
	free(j);
}

/* ---- writing */

/* A line that did not fit leaves nothing behind. */
static uint64_t put_line(struct journal *j, const char *line, size_t size)
{
	struct ord_err err;

	if (ord_write_all(j->fd, line, size, &err) < 0) {
		(void)!ftruncate(j->fd, j->size);
		say_failing(j, err.sys_errno ? err.sys_errno : EIO);
		return 0;
	}
	j->size += (off_t)size;
	j->mark += size;
	return j->mark;
}

uint64_t journal_put(struct journal *j, json_t *record)
{
	ord_autofree char *line = NULL;
	size_t size = 0;

	if (record)
		line = record_write(record, &size);
	json_decref(record);
	if (!line) {
		say_failing(j, ENOMEM);
		return 0;
	}
	return put_line(j, line, size);
}

uint64_t journal_mark(const struct journal *j)
{
	return j->mark;
}

bool journal_failing(const struct journal *j)
{
	return j->failing;
}

bool journal_long(struct journal *j)
{
	bool next;

	(void)pthread_mutex_lock(&j->lock);
	next = j->next;
	(void)pthread_mutex_unlock(&j->lock);
	return !next && (uint64_t)j->size > LONG_MIN &&
	       (uint64_t)j->size > LONG_BY * (uint64_t)j->renewed;
}

/* What is to be written, a block at a time. */
struct block {
	int fd;
	size_t used;
	off_t size; /* of all that was written */
	char v[65536];
};

static int flush(struct block *b, struct ord_err *err)
{
	if (ord_write_all(b->fd, b->v, b->used, err) < 0)
		return ord_wrap(err, FILE_NEXT);
	b->size += (off_t)b->used;
	b->used = 0;
	return 0;
}

/* The record is taken. */
static int write_record(struct block *b, json_t *record, struct ord_err *err)
{
	size_t n;
	ord_autofree char *line = record_write(record, &n);
	int r = 0;

	json_decref(record);
	if (!line)
		return ord_fail_nomem(err);
	if (b->used + n > sizeof b->v)
		r = flush(b, err);
	if (!r && n > sizeof b->v) {
		r = ord_write_all(b->fd, line, n, err);
		b->size += (off_t)n;
	} else if (!r) {
		memcpy(b->v + b->used, line, n);
		b->used += n;
	}
	return r;
}

static int write_records(int fd, journal_next *next, void *arg, off_t *ret_size,
			 struct ord_err *err)
{
	ord_autofree struct block *b = calloc(1, sizeof *b);
	bool failed = false;
	json_t *record;

	if (!b)
		return ord_fail_nomem(err);
	b->fd = fd;
	while ((record = next(arg, &failed)))
		if (write_record(b, record, err) < 0)
			return -1;
	if (failed)
		return ord_fail_nomem(err);
	if (write_record(b, json_pack("{s:s}", "c", "ready"), err) < 0 || flush(b, err) < 0)
		return -1;
	*ret_size = b->size;
	return 0;
}

/* The one before is about to take the journal's name: it must not be cut to nothing then. */
static bool is_placing(struct journal *j)
{
	bool placing;

	(void)pthread_mutex_lock(&j->lock);
	placing = j->next && !j->error;
	(void)pthread_mutex_unlock(&j->lock);
	return placing;
}

static int open_next(struct journal *j, struct ord_err *err)
{
	int fd;

	if (is_placing(j)) {
		errno = EBUSY;
		return ord_fail_sys(err, FILE_NEXT);
	}
	fd = openat(j->dir, FILE_NEXT, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? ord_fail_sys(err, FILE_NEXT) : fd;
}

struct listed {
	json_t *list; /* borrowed */
	size_t i;
};

static json_t *next_listed(void *arg, bool *ret_failed)
{
	struct listed *l = arg;

	*ret_failed = !l->list;
	return json_incref(json_array_get(l->list, l->i++));
}

int journal_renew(struct journal *j, json_t *records, struct ord_err *err)
{
	struct listed l = {.list = records};
	int r = journal_renew_from(j, next_listed, &l, err);

	json_decref(records);
	return r;
}

int journal_renew_from(struct journal *j, journal_next *next, void *arg, struct ord_err *err)
{
	ord_autoclose int fd = open_next(j, err);
	off_t size = 0;

	if (fd < 0)
		return -1;
	if (write_records(fd, next, arg, &size, err) < 0) {
		(void)unlinkat(j->dir, FILE_NEXT, 0);
		return -1;
	}
	(void)pthread_mutex_lock(&j->lock);
	if (j->busy_fd < 0)
		ord_close(&j->fd);
	j->fd = j->sync_fd = ord_steal_fd(&fd);
	j->next = true;
	j->error = 0;
	(void)pthread_mutex_unlock(&j->lock);
	j->size = j->renewed = size;
	j->mark += (uint64_t)size;
	j->whole_at = j->mark;
	journal_sync(j);
	return 0;
}
