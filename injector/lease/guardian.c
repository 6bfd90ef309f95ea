#include "injector/lease/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/lease/acted.h"
#include "injector/lease/pidfd.h"
#include "injector/lease/sandbox.h"
#include "injector/lease/trim.h"

struct message {
	uint64_t word;
	uint64_t value;
};

/* The guardian's own. */
struct twin {
	const struct ord_injector *inj;
	const json_t *undo;
	struct inj_undo record;
	int holder; /* pidfd */
	int beat;
	int timer;
	int words; /* -1: nowhere to say anything */
	uint64_t heard_ns;
	uint64_t silence_ns;
};

static int timer_set(int timer, uint64_t boot_ns)
{
	struct itimerspec t = {.it_value = ord_timespec(boot_ns)};

	return timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* Closes all but these n, which it sorts. */
static int close_others(int *fds, size_t n)
{
	unsigned next = 0;

	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && fds[j] < fds[j - 1]; j--) {
			int swap = fds[j];

			fds[j] = fds[j - 1];
			fds[j - 1] = swap;
		}
	for (size_t i = 0; i < n; i++) {
		unsigned fd = (unsigned)fds[i];

		if (fd > next && close_range(next, fd - 1, 0) < 0)
			return -1;
		next = fd + 1;
	}
	return close_range(next, ~0u, 0);
}

/* The effect's objects may take a moment to go once their descriptors are closed (a TAP: 60 ms). */
static bool residue_gone(const struct twin *t)
{
	struct ord_err err;

	int pause =
		inj_program()->journal ? 200 : 10; /* each look is a question over the network */

	for (int i = 0; t->inj->residue && i < 2000 / pause; i++) {
		json_t *left = json_array();
		bool gone = left && t->inj->residue(t->undo, left, &err) == 0 &&
			    json_array_size(left) == 0;

		json_decref(left);
		if (gone)
			return true;
		(void)poll(NULL, 0, pause);
	}
	return !t->inj->residue;
}

/*
 * Whether to try again after so long. On this machine a second is enough. An API server may be away
 * for as long as it takes; where it answers and refuses, somebody may still give the right back.
 */
static bool patient(uint64_t tried_ns, const struct ord_err *err)
{
	if (!inj_program()->journal)
		return tried_ns < ORD_S;
	return tried_ns < (err->code == ORD_SYS ? INJ_HOLD_MAX_NS : 600 * ORD_S);
}

/* The holder is dead or as good as. What cannot be reverted leaves the record for `rescue`. */
static _Noreturn void twin_revert(const struct twin *t)
{
	uint64_t began = ord_boot_ns();
	json_t *kept = json_array();
	struct ord_err err;
	bool reverted = !t->inj->revert;
	int pause = 50;

	inj_kept_collect(kept);
	while (!reverted) {
		reverted = t->inj->revert(t->undo, &err) == 0;
		if (reverted)
			break;
		if (!patient(ord_boot_ns() - began, &err))
			break;
		(void)inj_undo_state(&t->record, INJ_WAITING, &err);
		(void)poll(NULL, 0, pause);
		if (inj_program()->journal && pause < 2000)
			pause *= 2;
	}
	if (reverted && residue_gone(t))
		(void)inj_undo_end(&t->record, kept, &err);
	_exit(0);
}

/* Who is killed cannot tell why. */
static void last_words(const struct twin *t, const char *why)
{
	char text[256];
	int n = snprintf(text, sizeof text, "the guardian ended lease '%.*s': %s\n",
			 (int)strcspn(t->record.name, "."), t->record.name, why);

	if (t->words >= 0 && n > 0 && (size_t)n < sizeof text)
		(void)!write(t->words, text, (size_t)n);
}

static _Noreturn void twin_kill(const struct twin *t, const char *why)
{
	struct pollfd holder = {.fd = t->holder, .events = POLLIN};

	(void)inj_pidfd_signal(t->holder, SIGKILL);
	last_words(t, why);
	/* It runs none of its own code from here on; a second more for what the kernel is at on its
	 * behalf. */
	(void)poll(&holder, 1, 1000);
	twin_revert(t);
}

static void twin_listen(struct twin *t)
{
	struct message m;

	while (read(t->beat, &m, sizeof m) == (ssize_t)sizeof m) {
		t->heard_ns = ord_now_ns();
		switch ((enum inj_word)m.word) {
		case INJ_WORD_BEAT:
			(void)!write(t->beat, &m, sizeof m);
			break;
		case INJ_WORD_DEADLINE:
			(void)timer_set(t->timer, m.value + INJ_OVERRUN_NS);
			break;
		case INJ_WORD_REVERT:
			t->silence_ns = INJ_REVERT_NS;
			(void)timer_set(t->timer, ord_boot_ns() + INJ_REVERT_NS);
			break;
		case INJ_WORD_ENDED:
			_exit(0);
		}
	}
}

static _Noreturn void twin_watch(struct twin *t)
{
	static const char silence[] = "its holder gave no sign of life for a second or more: it "
				      "was stopped, or got no CPU time";
	struct pollfd fds[] = {
		{.fd = t->holder, .events = POLLIN},
		{.fd = t->beat, .events = POLLIN},
		{.fd = t->timer, .events = POLLIN},
	};

	for (;;) {
		uint64_t asleep = ord_now_ns(), now, due = t->heard_ns + t->silence_ns;
		uint64_t wait = due > asleep ? due - asleep : 0;
		struct timespec timeout = ord_timespec(wait);
		int n = ppoll(fds, ORD_COUNT(fds), &timeout, NULL);

		if (n < 0)
			continue; /* EINTR after a stop */
		if (fds[0].revents)
			twin_revert(t);
		twin_listen(t);
		if (fds[1].revents & (POLLHUP | POLLERR))
			/* Dying, or not itself any more. */
			twin_kill(t, "the holder closed its socket");
		if (fds[2].revents)
			twin_kill(t, "it was not reverted in time");
		now = ord_now_ns();
		/* Were both of us frozen or starved, the holder has had no chance: it gets one. */
		if (now > asleep + wait + INJ_BEAT_NS * 3)
			t->heard_ns = now;
		else if (now >= t->heard_ns + t->silence_ns)
			twin_kill(t, silence);
	}
}

/*
 * The holder's pipes are not ours: their end must be seen when it dies. But `ordeal` gives a memfd
 * as standard error. Nobody waits for its end, and no disk can hold up a write to it.
 */
static int words_file(void)
{
	struct statfs fs;
	struct stat st;

	if (fstat(STDERR_FILENO, &st) || !S_ISREG(st.st_mode) || fstatfs(STDERR_FILENO, &fs) ||
	    fs.f_type != TMPFS_MAGIC)
		return -1;
	return STDERR_FILENO;
}

static _Noreturn void twin_main(struct twin *t, uint64_t deadline)
{
	struct message ready = {.word = INJ_WORD_BEAT};
	int keep[] = {-1, -1, t->record.dir, t->record.fd, t->holder, t->beat};
	struct ord_err err;

	(void)setsid();
	(void)prctl(PR_SET_NAME, "ordeal-guardian", 0, 0, 0);
	t->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	t->words = words_file();
	keep[0] = t->timer;
	keep[1] = t->words >= 0 ? t->words : t->timer;
	if (t->timer < 0 || close_others(keep, ORD_COUNT(keep)) < 0 ||
	    timer_set(t->timer, deadline) < 0 || chdir("/") < 0 ||
	    inj_seccomp(INJ_GUARDIAN, NULL, t->inj->revert_syscalls, &err) < 0)
		_exit(1);
	t->heard_ns = ord_now_ns();
	if (write(t->beat, &ready, sizeof ready) != (ssize_t)sizeof ready)
		_exit(1);
	inj_trim(); /* nobody waits for that */
	twin_watch(t);
}

int inj_guardian_armed(const struct inj_guardian *g, struct ord_err *err)
{
	struct pollfd fds[] = {{.fd = g->beat, .events = POLLIN},
			       {.fd = g->pidfd, .events = POLLIN}};
	uint64_t limit = ord_now_ns() + 5 * ORD_S;

	while (ord_now_ns() < limit) {
		if (poll(fds, ORD_COUNT(fds), 1000) <= 0)
			continue;
		if (inj_guardian_heard(g))
			return 0;
		break;
	}
	return ord_fail(err, ORD_SYS, "the guardian did not start");
}

int inj_guardian_start(struct inj_guardian *ret, const struct ord_injector *inj,
		       const struct inj_undo *record, const json_t *undo, uint64_t deadline_boot_ns,
		       struct ord_err *err)
{
	ord_autoclose int holder = inj_pidfd_open(getpid());
	int pair[2];
	pid_t pid;

	if (holder < 0)
		return ord_fail_sys(err, "pidfd_open");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return ord_fail_sys(err, "socketpair");
	pid = fork();
	if (pid == 0) {
		struct twin t = {.inj = inj,
				 .undo = undo,
				 .record = *record,
				 .holder = holder,
				 .beat = pair[1],
				 .silence_ns = INJ_SILENCE_NS};

		twin_main(&t, deadline_boot_ns + INJ_OVERRUN_NS);
	}
	ord_close(&pair[1]);
	if (pid < 0) {
		ord_close(&pair[0]);
		return ord_fail_sys(err, "fork the guardian");
	}
	*ret = (struct inj_guardian){.beat = pair[0],
				     .pidfd = inj_pidfd_open(pid),
				     .proc = {.pid = pid, .start = ord_proc_start(pid)}};
	if (ret->pidfd >= 0)
		return 0;
	(void)ord_fail_sys(err, "pidfd_open");
	inj_guardian_end(ret);
	return -1;
}

void inj_guardian_tell(const struct inj_guardian *g, enum inj_word word, uint64_t value)
{
	struct message m = {.word = word, .value = value};

	/* A full socket means a guardian that does not read; its silence will tell. */
	(void)!write(g->beat, &m, sizeof m);
}

bool inj_guardian_heard(const struct inj_guardian *g)
{
	struct message m;
	bool heard = false;

	while (read(g->beat, &m, sizeof m) == (ssize_t)sizeof m)
		heard = true;
	return heard;
}

void inj_guardian_end(struct inj_guardian *g)
{
	struct pollfd gone = {.fd = g->pidfd, .events = POLLIN};

	if (g->pidfd < 0) /* our child, not reaped: the number is still its own */
		(void)kill(g->proc.pid, SIGKILL);
	else if (poll(&gone, 1, 200) <= 0)
		(void)inj_pidfd_signal(g->pidfd, SIGKILL);
	while (waitpid(g->proc.pid, NULL, 0) < 0 && errno == EINTR)
		;
	ord_close(&g->pidfd);
	ord_close(&g->beat);
}
