/* What was hidden is told: the session says it, and the step's run becomes one like others. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/child/spawn.h"
#include "scheduler/gameday/module/hold.h"

/* The folder is nobody else's, so that it was hidden, and its run has ended. */
static bool is_kept(const struct holder *h, size_t i)
{
	const struct day_step *step = &h->s->state.steps[i];
	struct stat st;

	return step->revealed && *step->dir && step->state != DAY_RUNNING &&
	       h->s->day->spec.steps[i].hidden && stat(step->dir, &st) == 0 &&
	       S_ISDIR(st.st_mode) && !(st.st_mode & 077);
}

/* `ordeal report` enters it into the history, which it was kept out of. */
static int enter(const char *dir, struct ord_err *err)
{
	const char *argv[] = {"ordeal", "report", "--no-summary", dir, NULL};
	ord_autoclose int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	ord_autoclose int pidfd = -1;
	int files[3] = {nothing, nothing, 2}, status;
	pid_t pid;

	if (nothing < 0)
		return ord_fail_sys(err, "open '/dev/null'");
	if (spawn_program("/proc/self/exe", argv, files, 3, &pid, &pidfd, err))
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ord_fail_sys(err, "wait for 'ordeal report'");
	return WIFEXITED(status) && !WEXITSTATUS(status)
		       ? 0
		       : ord_fail(err, ORD_SYS, "'ordeal report %.200s' failed", dir);
}

void hold_publish(struct holder *h)
{
	for (size_t i = 0; i < h->s->state.n; i++) {
		const char *dir = h->s->state.steps[i].dir;
		struct ord_err err = {0};

		if (!is_kept(h, i))
			continue;
		if (enter(dir, &err))
			hold_screen_say(h, "ordeal: step %zu: %s\n", i + 1, err.msg);
		/* Last: where this process dies before, it is done again. */
		if (chmod(dir, 0755))
			hold_screen_say(h, "ordeal: '%s' stays hidden: %s\n", dir,
					strerrordesc_np(errno));
	}
}
