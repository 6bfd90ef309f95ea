/*
 * The texts of all schedules, in a file of the state folder: what runs is what was read and found
 * good, whatever has become of its file since. It is made anew by each daemon; that of the one
 * before says what was good last of a file that is broken now.
 */
#ifndef ORDEAL_SERVE_TEXTS_H
#define ORDEAL_SERVE_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define TEXTS_NONE UINT32_MAX

struct texts;
/* state_fd is borrowed. */
int texts_open(int state_fd, struct texts **ret, struct ord_err *err);
void texts_close(struct texts *t); /* NULL is fine */
/* All of the folder is in it: it takes the place of the one before. */
int texts_settle(struct texts *t, struct ord_err *err);

/* *ret_at: where, until it is closed. Failing it has kept nothing. */
int texts_put(struct texts *t, const char *file, const char *text, size_t size, uint32_t *ret_at,
	      struct ord_err *err);
/* Owned, and NUL-terminated. ORD_SYS: it cannot be read, or is not what was put there. */
int texts_get(const struct texts *t, uint32_t at, char **ret, size_t *ret_size,
	      struct ord_err *err);

/* A few words beside a text, which change with time: of at most TEXTS_NOTE bytes. */
#define TEXTS_NOTE 180
int texts_note(const struct texts *t, uint32_t at, const void *note, size_t size);
/* Its size, 0 where there is none; of TEXTS_NOTE bytes at most. */
size_t texts_noted(const struct texts *t, uint32_t at, void *ret);

/* Each text of the one before, in the order in which they were put; a later one of the same file
 * takes its place. Until texts_settle(). */
void texts_before(const struct texts *t, void (*each)(void *arg, const char *file, uint32_t at),
		  void *arg);
int texts_get_before(const struct texts *t, uint32_t at, char **ret, size_t *ret_size,
		     struct ord_err *err);

#endif
