#include "scheduler/child/make.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"

#define GATE "3" /* the descriptor, in the child */

int make_pipe(int *ret_read, int *ret_write, struct ord_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	if (fcntl(*ret_read, F_SETFL, O_NONBLOCK) < 0)
		return ord_fail_sys(err, "F_SETFL");
	return 0;
}

int make_gate(int *ret_ours, int *ret_its, struct ord_err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return ord_fail_sys(err, "socketpair");
	*ret_ours = ends[0];
	*ret_its = ends[1];
	return 0;
}

int make_input(const struct ord_child_options *o, int *ret, struct ord_err *err)
{
	ord_autoclose int fd = memfd_create("ordeal-experiment", MFD_CLOEXEC);

	if (fd < 0)
		return ord_fail_sys(err, "memfd_create");
	if (ord_write_all(fd, o->text, o->size, err) < 0)
		return ord_wrap(err, "memfd");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ord_fail_sys(err, "memfd");
	*ret = ord_steal_fd(&fd);
	return 0;
}

int make_argv(const struct ord_child_options *o, char seed[static 24],
	      const char *argv[static ARGS_MAX], struct ord_err *err)
{
	const struct {
		const char *name, *value;
	} valued[] = {
		{"--output", o->output},
		{"--dispatch", o->dispatch},
		{"--seed", o->has_seed ? seed : NULL},
		{"--await", o->spawner ? GATE : NULL},
	};
	size_t n = 0;

	(void)snprintf(seed, 24, "%" PRIu64, o->seed);
	argv[n++] = "ordeal";
	argv[n++] = "run";
	argv[n++] = "--json";
	for (size_t i = 0; i < ORD_COUNT(valued); i++) {
		if (!valued[i].value)
			continue;
		argv[n++] = valued[i].name;
		argv[n++] = valued[i].value;
	}
	for (const char *const *extra = o->extra; extra && *extra; extra++) {
		if (n + 2 >= ARGS_MAX)
			return ord_fail(err, ORD_USAGE, "too many arguments for one run");
		argv[n++] = *extra;
	}
	argv[n++] = "-";
	argv[n] = NULL;
	return 0;
}
