/*
 * A record: a head of fixed size, the file's name and the text, up to a whole number of UNITs, in
 * which its place is counted. Each says its digest, so that a damaged one is none.
 */
#include "scheduler/serve/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "ordeal/spec.h"

#define UNIT  16
#define NAME  "texts"
#define FRESH "texts.new"

struct head {
	char magic[4];
	uint32_t size;
	uint16_t file_size; /* with its NUL */
	uint16_t note_size;
	char sha256[64];
	char note[TEXTS_NOTE];
};
_Static_assert(sizeof(struct head) == 256, "a head has no holes");
static const char magic[4] = {'o', 't', 'x', '1'};

struct texts {
	int state_fd, fd, before;
	uint64_t end;
};

int texts_open(int state_fd, struct texts **ret, struct ord_err *err)
{
	struct texts *t = calloc(1, sizeof *t);

	if (!t)
		return ord_fail_nomem(err);
	t->state_fd = state_fd;
	t->before = openat(state_fd, NAME, O_RDONLY | O_CLOEXEC);
	t->fd = openat(state_fd, FRESH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (t->fd < 0) {
		(void)ord_fail_sys(err, "the state folder's '%s'", FRESH);
		texts_close(t);
		return -1;
	}
	*ret = t;
	return 0;
}

void texts_close(struct texts *t)
{
	if (!t)
		return;
	ord_close(&t->fd);
	ord_close(&t->before);
	free(t);
}

int texts_settle(struct texts *t, struct ord_err *err)
{
	ord_close(&t->before);
	/* What is renamed is whole on the disk, or a fall of the machine would leave neither. */
	if (fdatasync(t->fd) < 0 || renameat(t->state_fd, FRESH, t->state_fd, NAME) < 0)
		return ord_fail_sys(err, "the state folder's '%s'", NAME);
	return 0;
}

static uint64_t place(uint32_t at)
{
	return (uint64_t)at * UNIT;
}

static uint64_t size_of(const struct head *h)
{
	uint64_t size = sizeof *h + h->file_size + h->size;

	return (size + UNIT - 1) / UNIT * UNIT;
}

int texts_put(struct texts *t, const char *file, const char *text, size_t size, uint32_t *ret_at,
	      struct ord_err *err)
{
	struct head h = {.size = (uint32_t)size, .file_size = (uint16_t)(strlen(file) + 1)};
	ord_autofree char *record = NULL;
	char sha256[ORD_SHA256_HEX];
	size_t whole;
	ssize_t n;

	if (t->end / UNIT >= TEXTS_NONE)
		return ord_fail(err, ORD_SYS, "all texts take over 64 GiB");
	memcpy(h.magic, magic, sizeof magic);
	memcpy(h.sha256, ord_sha256(text, size, sha256), sizeof h.sha256);
	whole = size_of(&h);
	record = calloc(1, whole);
	if (!record)
		return ord_fail_nomem(err);
	memcpy(record, &h, sizeof h);
	memcpy(record + sizeof h, file, h.file_size);
	memcpy(record + sizeof h + h.file_size, text, size);
	n = pwrite(t->fd, record, whole, (off_t)t->end);
	if (n < 0 || (size_t)n != whole) {
		errno = n < 0 ? errno : ENOSPC;
		return ord_fail_sys(err, "the state folder's '%s'", NAME);
	}
	*ret_at = (uint32_t)(t->end / UNIT);
	t->end += whole;
	return 0;
}

/* Its head, and its file's name where there is room for it; false: there is no record. */
static bool read_head(int fd, uint64_t from, struct head *ret, char file[static 256])
{
	struct {
		struct head head;
		char file[256];
	} front = {0};
	ssize_t n = pread(fd, &front, sizeof front, (off_t)from);

	if (n < (ssize_t)sizeof *ret || memcmp(front.head.magic, magic, sizeof magic) != 0 ||
	    front.head.size > ORD_SPEC_BYTES_MAX || !front.head.file_size ||
	    front.head.file_size > sizeof front.file || front.head.note_size > TEXTS_NOTE)
		return false;
	front.file[front.head.file_size - 1] = '\0';
	*ret = front.head;
	memcpy(file, front.file, front.head.file_size);
	return true;
}

static int get(int fd, uint32_t at, char **ret, size_t *ret_size, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	char file[256], sha256[ORD_SHA256_HEX];
	struct head h;

	if (!read_head(fd, place(at), &h, file))
		return ord_fail(err, ORD_SYS, "the state folder's '%s' is damaged", NAME);
	text = malloc(h.size + 1ul);
	if (!text)
		return ord_fail_nomem(err);
	text[h.size] = '\0';
	if (pread(fd, text, h.size, (off_t)(place(at) + sizeof h + h.file_size)) !=
		    (ssize_t)h.size ||
	    memcmp(ord_sha256(text, h.size, sha256), h.sha256, sizeof h.sha256) != 0)
		return ord_fail(err, ORD_SYS, "%s in the state folder's '%s' is damaged", file,
				NAME);
	*ret = ord_steal_ptr(text);
	*ret_size = h.size;
	return 0;
}

int texts_get(const struct texts *t, uint32_t at, char **ret, size_t *ret_size, struct ord_err *err)
{
	return get(t->fd, at, ret, ret_size, err);
}

int texts_note(const struct texts *t, uint32_t at, const void *note, size_t size)
{
	struct head h = {.note_size = (uint16_t)size};
	uint64_t to = place(at);

	if (size > TEXTS_NOTE)
		return -1;
	if (size &&
	    pwrite(t->fd, note, size, (off_t)(to + offsetof(struct head, note))) != (ssize_t)size)
		return -1;
	to += offsetof(struct head, note_size);
	return pwrite(t->fd, &h.note_size, sizeof h.note_size, (off_t)to) ==
			       (ssize_t)sizeof h.note_size
		       ? 0
		       : -1;
}

size_t texts_noted(const struct texts *t, uint32_t at, void *ret)
{
	char file[256];
	struct head h;

	if (!read_head(t->fd, place(at), &h, file))
		return 0;
	memcpy(ret, h.note, h.note_size);
	return h.note_size;
}

void texts_before(const struct texts *t, void (*each)(void *arg, const char *file, uint32_t at),
		  void *arg)
{
	char file[256];
	struct head h;

	for (uint64_t at = 0; t->before >= 0 && read_head(t->before, at, &h, file);
	     at += size_of(&h))
		each(arg, file, (uint32_t)(at / UNIT));
}

int texts_get_before(const struct texts *t, uint32_t at, char **ret, size_t *ret_size,
		     struct ord_err *err)
{
	return get(t->before, at, ret, ret_size, err);
}
