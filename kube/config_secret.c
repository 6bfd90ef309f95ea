#include "kube/config_secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"

#define PAGE 4096u

int kube_secret_room(struct kube_secret *s, size_t size, struct ord_err *err)
{
	size_t room = (size + PAGE) & ~(size_t)(PAGE - 1); /* of size + 1 */
	void *map;

	if (s->text && s->room >= size + 1) {
		explicit_bzero(s->text, s->room);
		s->size = 0;
		return 0;
	}
	map = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return ord_fail_sys(err, "memory for a secret");
	(void)madvise(map, room, MADV_DONTDUMP);
	(void)mlock(map, room); /* RLIMIT_MEMLOCK may forbid it */
	kube_secret_done(s);
	*s = (struct kube_secret){.text = map, .room = room};
	return 0;
}

int kube_secret_set(struct kube_secret *s, const void *data, size_t size, struct ord_err *err)
{
	if (kube_secret_room(s, size, err))
		return -1;
	memcpy(s->text, data, size);
	s->size = size;
	return 0;
}

void kube_secret_done(struct kube_secret *s)
{
	if (s->text) {
		explicit_bzero(s->text, s->room);
		(void)munmap(s->text, s->room);
	}
	*s = (struct kube_secret){0};
}

void kube_wipe(void *data, size_t size)
{
	if (data)
		explicit_bzero(data, size);
}

void kube_secret_guard_cores(void)
{
	static const char path[] = "/proc/self/coredump_filter";
	/* Anonymous memory, private and shared, and huge pages of both kinds. */
	const unsigned long anonymous = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 6;
	ord_autoclose int fd = -1;
	char text[32], *end;
	unsigned long bits;

	if (ord_file_peek(AT_FDCWD, path, text, sizeof text) < 0)
		return;
	bits = strtoul(text, &end, 16);
	if (end == text || !(bits & anonymous))
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* not dumpable: there will be no core */
	(void)snprintf(text, sizeof text, "0x%lx\n", bits & ~anonymous);
	(void)ord_write_all(fd, text, strlen(text), NULL);
}
