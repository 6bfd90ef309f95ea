/*
 * net-cold RUNS NETNS PROGRAM [ARG]... -- PROGRAM [ARG]...: from spawn to the first program's
 * `injected` event, beside spawn to exit of the second, in turn, both in the namespace. The first
 * is then ended by SIGTERM. One JSON line.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "net_tool.h"

#define MAX_RUNS 1000

static pid_t spawn(char **argv, int *ret_out)
{
	int out[2];
	pid_t pid;

	must(pipe2(out, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(out[1], 1);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	(void)close(out[1]);
	*ret_out = out[0];
	return pid;
}

static void read_to(int fd, const char *word)
{
	char text[8192];
	size_t n = 0;
	ssize_t r;

	while ((r = read(fd, text + n, sizeof text - 1 - n)) > 0) {
		n += (size_t)r;
		text[n] = '\0';
		if (word && strstr(text, word))
			return;
	}
	if (word) {
		(void)fprintf(stderr, "net-cold: no %s in: %s\n", word, text);
		exit(1);
	}
}

static int64_t once(char **argv, const char *word)
{
	uint64_t began = ord_now_ns(), took;
	int fd, status;
	pid_t pid = spawn(argv, &fd);

	read_to(fd, word);
	if (word) {
		took = ord_now_ns() - began;
		(void)kill(pid, SIGTERM);
	}
	must(waitpid(pid, &status, 0) == pid, "wait");
	if (!word) {
		took = ord_now_ns() - began;
		must(WIFEXITED(status) && WEXITSTATUS(status) == 0, argv[0]);
	}
	(void)close(fd);
	return (int64_t)took;
}

static double cpu_ms(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

/* Cuts the list at its "--"; NULL where there is none. */
static char **next_command(char **argv)
{
	for (; *argv; argv++)
		if (strcmp(*argv, "--") == 0) {
			*argv = NULL;
			return argv + 1;
		}
	return NULL;
}

int main(int argc, char **argv)
{
	static int64_t a[MAX_RUNS], b[MAX_RUNS];
	double cpu_a = 0, cpu_b = 0;
	char **second, **third;
	size_t runs;

	if (argc < 6)
		return 2;
	runs = strtoul(argv[1], NULL, 10);
	second = next_command(argv + 3);
	third = second ? next_command(second) : NULL;
	if (!third || runs < 1 || runs > MAX_RUNS)
		return 2;
	enter(argv[2]);
	for (size_t i = 0; i < runs; i++) {
		double at = cpu_ms();

		a[i] = once(argv + 3, "\"injected\"");
		cpu_a += cpu_ms() - at;
		at = cpu_ms();
		b[i] = once(second, NULL);
		cpu_b += cpu_ms() - at;
		(void)once(third, NULL);
	}
	qsort(a, runs, sizeof *a, ascending);
	qsort(b, runs, sizeof *b, ascending);
	(void)printf("{\"bench\":\"net.cold\",\"runs\":%zu,\"injected_us\":{\"p50\":%.0f,\"p90\":%."
		     "0f},\"nft_us\":{\"p50\":%.0f,"
		     "\"p90\":%.0f},\"ratio_p50\":%.2f,\"cpu_ms\":{\"inject_and_revert\":%.2f,"
		     "\"nft\":%.2f}}\n",
		     runs, (double)quantile(a, runs, .5) / 1e3, (double)quantile(a, runs, .9) / 1e3,
		     (double)quantile(b, runs, .5) / 1e3, (double)quantile(b, runs, .9) / 1e3,
		     (double)quantile(a, runs, .5) / (double)quantile(b, runs, .5),
		     cpu_a / (double)runs, cpu_b / (double)runs);
	return 0;
}
