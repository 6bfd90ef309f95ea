#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

static int reserve(struct buf *buf, size_t len)
{
	size_t cap = buf->cap ? buf->cap : 256;
	char *data;

	if (len > buf->max - buf->len)
		return -1;
	while (cap < buf->len + len)
		cap *= 2;
	if (cap == buf->cap)
		return 0;
	data = realloc(buf->data, cap);
	if (!data)
		return -1;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int buf_add(struct buf *buf, const void *data, size_t len)
{
	if (reserve(buf, len))
		return -1;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return 0;
}

int buf_printf(struct buf *buf, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof text)
		return -1;
	return buf_add(buf, text, (size_t)len);
}

void buf_drop(struct buf *buf, size_t len)
{
	buf->len -= len;
	if (buf->len > 0)
		memmove(buf->data, buf->data + len, buf->len);
}

enum buf_io buf_read(struct buf *buf, int fd)
{
	size_t room;
	ssize_t n;

	if (buf->len == buf->max || (buf->len == buf->cap && reserve(buf, 1)))
		return BUF_IO_FULL;
	room = (buf->cap < buf->max ? buf->cap : buf->max) - buf->len;
	n = recv(fd, buf->data + buf->len, room, 0);
	if (n == 0)
		return BUF_IO_END;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? BUF_IO_AGAIN : BUF_IO_ERROR;
	buf->len += (size_t)n;
	return BUF_IO_SOME;
}

enum buf_io buf_write(struct buf *buf, int fd)
{
	while (buf->len > 0) {
		ssize_t n = send(fd, buf->data, buf->len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? BUF_IO_AGAIN : BUF_IO_ERROR;
		buf_drop(buf, (size_t)n);
	}
	return BUF_IO_SOME;
}
