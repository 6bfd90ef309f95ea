/*
 * The daemon with another program than `ordeal`: what is started is `PROGRAM run --json ... -`, as
 * many times a second as it takes. Ends on SIGTERM, and prints then how late it was.
 *
 *     serve_daemon DIR STATE RUNS PROGRAM MAX_RUNS
 */
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "ordeal/serve.h"

static void say(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	json_t *status = ord_serve_status(arg);

	(void)source;
	(void)si;
	(void)json_dumpf(json_object_get(status, "lateness_ns"), stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(status);
	ord_serve_stop(arg);
	return 0;
}

int main(int argc, char **argv)
{
	struct ord_serve_options options = {.say = say};
	struct ord_err err = {.msg = "DIR STATE RUNS PROGRAM MAX_RUNS"};
	struct ord_serve *s = NULL;
	sd_event *loop = NULL;
	sigset_t set;
	int r = -1;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (argc == 6 && sd_event_new(&loop) >= 0) {
		options.dir = argv[1];
		options.state = argv[2];
		options.runs = argv[3];
		options.program = argv[4];
		options.max_runs = (uint32_t)strtoul(argv[5], NULL, 10);
		r = ord_serve_open(loop, &options, &s, &err);
	}
	if (!r)
		r = sd_event_add_signal(loop, NULL, SIGTERM, on_signal, s) < 0 ||
				    sd_event_loop(loop) < 0
			    ? -1
			    : 0;
	if (r)
		(void)fprintf(stderr, "%s\n", err.msg);
	ord_serve_close(s);
	(void)sd_event_unref(loop);
	return r ? 6 : 0;
}
