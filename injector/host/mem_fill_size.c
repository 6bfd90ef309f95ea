/* How much mem.fill may fill: limits of groups, and what the machine must keep. */
#include "mem_fill.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

uint64_t mem_fill_kib(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	uint64_t v;

	return p && sscanf(p + strlen(key), ": %" SCNu64, &v) == 1 ? v * 1024 : 0;
}

int mem_fill_meminfo(int fd, uint64_t *ret_total, uint64_t *ret_available)
{
	char text[2048];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	*ret_total = mem_fill_kib(text, "MemTotal");
	*ret_available = mem_fill_kib(text, "MemAvailable");
	return *ret_total ? 0 : -1;
}

uint64_t mem_fill_share(uint64_t whole, int64_t ppm)
{
	uint64_t p = (uint64_t)ppm;

	return whole / ORD_PPM * p + whole % ORD_PPM * p / ORD_PPM;
}

/* The least limit of the group and of those above it; 0: none. */
static uint64_t limit_of(const struct ord_cgroup *group)
{
	uint64_t least = 0, v;
	struct ord_cgroup g = *group;
	char text[32];

	while (g.dir[0]) {
		char *slash = strrchr(g.dir, '/');

		if (!ord_cgroup_get(&g, g.v2 ? "memory.max" : "memory.limit_in_bytes", text,
				    sizeof text) &&
		    sscanf(text, "%" SCNu64, &v) == 1 && v < 1ull << 62 && (!least || v < least))
			least = v;
		*slash = '\0';
	}
	return least;
}

int mem_fill_decide(const struct inj_step *step, struct mem_fill *f, struct ord_err *err)
{
	uint64_t limit = f->group.dir[0] ? limit_of(&f->group) : 0, available;

	f->page = (uint64_t)sysconf(_SC_PAGESIZE);
	f->meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	if (f->meminfo < 0 || mem_fill_meminfo(f->meminfo, &f->total, &available))
		return ord_fail_sys(err, "read /proc/meminfo");
	if (ord_arg_set(step->args, "size")) {
		f->size = (uint64_t)ord_arg_int(step->args, "size");
	} else {
		uint64_t whole = limit && limit < f->total ? limit : f->total;

		f->size = mem_fill_share(whole, ord_arg_int(step->args, "percent"));
	}
	f->size = (f->size + f->page - 1) / f->page * f->page;
	f->rate = ord_arg_set(step->args, "rate") ? (uint64_t)ord_arg_int(step->args, "rate") : 0;
	f->keep_free = mem_fill_share(f->total, ord_arg_int(step->args, "keep-free"));
	/* What the group's limit stops does not reach the machine. */
	limit = limit && limit < f->size ? limit : f->size;
	if (available < f->keep_free || available - f->keep_free < limit)
		return ord_fail(err, ORD_GUARD,
				"of the machine's %" PRIu64 " MiB %" PRIu64
				" MiB are available: filling %" PRIu64
				" MiB would not leave the %" PRIu64 " MiB of 'keep-free'",
				f->total >> 20, available >> 20, limit >> 20, f->keep_free >> 20);
	return 0;
}
