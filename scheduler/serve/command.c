/* Commands of `ordeal` itself that are run beside the loop: halt, resume, report. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/child/spawn.h"
#include "scheduler/serve/serve.h"

struct command {
	struct ord_serve *s;
	command_end *end; /* may be NULL */
};

static int on_end(sd_event_source *source, const siginfo_t *info, void *arg)
{
	const struct command *c = arg;

	if (c->end)
		c->end(c->s, info->si_code == CLD_EXITED && !info->si_status);
	/* The loop's reference is the only one. */
	return sd_event_source_set_floating(source, false);
}

static int start(struct ord_serve *s, const char *const argv[], struct command *c, int null,
		 struct ord_err *err)
{
	const char *program = s->options.program ? s->options.program : "/proc/self/exe";
	sd_event_source *source = NULL;
	int pidfd = -1, e;
	pid_t pid;

	if (spawn_program(program, argv, (const int[]){null, null, 2}, 3, &pid, &pidfd, err) < 0)
		return -1;
	e = sd_event_add_child_pidfd(s->loop, &source, pidfd, WEXITED, on_end, c);
	if (e < 0) {
		(void)waitpid(pid, NULL, 0);
		ord_close(&pidfd);
		errno = -e;
		return ord_fail_sys(err, "event loop");
	}
	(void)sd_event_source_set_child_pidfd_own(source, true);
	(void)sd_event_source_set_destroy_callback(source, free);
	(void)sd_event_source_set_floating(source, true);
	(void)sd_event_source_unref(source);
	return 0;
}

int command_start(struct ord_serve *s, const char *const argv[], command_end *end)
{
	ord_autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct command *c = calloc(1, sizeof *c);
	struct ord_err err = {.msg = "out of memory"};

	if (c)
		*c = (struct command){.s = s, .end = end};
	if (c && null >= 0 && start(s, argv, c, null, &err) == 0)
		return 0;
	free(c);
	serve_say(s, "ordeal %s: %s", argv[1], err.msg);
	return -1;
}
