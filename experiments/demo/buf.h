/* A byte buffer that grows up to a bound. */
#ifndef DEMO_BUF_H
#define DEMO_BUF_H

#include <stddef.h>

struct buf {
	char *data;
	size_t len, cap, max;
};

void buf_init(struct buf *buf, size_t max);
void buf_free(struct buf *buf);
/* -1 where it would pass its bound, or there is no memory; the buffer is then as it was. */
int buf_add(struct buf *buf, const void *data, size_t len);
int buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Removes from the front. */
void buf_drop(struct buf *buf, size_t len);

enum buf_io { BUF_IO_SOME, BUF_IO_AGAIN, BUF_IO_END, BUF_IO_FULL, BUF_IO_ERROR };
/* Reads once from a non-blocking descriptor. */
enum buf_io buf_read(struct buf *buf, int fd);
/* Writes what the socket takes: SOME when all is written, AGAIN when not. */
enum buf_io buf_write(struct buf *buf, int fd);

#endif
