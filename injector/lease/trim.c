#include "injector/lease/trim.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* From the first segment of an object to the first that is written to (which holds what was
 * relocated, too): nothing there differs from the file. */
static int object_trim(struct dl_phdr_info *o, size_t size, void *arg)
{
	uintptr_t page = *(const uintptr_t *)arg, from = UINTPTR_MAX, to = 0;

	(void)size;
	for (size_t i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &o->dlpi_phdr[i];
		uintptr_t at = (uintptr_t)o->dlpi_addr + (uintptr_t)p->p_vaddr;

		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_flags & PF_W)
			break;
		if (at < from)
			from = at & ~(page - 1);
		to = (at + (uintptr_t)p->p_memsz) & ~(page - 1);
	}
	/* A page that two segments share stays: it may be the writable one's. */
	if (from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
	return 0;
}

void inj_trim(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)dl_iterate_phdr(object_trim, &page);
}
