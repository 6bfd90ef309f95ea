/*
 * run-mem [ROUNDS]: mem.fill of 1 GB beside a bare MADV_POPULATE_WRITE of 1 GB, turn about. One
 * JSON line for the cold run (memory that the machine has perhaps never touched), one for the
 * medians of the rounds after it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "tests/root/group.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define SIZE	   1000000000ull
#define ROUNDS_MAX 32

static struct driver d;

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t median(uint64_t *v, unsigned n)
{
	qsort(v, n, sizeof *v, by_size);
	return v[n / 2];
}

/* In a child, as the filler is; the time of the call alone, and its CPU time until then. */
static uint64_t bare_us(uint64_t *ret_cpu_us)
{
	uint64_t us[2] = {0};
	int pipes[2];
	pid_t pid;

	must_sys(pipe(pipes));
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		us[0] = now_us();
		if (memory == MAP_FAILED || madvise(memory, SIZE, MADV_POPULATE_WRITE))
			_exit(1);
		us[0] = now_us() - us[0];
		us[1] = cpu_ns(getpid()) / 1000;
		(void)!write(pipes[1], us, sizeof us);
		_exit(0);
	}
	(void)close(pipes[1]);
	if (read(pipes[0], us, sizeof us) != (ssize_t)sizeof us)
		skip("no MADV_POPULATE_WRITE here");
	(void)close(pipes[0]);
	must_sys(waitpid(pid, NULL, 0));
	*ret_cpu_us = us[1];
	return us[0];
}

static json_int_t figure(const json_t *reverted, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(reverted, "figures"), key));
}

static void begin(void)
{
	char args[64], *line;

	(void)snprintf(args, sizeof args, "{\"size\":%llu}", SIZE);
	line = request_add("bench-mem", "mem.fill", args, "{\"host\":true}", 600000000000ull);
	driver_spawn(&d);
	driver_send(&d, line);
	free(line);
	json_decref(driver_until(&d, "injected", 60000));
}

/* Ends it; the time from the fork of the filler until the last page was there. */
static uint64_t end_us(void)
{
	uint64_t us;
	json_t *e;

	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	e = driver_until(&d, "reverted", 10000);
	us = (uint64_t)figure(e, "fill_ns") / 1000;
	json_decref(e);
	must(driver_reap(&d, 5000) == 0);
	return us;
}

static long long rss_kib(pid_t pid)
{
	char path[64], line[256];
	long long v = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "re");
	must(f);
	while (!v && fgets(line, sizeof line, f))
		(void)sscanf(line, "Rss: %lld", &v);
	(void)fclose(f);
	return v;
}

/* Until the process is no more than a zombie: its memory has gone then. */
static uint64_t freed_us(pid_t child)
{
	uint64_t from = now_us();
	struct ord_proc_stat st;
	int dir = ord_proc_open(child);

	must_sys(kill(d.pid, SIGKILL));
	while (dir >= 0 && !ord_proc_stat(dir, &st) && st.state != 'Z' && st.state != 'X')
		(void)usleep(200);
	from = now_us() - from;
	(void)close(dir);
	(void)driver_reap(&d, 5000);
	return from;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
	uint64_t bare[ROUNDS_MAX], fill[ROUNDS_MAX], bare_cpu[ROUNDS_MAX], fill_cpu[ROUNDS_MAX],
		cold_bare, cold_fill, cpu, holder, freed, m_bare, m_fill;
	const char *group;
	long long rss;
	pid_t child;

	rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	world_enter();
	group = group_make("cpu");
	group_favour(group);
	group_join(group, getpid());
	cold_bare = bare_us(bare_cpu);
	begin();
	cold_fill = end_us();
	(void)printf("{\"bench\":\"mem\",\"run\":\"first\",\"bytes\":%llu,\"bare_us\":%" PRIu64
		     ",\"fill_us\":%" PRIu64 "}\n",
		     SIZE, cold_bare, cold_fill);
	for (unsigned i = 0; i < rounds; i++) {
		bare[i] = bare_us(&bare_cpu[i]);
		begin();
		fill_cpu[i] = cpu_ns(effect_child(0)) / 1000;
		fill[i] = end_us();
	}
	begin();
	child = effect_child(0);
	rss = rss_kib(child);
	cpu = cpu_ns(child);
	holder = cpu_ns(d.pid);
	nap_ms(5000);
	cpu = cpu_ns(child) - cpu;
	holder = cpu_ns(d.pid) - holder;
	freed = freed_us(child);
	m_bare = median(bare, rounds);
	m_fill = median(fill, rounds);
	(void)printf("{\"bench\":\"mem\",\"run\":\"warm\",\"rounds\":%u,\"bytes\":%llu,\"bare_us\":"
		     "%" PRIu64 ",\"fill_us\":%" PRIu64
		     ",\"speed_ratio\":%.3f,\"bare_cpu_us\":%" PRIu64 ",\"fill_cpu_us\":%" PRIu64
		     "}\n",
		     rounds, SIZE, m_bare, m_fill, (double)m_bare / (double)m_fill,
		     median(bare_cpu, rounds), median(fill_cpu, rounds));
	(void)printf("{\"bench\":\"mem\",\"run\":\"held\",\"rss_bytes\":%lld,\"rss_off_ppm\":%lld,"
		     "\"filler_cpu_ppm\":%" PRIu64 ",\"holder_cpu_ppm\":%" PRIu64
		     ",\"freed_us\":%" PRIu64 ",\"freed_ms_per_gb\":%.1f}\n",
		     rss * 1024, (rss * 1024 - (long long)SIZE) * 1000000 / (long long)SIZE,
		     cpu / 5000, holder / 5000, freed, (double)freed / 1e3 / ((double)SIZE / 1e9));
	return 0;
}
