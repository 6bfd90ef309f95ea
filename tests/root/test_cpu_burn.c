/* cpu.burn: how much, where, in which group, and what is told when a burner dies. bench/run-cpu has
 * the exact figures. */
#include "group.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOLD 60000000000ull

static struct driver d;
static const char *group;

static json_t *begin(const char *args, const char *place, const char *event)
{
	char *line = request_add("cpu-1", "cpu.burn", args, place, HOLD);

	driver_spawn(&d);
	driver_send(&d, line);
	free(line);
	return driver_until(&d, event, 25000);
}

/* The event `failed`, before anything was done. */
static void refused(const char *args, const char *code, const char *why)
{
	char *line = request_add("cpu-1", "cpu.burn", args, "{\"host\":true}", HOLD);
	json_t *e;

	driver_spawn(&d);
	driver_send(&d, line);
	e = driver_next(&d, 10000);
	must(e);
	if (strcmp(json_string_value(json_object_get(e, "event")), "failed") != 0 ||
	    strcmp(json_string_value(json_object_get(e, "code")), code) != 0 ||
	    !strstr(json_string_value(json_object_get(e, "message")), why))
		die("%s: %s", args, json_dumps(e, JSON_COMPACT));
	json_decref(e);
	must(driver_reap(&d, 3000) != 0);
	free(line);
}

static json_t *end(const char *cause, int status)
{
	json_t *e;

	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	e = driver_until(&d, "reverted", 5000);
	if (strcmp(json_string_value(json_object_get(e, "cause")), cause) != 0)
		die("cause: %s", json_dumps(e, JSON_COMPACT));
	must(json_integer_value(json_object_get(e, "residue")) == 0);
	must(driver_reap(&d, 3000) == status);
	must(effect_child(0) == 0);
	return e;
}

/* ppm of the time that passes meanwhile. */
static long consumed(pid_t pid, unsigned ms)
{
	uint64_t from = now_us(), used = cpu_ns(pid);

	nap_ms(ms);
	used = cpu_ns(pid) - used;
	return (long)(used * 1000 / (now_us() - from));
}

static void between(long value, long low, long high, const char *what)
{
	(void)printf("%-40s %6.2f %%\n", what, (double)value / 10000);
	(void)fflush(stdout);
	if (value < low || value > high)
		die("%s: %ld ppm, not within %ld to %ld", what, value, low, high);
}

static char *place_group(void)
{
	char *text;

	must_sys(asprintf(&text, "{\"cgroup\":\"%s\"}", group));
	return text;
}

static unsigned descriptors(pid_t pid)
{
	unsigned n = 0;
	char path[64];
	DIR *dir;

	(void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	must(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 2;
}

/* One burner, where it was asked for, as much as was asked for, holding nothing of the holder's. */
static void burns_its_share(void)
{
	char *place = place_group();
	json_t *e, *figures;
	cpu_set_t set;
	pid_t child;

	json_decref(begin("{\"load\":300000,\"cpus\":\"0\"}", place, "injected"));
	child = effect_child(0);
	must(child > 0 && effect_child(1) == 0);
	must(sched_getaffinity(child, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1 &&
	     CPU_ISSET(0, &set));
	must(group_holds(group, child));
	must(!group_holds(group, d.pid) && !group_holds(group, lease_pid("cpu-1", "guardian")));
	must(descriptors(child) == 0);
	nap_ms(300);
	between(consumed(child, 1000), 285000, 315000, "30 % of CPU 0");
	e = end("removed", 0);
	figures = json_object_get(e, "figures");
	between((long)json_integer_value(json_object_get(figures, "cpu0_ppm")), 285000, 315000,
		"30 %, as it told itself");
	must(json_integer_value(json_object_get(figures, "asked_ppm")) == 300000);
	must(json_integer_value(json_object_get(figures, "burners")) == 1);
	json_decref(e);
	free(place);
}

/* Beside a busy task of the same weight: the share is kept below one half, and the neighbour is not
 * starved above. */
static void shares_with_a_neighbour(void)
{
	char *place = place_group();
	struct target busy;
	pid_t child;

	group_busy(group, 0, &busy);
	json_decref(begin("{\"load\":370000,\"cpus\":\"0\"}", place, "injected"));
	child = effect_child(0);
	nap_ms(500);
	between(consumed(child, 1500), 355000, 385000, "37 % beside a busy task");
	json_decref(end("removed", 0));
	json_decref(begin("{\"load\":1000000,\"cpus\":\"0\"}", place, "injected"));
	nap_ms(300);
	between(consumed(busy.pid, 1000), 400000, 600000, "what 100 % leaves a busy task");
	target_end(&busy);
	/* After contention: the debt is bounded, so that it is paid back within seconds. */
	json_decref(end("removed", 0));
	free(place);
}

/* 60 % was not to be had for two seconds; what is made good afterwards ends soon. */
static void catches_up_within_bounds(void)
{
	char *place = place_group();
	struct target busy;
	pid_t child;
	long now = 1000000;
	uint64_t from;

	group_busy(group, 0, &busy);
	json_decref(begin("{\"load\":700000,\"cpus\":\"0\"}", place, "injected"));
	child = effect_child(0);
	nap_ms(3000);
	between(consumed(child, 1000), 420000, 580000, "70 % beside a busy task");
	target_end(&busy);
	for (from = now_ms(); now > 730000 && now_ms() - from < 8000;)
		now = consumed(child, 500);
	(void)printf("back at 70 %% after %llu ms\n", (unsigned long long)(now_ms() - from));
	between(now, 670000, 730000, "70 % after the contention");
	json_decref(end("removed", 0));
	free(place);
}

static void climbs(void)
{
	char *place = place_group();
	pid_t child;

	/* 0 to 40 % in 2 s: the first 400 ms average 4 %, those after the climb 40. */
	json_decref(
		begin("{\"load\":400000,\"cpus\":\"0\",\"climb\":2000000000}", place, "injected"));
	child = effect_child(0);
	between(consumed(child, 400), 5000, 120000, "at the foot of a climb");
	nap_ms(1700);
	between(consumed(child, 800), 370000, 430000, "at its top");
	json_decref(end("removed", 0));
	free(place);
}

static void a_dead_burner_is_told(void)
{
	json_t *e;

	json_decref(begin("{\"load\":100000,\"cpus\":\"0\"}", "{\"host\":true}", "injected"));
	must_sys(kill(effect_child(0), SIGKILL));
	do
		e = driver_next(&d, 3000);
	while (e && strcmp(json_string_value(json_object_get(e, "event")), "failed") != 0);
	must(e && strstr(json_string_value(json_object_get(e, "message")),
			 "CPU 0 was killed by signal 9"));
	json_decref(e);
	e = driver_until(&d, "reverted", 3000);
	must(strcmp(json_string_value(json_object_get(e, "cause")), "failed") == 0);
	json_decref(e);
	must(driver_reap(&d, 3000) == 1);
}

/* Killed together with its target, as a container that is stopped: that is the target's end. */
static void a_target_that_ends_is_told(void)
{
	struct target t;
	char *place;
	pid_t child;
	json_t *e;

	target_plain(&t);
	group_join(group, t.pid);
	place = place_of(&t);
	json_decref(begin("{\"load\":100000,\"cpus\":\"0\"}", place, "injected"));
	child = effect_child(0);
	must(group_holds(group, child));
	target_end(&t);
	must_sys(kill(child, SIGKILL));
	e = driver_until(&d, "reverted", 3000);
	must(strcmp(json_string_value(json_object_get(e, "cause")), "target-gone") == 0);
	json_decref(e);
	must(driver_reap(&d, 3000) == 0);
	free(place);
}

/* Version 1: a memory group is named; the burners go where its members are in the tree of the cpu
 * controller. */
static void finds_the_group_in_the_other_tree(void)
{
	const char *memory = group_make("memory");
	struct target t;
	char *place;

	if (strncmp(memory, group, (size_t)(strrchr(group, '/') - group)) == 0)
		return; /* one tree */
	target_plain(&t);
	group_join(group, t.pid);
	group_join(memory, t.pid);
	must_sys(asprintf(&place, "{\"cgroup\":\"%s\"}", memory));
	json_decref(begin("{\"load\":100000,\"cpus\":\"0\"}", place, "injected"));
	must(group_holds(group, effect_child(0)));
	json_decref(end("removed", 0));
	target_end(&t);
	free(place);
}

int main(void)
{
	world_enter();
	group = group_make("cpu");
	group_favour(group);
	refused("{\"load\":100000,\"cpus\":\"1022\"}", "skip", "CPU 1022 cannot be used here");
	refused("{\"load\":100000,\"cores\":1024}", "skip", "1024 CPUs are asked for");
	burns_its_share();
	shares_with_a_neighbour();
	catches_up_within_bounds();
	climbs();
	a_dead_burner_is_told();
	a_target_that_ends_is_told();
	finds_the_group_in_the_other_tree();
	return 0;
}
