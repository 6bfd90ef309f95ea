/* mem.fill: how much, where, at which pace, and that the OOM killer's work is a result.
 * bench/run-mem has the figures. */
#include "group.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLD 60000000000ull
#define MIB  1048576ll
#ifdef ORDEAL_SANITIZED
#define SHADOW	   32 /* MiB of the sanitizer's own; its shadow is the largest mapping */
#define HOLDER_KIB 65536
#else
#define SHADOW	   0
#define HOLDER_KIB 8192
#endif

static struct driver d;

static void begin(const char *args, const char *place)
{
	char *line = request_add("mem-1", "mem.fill", args, place, HOLD);

	driver_spawn(&d);
	driver_send(&d, line);
	free(line);
}

static json_int_t figure(const json_t *reverted, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(reverted, "figures"), key));
}

/* The event `reverted` with this cause, and nothing left. Owned. */
static json_t *ended(const char *cause)
{
	json_t *e = driver_until(&d, "reverted", 20000);

	if (strcmp(json_string_value(json_object_get(e, "cause")), cause) != 0)
		die("cause: %s", json_dumps(e, JSON_COMPACT));
	must(json_integer_value(json_object_get(e, "residue")) == 0);
	must(driver_reap(&d, 3000) == 0);
	must(effect_child(0) == 0);
	return e;
}

static json_t *end(void)
{
	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	return ended("removed");
}

static long long number_in(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	long long v = -1;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	f = fopen(path, "re");
	must(f);
	while (v < 0 && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			(void)sscanf(line + strlen(key), "%lld", &v);
	(void)fclose(f);
	return v;
}

/* Where the memory lies: the largest mapping. */
static unsigned long long largest(pid_t pid, unsigned long long *ret_size)
{
	unsigned long long from, to, at = 0, size = 0;
	char path[64], line[512];
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/maps", pid);
	f = fopen(path, "re");
	must(f);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%llx-%llx", &from, &to) == 2 && to - from > size) {
			at = from;
			size = to - from;
		}
	(void)fclose(f);
	*ret_size = size;
	return at;
}

/* No two of the first pages are alike, and none is all zeros. */
static void pages_differ(pid_t pid)
{
	static char pages[64][4096];
	unsigned long long size, at = largest(pid, &size);
	char path[64], zeros[4096] = "";
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must_sys(fd);
	must(pread(fd, pages, sizeof pages, (off_t)at) == (ssize_t)sizeof pages);
	(void)close(fd);
	for (int i = 0; i < 64; i++) {
		must(memcmp(pages[i], zeros, sizeof zeros) != 0);
		for (int j = 0; j < i; j++)
			must(memcmp(pages[i], pages[j], sizeof zeros) != 0);
	}
}

static void fills_and_holds(void)
{
	long long rss;
	uint64_t cpu;
	pid_t child;
	json_t *e;

	begin("{\"size\":134217728}", "{\"host\":true}");
	json_decref(driver_until(&d, "injected", 20000));
	child = effect_child(0);
	rss = number_in(child, "smaps_rollup", "Rss:") / 1024;
	(void)printf("128 MiB asked, %lld MiB resident\n", rss);
	must(rss >= 128 && rss <= 129 + SHADOW);
	must(number_in(child, "oom_score_adj", "") == 1000);
	must(number_in(d.pid, "oom_score_adj", "") == number_in(getpid(), "oom_score_adj", ""));
	/* What the holder keeps is small: the memory is the child's alone. */
	must(number_in(d.pid, "smaps_rollup", "Rss:") < HOLDER_KIB);
	if (!SHADOW)
		pages_differ(child);
	cpu = cpu_ns(child);
	nap_ms(1000);
	cpu = cpu_ns(child) - cpu;
	(void)printf("%" PRIu64 " us of CPU time in a second of holding\n", cpu / 1000);
	must(cpu <= 1000000); /* 0.1 % of a core */
	e = end();
	must(figure(e, "filled_bytes") == 128 * MIB && figure(e, "asked_bytes") == 128 * MIB);
	must(figure(e, "oom_killed") == 0);
	json_decref(e);
}

static void keeps_the_rate(void)
{
	uint64_t from = now_ms(), took;

	begin("{\"size\":33554432,\"rate\":67108864,\"oom-first\":0}", "{\"host\":true}");
	json_decref(driver_until(&d, "injected", 20000));
	took = now_ms() - from;
	(void)printf("32 MiB at 64 MiB/s: %llu ms\n", (unsigned long long)took);
	must(took >= 480 && took < 3000);
	must(number_in(effect_child(0), "oom_score_adj", "") ==
	     number_in(getpid(), "oom_score_adj", ""));
	json_decref(end());
}

/* While it still fills, the lease can be ended. */
static void ends_while_it_fills(void)
{
	begin("{\"size\":134217728,\"rate\":1048576}", "{\"host\":true}");
	json_decref(driver_until(&d, "checked", 5000));
	nap_ms(100);
	json_decref(end());
}

static void leaves_the_machine_its_share(void)
{
	json_t *e;

	begin("{\"percent\":990000}", "{\"host\":true}");
	e = driver_next(&d, 5000);
	must(e && strcmp(json_string_value(json_object_get(e, "code")), "guard") == 0);
	must(strstr(json_string_value(json_object_get(e, "message")), "keep-free"));
	json_decref(e);
	must(driver_reap(&d, 3000) == 1);
}

static char *limited(const char *limit)
{
	const char *group = group_make("memory");
	char *place;

	if (!group_set(group, "memory.limit_in_bytes", "memory.max", limit))
		skip("no limit can be set in %s", group);
	/* Where there is swap, it would take what the limit does not. */
	(void)group_set(group, "memory.memsw.limit_in_bytes", "memory.swap.max",
			access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "0" : limit);
	must_sys(asprintf(&place, "{\"cgroup\":\"%s\"}", group));
	return place;
}

static const char *group_of(const char *place)
{
	static char text[512];

	must(sscanf(place, "{\"cgroup\":\"%511[^\"]", text) == 1);
	return text;
}

/* Half of the group's limit, and a neighbour that needs the rest: the filler goes first, and that
 * is told. */
static void gives_way_to_the_oom_killer(void)
{
	char *place = limited("67108864");
	pid_t child, neighbour;
	int status;
	json_t *e;

	begin("{\"percent\":500000}", place);
	json_decref(driver_until(&d, "injected", 20000));
	child = effect_child(0);
	must(group_holds(group_of(place), child));
	must(!group_holds(group_of(place), d.pid));
	must(!group_holds(group_of(place), lease_pid("mem-1", "guardian")));
	neighbour = fork();
	must_sys(neighbour);
	if (neighbour == 0) {
		char *mine;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		group_join(group_of(place), getpid());
		mine = mmap(NULL, (size_t)(48 * MIB), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(mine, 1, (size_t)(48 * MIB));
		_exit(0);
	}
	e = ended("target-gone");
	must(figure(e, "oom_killed") == 1);
	must(figure(e, "asked_bytes") == 32 * MIB && figure(e, "filled_bytes") == 32 * MIB);
	json_decref(e);
	must_sys(waitpid(neighbour, &status, 0));
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0); /* the neighbour lives */
	free(place);
}

/* More than the limit: killed before it is in force, and never said to be. */
static void is_killed_while_it_fills(void)
{
	char *place = limited("33554432");
	json_t *e;

	begin("{\"size\":67108864}", place);
	json_decref(driver_until(&d, "checked", 5000));
	e = driver_next(&d, 20000);
	must(e && strcmp(json_string_value(json_object_get(e, "event")), "reverting") == 0);
	json_decref(e);
	e = ended("target-gone");
	must(figure(e, "oom_killed") == 1);
	must(figure(e, "filled_bytes") > 8 * MIB && figure(e, "filled_bytes") < 64 * MIB);
	json_decref(e);
	free(place);
}

int main(void)
{
	world_enter();
	fills_and_holds();
	keeps_the_rate();
	ends_while_it_fills();
	leaves_the_machine_its_share();
	gives_way_to_the_oom_killer();
	is_killed_while_it_fills();
	return 0;
}
