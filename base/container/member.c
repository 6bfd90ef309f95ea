/*
 * Is the process with this number, which a daemon names, really that container's, and here? The
 * daemon may be in a virtual machine, in another PID namespace, or answer from the past.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/container/ask.h"
#include "base/file.h"
#include "base/proc.h"

#define FILE_MAX (1u << 20)

static bool holds(int dir, const char *file, const char *id)
{
	ord_autofree char *text = NULL;
	size_t n = strlen(id), size = 0;

	if (ord_file_read_at(dir, file, FILE_MAX, &text, &size, NULL))
		return false;
	return memmem(text, size, id, n) != NULL; /* a command line has NULs in it */
}

uint64_t container_start(pid_t init, const char *id)
{
	ord_autoclose int dir = init > 0 ? ord_proc_open(init) : -1, parent = -1;
	struct ord_proc_stat s;

	if (dir < 0 || ord_proc_stat(dir, &s) || s.state == 'Z' || s.state == 'X')
		return 0;
	if (holds(dir, "cgroup", id))
		return s.start;
	/* Without a control group of its own: conmon and the shims have the id among their
	 * arguments. */
	parent = ord_proc_open(s.ppid);
	return parent >= 0 && holds(parent, "cmdline", id) ? s.start : 0;
}
