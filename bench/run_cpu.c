/*
 * run-cpu [SECONDS [bare]]: how close cpu.burn comes to what was asked, alone, beside one busy task
 * of the same weight on every CPU, and beside stress-ng --cpu-load in the same run (not with
 * `bare`). One JSON line a burner: its share of the CPU by its own schedstat, and the window of 300
 * ms after the first that was furthest off. All run in one cpu control group that is favoured over
 * the rest of the machine; others_ppm is what the rest consumed nevertheless, of all CPUs.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "tests/root/group.h"

#define CPUS_MAX  64
#define WINDOW_MS 300

struct series {
	pid_t pid;
	int cpu;
	uint64_t first_us, first_ns, last_us, last_ns;
	long worst;	/* ppm off the target, signed */
	long neighbour; /* ppm of its CPU that the busy task there got meanwhile; -1: none */
};

static const char *group;
static int n_cpus;
static unsigned seconds = 10;

/* Ticks that were not idle, of all CPUs. */
static unsigned long long machine_busy(void)
{
	unsigned long long user, nice, system, idle, wait, irq, soft;
	FILE *f = fopen("/proc/stat", "re");

	must(f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
			 &wait, &irq, &soft) == 7);
	(void)fclose(f);
	return user + nice + system + irq + soft;
}

static long ppm(uint64_t ns, uint64_t us)
{
	return us ? (long)((double)ns * 1000 / (double)us + 0.5) : 0;
}

static void sample(struct series *s, long target, bool judge)
{
	uint64_t us = now_us(), ns = cpu_ns(s->pid);
	long off = ppm(ns - s->last_ns, us - s->last_us) - target;

	if (judge && labs(off) > labs(s->worst))
		s->worst = off;
	s->last_us = us;
	s->last_ns = ns;
}

/* Watches n processes for the time. */
static void watch(struct series *v, int n, long target)
{
	uint64_t end;

	for (int i = 0; i < n; i++) {
		v[i].last_us = v[i].first_us = now_us();
		v[i].last_ns = v[i].first_ns = cpu_ns(v[i].pid);
		v[i].worst = 0;
	}
	end = now_ms() + seconds * 1000;
	while (now_ms() < end) {
		nap_ms(WINDOW_MS);
		for (int i = 0; i < n; i++)
			sample(&v[i], target, true);
	}
}

static void tell(const char *who, const char *beside, long target, const struct series *v, int n,
		 long others)
{
	for (int i = 0; i < n; i++) {
		long share = ppm(v[i].last_ns - v[i].first_ns, v[i].last_us - v[i].first_us);

		(void)printf("{\"bench\":\"cpu\",\"who\":\"%s\",\"beside\":\"%s\",\"asked_ppm\":%"
			     "ld,\"cpu\":%d,"
			     "\"share_ppm\":%ld,\"off_ppm\":%ld,\"worst_window_off_ppm\":%ld,"
			     "\"seconds\":%u,"
			     "\"neighbour_ppm\":%ld,\"others_ppm\":%ld}\n",
			     who, beside, target, v[i].cpu, share, share - target, v[i].worst,
			     seconds, v[i].neighbour, others);
	}
	(void)fflush(stdout);
}

static int cpu_of(pid_t pid)
{
	cpu_set_t set;

	must(sched_getaffinity(pid, sizeof set, &set) == 0);
	for (int c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET((size_t)c, &set))
			return CPU_COUNT(&set) == 1 ? c : -1;
	return -1;
}

struct others {
	unsigned long long busy;
	uint64_t us;
};

static struct others others_begin(void)
{
	return (struct others){.busy = machine_busy(), .us = now_us()};
}

/* What the rest of the machine consumed of all CPUs: all that was not idle, less what we know of.
 */
static long others_end(const struct others *o, double own_ns)
{
	double busy_ns = (double)(machine_busy() - o->busy) * 1e9 / (double)sysconf(_SC_CLK_TCK);
	double rest = (busy_ns - own_ns) / ((double)(now_us() - o->us) * 1000 * n_cpus) * 1e6;

	return rest > 0 ? (long)rest : 0;
}

static double consumed_by(const struct series *v, int n)
{
	double ns = 0;

	for (int i = 0; i < n; i++)
		ns += (double)(v[i].last_ns - v[i].first_ns);
	return ns;
}

/* With busy tasks the CPUs are full by design: what they took is ours too. */
static void measure(const char *who, const char *beside, long target, struct series *v, int n,
		    const struct target *busy)
{
	uint64_t before[CPUS_MAX] = {0}, all = 0, from;
	struct others o;

	nap_ms(WINDOW_MS); /* the first window does not count */
	from = now_us();
	for (int c = 0; busy && c < n_cpus; c++)
		before[c] = cpu_ns(busy[c].pid);
	o = others_begin();
	watch(v, n, target);
	for (int c = 0; busy && c < n_cpus; c++) {
		before[c] = cpu_ns(busy[c].pid) - before[c];
		all += before[c];
	}
	for (int i = 0; i < n; i++)
		v[i].neighbour = !busy		 ? -1
				 : v[i].cpu >= 0 ? ppm(before[v[i].cpu], now_us() - from)
						 : ppm(all / (uint64_t)n_cpus, now_us() - from);
	tell(who, beside, target, v, n, others_end(&o, consumed_by(v, n) + (double)all));
}

static void bench_ordeal(long target, const char *beside, const struct target *busy)
{
	static struct driver d;
	struct series v[CPUS_MAX];
	char args[64], place[600], *line;

	(void)snprintf(args, sizeof args, "{\"load\":%ld}", target);
	(void)snprintf(place, sizeof place, "{\"cgroup\":\"%s\"}", group);
	line = request_add("bench-cpu", "cpu.burn", args, place, 600000000000ull);
	driver_spawn(&d);
	driver_send(&d, line);
	json_decref(driver_until(&d, "injected", 20000));
	for (int i = 0; i < n_cpus; i++) {
		v[i] = (struct series){.pid = effect_child((unsigned)i)};
		must(v[i].pid > 0);
		v[i].cpu = cpu_of(v[i].pid);
	}
	measure("ordeal", beside, target, v, n_cpus, busy);
	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	json_decref(driver_until(&d, "reverted", 5000));
	must(driver_reap(&d, 3000) == 0);
	free(line);
}

struct search {
	struct series *v;
	int n;
};

static int each_worker(void *arg, pid_t pid, int dir)
{
	struct search *s = arg;
	struct ord_proc_stat st;

	if (!ord_proc_stat(dir, &st) && !strncmp(st.comm, "stress-ng-cpu", 13) && s->n < n_cpus)
		s->v[s->n++] = (struct series){.pid = pid};
	return 0;
}

static void bench_stress(long target, const char *beside, const struct target *busy)
{
	struct series v[CPUS_MAX];
	struct search s = {.v = v};
	char cpus[16], load[32];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = fork();

	must_sys(pid);
	(void)snprintf(cpus, sizeof cpus, "%d", n_cpus);
	(void)snprintf(load, sizeof load, "%ld", target / 10000);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		group_join(group, getpid());
		(void)dup2(null, 1);
		(void)dup2(null, 2);
		(void)execlp("stress-ng", "stress-ng", "--cpu", cpus, "--cpu-load", load,
			     "--timeout", "600", (char *)NULL);
		_exit(127);
	}
	(void)close(null);
	for (int i = 0; i < 100 && s.n < n_cpus; i++) {
		nap_ms(50);
		s.n = 0;
		must(ord_proc_walk(each_worker, &s, NULL) == 0);
	}
	if (s.n == n_cpus) {
		for (int i = 0; i < s.n; i++)
			v[i].cpu = -1; /* not pinned */
		measure("stress-ng", beside, target, v, s.n, busy);
	} else {
		(void)fprintf(stderr, "stress-ng did not run: no comparison\n");
	}
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	nap_ms(300);
}

int main(int argc, char **argv)
{
	static const long alone[] = {100000, 370000, 500000, 900000},
			  beside[] = {100000, 370000, 450000}, above[] = {600000, 900000};
	struct target busy[CPUS_MAX];
	bool bare = argc > 2 && strcmp(argv[2], "bare") == 0;

	if (argc > 1)
		seconds = (unsigned)strtoul(argv[1], NULL, 10);
	world_enter();
	n_cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	n_cpus = n_cpus > CPUS_MAX ? CPUS_MAX : n_cpus;
	group = group_make("cpu");
	group_favour(group);
	group_join(group, getpid());
	for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
		bench_ordeal(alone[i], "nothing", NULL);
	for (size_t i = 0; !bare && i < sizeof alone / sizeof *alone; i++)
		bench_stress(alone[i], "nothing", NULL);
	for (int c = 0; c < n_cpus; c++)
		group_busy(group, c, &busy[c]);
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		bench_ordeal(beside[i], "a busy task", busy);
	for (size_t i = 0; i < sizeof above / sizeof *above; i++)
		bench_ordeal(above[i], "a busy task, above the fair share", busy);
	for (size_t i = 0; !bare && i < sizeof beside / sizeof *beside; i++)
		bench_stress(beside[i], "a busy task", busy);
	for (int c = 0; c < n_cpus; c++)
		target_end(&busy[c]);
	return 0;
}
