#include "reports/feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define LINE_MAX_BYTES ((size_t)8 << 20)
#define SLOTS	       4

enum slot_state {
	SLOT_FREE,
	SLOT_TAKEN, /* somebody scans it */
	SLOT_READY,
};

struct slot {
	enum slot_state state;
	char *text;
	size_t n, room;
	bool torn, end; /* end: there was nothing left to read */
	struct ord_scanned *lines;
	size_t n_lines, room_lines;
	int r; /* -1: err says why */
	struct ord_err err;
};

struct ord_feed {
	FILE *in;
	const struct ord_timeline *t;
	size_t chunk;
	bool begun, quick, has_thread, eof; /* begun: the first line has been read */
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t moved;
	bool over, stop; /* over: nothing is left to be read */
	size_t to_read;	 /* number of the chunk that is read next */
	size_t to_give;	 /* and of the one that the caller gets next; of the caller alone */
	char *rest;	 /* what was read behind the last whole line */
	size_t n_rest, room_rest;
	struct slot slots[SLOTS];
};

static int make_room(char **text, size_t *room, size_t need)
{
	char *more;

	if (*room >= need)
		return 0;
	more = realloc(*text, need);
	if (!more)
		return -1;
	*text = more;
	*room = need;
	return 0;
}

/* Keeps what stands behind the last newline for the next chunk. */
static int cut(struct ord_feed *f, struct slot *s, const char *last_newline)
{
	size_t whole = (size_t)(last_newline + 1 - s->text);

	if (make_room(&f->rest, &f->room_rest, s->n - whole))
		return -1;
	f->n_rest = s->n - whole;
	if (f->n_rest)
		memcpy(f->rest, last_newline + 1, f->n_rest);
	s->n = whole;
	return 0;
}

/* Reads whole lines: as many as fit into a chunk, or one that is longer; the first one alone. */
static int read_lines(struct ord_feed *f, struct slot *s, struct ord_err *err)
{
	const char *newline = NULL;
	size_t want = f->chunk;

	s->n = 0;
	s->torn = false;
	if (make_room(&s->text, &s->room, want + f->n_rest + ORD_SCAN_SLACK))
		return ord_fail_nomem(err);
	if (f->n_rest)
		memcpy(s->text, f->rest, f->n_rest);
	s->n = f->n_rest;
	f->n_rest = 0;
	while (!newline && !f->eof) {
		size_t got;

		if (s->n >= LINE_MAX_BYTES)
			return ord_fail(err, ORD_USAGE, "a line longer than %zu MiB",
					LINE_MAX_BYTES >> 20);
		if (make_room(&s->text, &s->room, s->n + want + ORD_SCAN_SLACK))
			return ord_fail_nomem(err);
		got = fread(s->text + s->n, 1, want, f->in);
		if (!got && ferror(f->in))
			return ord_fail_sys(err, "read");
		f->eof = got < want && (feof(f->in) || !got);
		s->n += got;
		newline = f->begun ? memrchr(s->text, '\n', s->n) : memchr(s->text, '\n', s->n);
		want = s->n > want ? s->n : want;
	}
	if (newline && !(f->eof && f->begun) && cut(f, s, newline))
		return ord_fail_nomem(err);
	s->torn = s->n && s->text[s->n - 1] != '\n';
	s->end = !s->n;
	memset(s->text + s->n, 0, ORD_SCAN_SLACK);
	return 0;
}

static struct ord_scanned *add_line(struct slot *s)
{
	if (s->n_lines == s->room_lines) {
		size_t room = s->room_lines ? s->room_lines * 2 : 256;
		struct ord_scanned *lines = reallocarray(s->lines, room, sizeof *lines);

		if (!lines)
			return NULL;
		s->lines = lines;
		s->room_lines = room;
	}
	return &s->lines[s->n_lines++];
}

static int scan_lines(const struct ord_feed *f, struct slot *s)
{
	struct ord_scan scan = {.t = f->t};

	s->n_lines = 0;
	for (size_t at = 0; at < s->n;) {
		struct ord_scanned *line = add_line(s);

		if (!line)
			return ord_fail_nomem(&s->err);
		if (!f->quick || !ord_scan_sample(&scan, s->text, at, line)) {
			const char *end = memchr(s->text + at, '\n', s->n - at);
			size_t len = (end ? (size_t)(end - s->text) : s->n) - at;

			*line = (struct ord_scanned){.at = (uint32_t)at, .len = (uint32_t)len};
		}
		at += (size_t)line->len + 1;
	}
	return 0;
}

/* Reads and scans the next chunk if there is room for it. Called with the lock held; it is free
 * during the scan. */
static bool work(struct ord_feed *f)
{
	struct slot *s = &f->slots[f->to_read % SLOTS];

	if (f->over || s->state != SLOT_FREE)
		return false;
	f->to_read++;
	s->state = SLOT_TAKEN;
	s->r = read_lines(f, s, &s->err);
	f->over = s->r || s->end;
	if (!s->r && !s->end) {
		(void)pthread_mutex_unlock(&f->lock);
		s->r = scan_lines(f, s);
		(void)pthread_mutex_lock(&f->lock);
	}
	s->state = SLOT_READY;
	(void)pthread_cond_broadcast(&f->moved);
	return true;
}

static void *ahead(void *arg)
{
	struct ord_feed *f = arg;

	(void)pthread_mutex_lock(&f->lock);
	while (!f->stop && !f->over)
		if (!work(f))
			(void)pthread_cond_wait(&f->moved, &f->lock);
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}

int ord_feed_open(FILE *in, const struct ord_timeline *t, size_t chunk, struct ord_feed **ret,
		  struct ord_err *err)
{
	struct ord_feed *f = calloc(1, sizeof *f);

	if (!f)
		return ord_fail_nomem(err);
	f->in = in;
	f->t = t;
	f->chunk = chunk;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->moved, NULL);
	*ret = f;
	return 0;
}

void ord_feed_scan(struct ord_feed *f, bool quick)
{
	f->begun = true;
	f->quick = quick;
	/* Without a thread it only takes longer. */
	f->has_thread = !f->eof && !pthread_create(&f->thread, NULL, ahead, f);
}

int ord_feed_next(struct ord_feed *f, struct ord_chunk *ret, struct ord_err *err)
{
	struct slot *s = &f->slots[f->to_give % SLOTS];

	(void)pthread_mutex_lock(&f->lock);
	if (f->to_give) {
		f->slots[(f->to_give - 1) % SLOTS].state = SLOT_FREE;
		(void)pthread_cond_broadcast(&f->moved);
	}
	while (s->state != SLOT_READY)
		if (!work(f))
			(void)pthread_cond_wait(&f->moved, &f->lock);
	(void)pthread_mutex_unlock(&f->lock);
	if (s->r) {
		*err = s->err;
		return -1;
	}
	if (s->end)
		return 0;
	f->to_give++;
	*ret = (struct ord_chunk){
		.text = s->text, .lines = s->lines, .n = s->n_lines, .torn = s->torn};
	return 1;
}

void ord_feed_close(struct ord_feed *f)
{
	if (!f)
		return;
	if (f->has_thread) {
		(void)pthread_mutex_lock(&f->lock);
		f->stop = true;
		(void)pthread_cond_broadcast(&f->moved);
		(void)pthread_mutex_unlock(&f->lock);
		(void)pthread_join(f->thread, NULL);
	}
	for (size_t i = 0; i < SLOTS; i++) {
		free(f->slots[i].text);
		free(f->slots[i].lines);
	}
	free(f->rest);
	(void)pthread_cond_destroy(&f->moved);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}
