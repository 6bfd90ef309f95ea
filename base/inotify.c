#include "base/inotify.h"

#include <unistd.h>

void ord_inotify_each(int fd, void (*each)(void *arg, const struct inotify_event *e), void *arg)
{
	_Alignas(struct inotify_event) char data[65536];
	ssize_t n = read(fd, data, sizeof data);

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(data + at);

		each(arg, e);
		at += (ssize_t)(sizeof *e + e->len);
	}
}
