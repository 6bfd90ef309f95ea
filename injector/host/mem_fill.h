/* What the files of mem.fill share: how much, the process that fills, and its parent. */
#ifndef ORDEAL_HOST_MEM_FILL_H
#define ORDEAL_HOST_MEM_FILL_H

#include <stdatomic.h>

#include "injector/host/child.h"
#include "injector/lease/injector.h"

struct mem_fill_words {
	atomic_int failed; /* errno */
	atomic_ullong filled, done_ns;
};

struct mem_fill {
	uint64_t size, rate, seed, page;
	uint64_t total, keep_free; /* of the machine, bytes */
	struct mem_fill_words *words;
	struct inj_child child;
	int join;
	int pipe[2]; /* the child says by it that it is done */
	int oom_adj; /* of ourselves, for the child to inherit; -1: leave it */
	int meminfo;
	int oom_file; /* where kills are counted */
	struct ord_cgroup group;
	char name[16];
	char oom_before[8];
	uint64_t kills_before, began_ns, look_ns, resident, swapped;
	bool in_force, oom_killed;
};

struct mem_filler {
	const struct mem_fill *f;
	char *memory;
	int done; /* descriptor */
};

/* "Key:   123 kB" of a text of /proc, in bytes; 0 where it is not there. */
uint64_t mem_fill_kib(const char *text, const char *key);
int mem_fill_meminfo(int fd, uint64_t *ret_total, uint64_t *ret_available);
/* Exact, and without overflow. */
uint64_t mem_fill_share(uint64_t whole, int64_t ppm);
/* Size, rate and what must stay free; refuses where that would not. */
int mem_fill_decide(const struct inj_step *step, struct mem_fill *f, struct ord_err *err);

/* Of the child; arg is a struct mem_filler. */
_Noreturn void mem_fill_main(void *arg);

#endif
