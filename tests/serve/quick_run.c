/*
 * What `ordeal run --json` looks like to a daemon, in a millisecond: a folder named after the
 * dispatch, the first line of a timeline, and a verdict. Each start is a line of the file `starts`
 * in the folder of runs, so that a test knows what was begun, whatever the daemon says; and each
 * that was prepared one of `prepared`, with its pid. It takes as
 * long as the label `sleep_ms` of the experiment says; SIGTERM and SIGINT end it sooner, as they do
 * a run.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;
static char text[65536]; /* the experiment */

static void on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

static const char *value_of(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	return "";
}

static long asked_ms(void)
{
	const char *at = strstr(text, "sleep_ms: \"");

	return at ? strtol(at + sizeof "sleep_ms: \"" - 1, NULL, 10) : 0;
}

static void log_to(const char *runs, const char *name, const char *line)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", runs, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%s\n", line) < 0)
		_exit(6);
	(void)close(fd);
}

/* As a run does that is prepared; where the file `fail_once` is, it does not get that far. */
static void await_begin(const char *runs, const char *key, const char *fd)
{
	char byte, path[4096], line[64];

	(void)snprintf(path, sizeof path, "%s/fail_once", runs);
	if (unlink(path) == 0)
		_exit(2);
	(void)snprintf(line, sizeof line, "%s %d", key, (int)getpid());
	log_to(runs, "prepared", line);
	if (read((int)strtol(fd, NULL, 10), &byte, 1) != 1)
		_exit(2);
}

int main(int argc, char **argv)
{
	const char *runs = value_of(argc, argv, "--output"), *key;
	const struct sigaction act = {.sa_handler = on_signal};
	struct timespec rest = {0};
	long ms;

	key = strrchr(value_of(argc, argv, "--dispatch"), '/');
	if (!*runs || !key)
		return 2;
	(void)!read(STDIN_FILENO, text, sizeof text - 1);
	if (*value_of(argc, argv, "--await"))
		await_begin(runs, key + 1, value_of(argc, argv, "--await"));
	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigaction(SIGINT, &act, NULL);
	log_to(runs, "starts", key + 1);
	(void)printf("{\"t\":0,\"e\":\"run\",\"run\":\"%s\",\"plan\":{\"repetitions\":1}}\n",
		     key + 1);
	(void)fflush(stdout);
	ms = asked_ms();
	rest = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	while (!ended && (rest.tv_sec || rest.tv_nsec) && nanosleep(&rest, &rest) < 0)
		continue;
	(void)printf("{\"e\":\"verdict\",\"verdict\":\"%s\",\"exit\":%d,\"dir\":\"%s/%s\"}\n",
		     ended ? "aborted" : "passed", ended ? 3 : 0, runs, key + 1);
	return ended ? 3 : 0;
}
