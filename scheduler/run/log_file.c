/*
 * A file that others write: followed when it is rotated (moved away, and made anew), when it is
 * truncated, and when it appears later. It is looked at with the run's tick, without inotify: a
 * look is two system calls, and works wherever a file can be read. One that was truncated and has
 * grown past its old end from one look to the next is known by the bytes before that end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/run/log_source.h"

#define LOOK_NS (2 * ORD_MS)
#define CHUNK	65536u
/* Who moved a file away may go on writing to it until it is told. */
#define LINGER_NS (10 * ORD_S)
#define MARK_SIZE 64u

struct tail {
	int fd;
	uint64_t offset;
	/* All that was there had been read: what comes is younger. */
	uint64_t caught_up_ns;
	/* The bytes before the offset, as they were read. */
	char mark[MARK_SIZE];
	size_t n_mark;
	struct log_lines lines;
};

struct log_file {
	const char *path; /* borrowed */
	struct tail now, before;
	uint64_t moved_ns; /* when it became `before` */
	bool later;	   /* it was looked for once: what appears from now on is new */
	struct log_look *look;
	struct tail *reading;
};

struct log_file *log_file_open(const char *path, uint64_t now_ns)
{
	struct log_file *f = calloc(1, sizeof *f);
	struct log_look nothing = {.now_ns = now_ns};

	if (!f)
		return NULL;
	f->path = path;
	f->now.fd = f->before.fd = -1;
	f->now.caught_up_ns = now_ns;
	(void)log_file_look(f, &nothing);
	f->later = true;
	return f;
}

static int say(struct log_look *look, const char *path, const char *why)
{
	(void)snprintf(look->why, sizeof look->why, "%.80s: %.70s", path, why);
	return -1;
}

/* Takes over the bytes before the offset, as they stand in the file. */
static void set_mark(struct tail *t)
{
	size_t want = t->offset < MARK_SIZE ? (size_t)t->offset : MARK_SIZE;
	ssize_t n = pread(t->fd, t->mark, want, (off_t)(t->offset - want));

	t->n_mark = n == (ssize_t)want ? want : 0;
}

/* Whether what was read up to the offset still stands there. A writer that goes on at its own
 * offset after a truncation leaves a hole: what comes after that is new. */
static bool is_same(const struct tail *t)
{
	char now[MARK_SIZE];
	size_t holes = 0;

	if (pread(t->fd, now, t->n_mark, (off_t)(t->offset - t->n_mark)) != (ssize_t)t->n_mark)
		return true;
	while (holes < t->n_mark && !now[holes])
		holes++;
	return holes == t->n_mark || !memcmp(now, t->mark, t->n_mark);
}

/* The same of what has just been read, without reading it again. */
static void keep_mark(struct tail *t, const char *chunk, size_t n)
{
	size_t old = n < MARK_SIZE ? MARK_SIZE - n : 0, take = n < MARK_SIZE ? n : MARK_SIZE;

	if (old > t->n_mark)
		old = t->n_mark;
	memmove(t->mark, t->mark + (t->n_mark - old), old);
	memcpy(t->mark + old, chunk + (n - take), take);
	t->n_mark = old + take;
}

static void start_over(struct tail *t)
{
	t->offset = 0;
	t->n_mark = 0;
	t->lines.n = 0;
	t->lines.skip = false;
}

/* From its end where the run begins; then a line that is half written is not one of ours. */
static void begin(struct tail *t, int fd, off_t size, bool from_start, uint64_t caught_up_ns)
{
	char last = '\n';

	*t = (struct tail){.fd = fd, .caught_up_ns = caught_up_ns};
	if (from_start)
		return;
	t->offset = (uint64_t)size;
	t->lines.skip = size && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
	set_mark(t);
}

static int open_now(struct log_file *f, struct log_look *look)
{
	/* Never waits: it may be a FIFO. */
	ord_autoclose int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		f->now.caught_up_ns = look->now_ns;
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return say(look, f->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return say(look, f->path, "it is not a regular file");
	begin(&f->now, ord_steal_fd(&fd), st.st_size, f->later, f->now.caught_up_ns);
	return 0;
}

/* Another file is there by that name now. */
static bool is_moved(const struct log_file *f)
{
	struct stat here, there;

	return fstat(f->now.fd, &here) == 0 && stat(f->path, &there) == 0 &&
	       (here.st_dev != there.st_dev || here.st_ino != there.st_ino);
}

static bool on_line(void *arg, const char *text)
{
	struct log_file *f = arg;

	if (f->look->line)
		f->look->line(f->look->arg, text, f->reading->caught_up_ns, f->look->now_ns, "");
	return ord_now_ns() - f->look->now_ns < LOOK_NS;
}

static int read_some(struct log_file *f, struct tail *t, struct log_look *look)
{
	char chunk[CHUNK];
	struct stat st;
	ssize_t n;

	if (fstat(t->fd, &st) == 0 &&
	    ((uint64_t)st.st_size < t->offset || ((uint64_t)st.st_size > t->offset && !is_same(t))))
		start_over(t);
	f->look = look;
	f->reading = t;
	do {
		size_t taken;

		n = pread(t->fd, chunk, sizeof chunk, (off_t)t->offset);
		if (n < 0)
			return say(look, f->path, strerror(errno));
		taken = log_lines_feed(&t->lines, chunk, (size_t)n, on_line, f);
		t->offset += taken;
		keep_mark(t, chunk, taken);
	} while (n && ord_now_ns() - look->now_ns < LOOK_NS);
	if (!n)
		t->caught_up_ns = look->now_ns;
	return 0;
}

int log_file_look(struct log_file *f, struct log_look *look)
{
	if (f->now.fd >= 0 && is_moved(f)) {
		ord_close(&f->before.fd);
		f->before = f->now;
		f->moved_ns = look->now_ns;
		f->now.fd = -1;
	}
	if (f->now.fd < 0 && open_now(f, look))
		return -1;
	if (f->before.fd >= 0) {
		if (read_some(f, &f->before, look))
			return -1;
		if (look->now_ns - f->moved_ns > LINGER_NS)
			ord_close(&f->before.fd);
	}
	return f->now.fd >= 0 ? read_some(f, &f->now, look) : 0;
}

void log_file_close(struct log_file *f)
{
	if (!f)
		return;
	ord_close(&f->now.fd);
	ord_close(&f->before.fd);
	free(f);
}
