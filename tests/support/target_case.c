#include "tests/support/target_case.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 8

static pid_t children[CHILDREN];
static size_t n_children;
struct ord_place place;
struct ord_err err;

pid_t start(const char *name, int (*ready)(void *), void *arg)
{
	int pipes[2];
	char c = 1;
	pid_t pid;

	assert_true(n_children < CHILDREN);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, name);
		c = ready && ready(arg);
		(void)!write(pipes[1], &c, 1);
		for (;;)
			(void)pause();
	}
	children[n_children++] = pid;
	(void)close(pipes[1]);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	(void)close(pipes[0]);
	return c ? -1 : pid;
}

int stop_all(void **state)
{
	(void)state;
	while (n_children) {
		pid_t pid = children[--n_children];

		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return 0;
}

struct ord_target target(enum ord_target_kind kind, const char *text)
{
	struct ord_target t = {.kind = kind};

	(void)snprintf(t.text, sizeof t.text, "%s", text);
	return t;
}

void resolves(const struct ord_target *t)
{
	err = (struct ord_err){0};
	if (ord_target_resolve(t, 7, &place, &err))
		fail_msg("%s %s: %s", ord_target_kind_name(t->kind), t->text, err.msg);
}

void refused(const struct ord_target *t, enum ord_code code, const char *why)
{
	struct ord_place before;

	memset(&place, 0x5a, sizeof place);
	before = place;
	err = (struct ord_err){0};
	assert_int_equal(ord_target_resolve(t, 7, &place, &err), -1);
	if (err.code != code || !strstr(err.msg, why))
		fail_msg("%s '%s': code %s, not %s with '%s'", t->text, err.msg,
			 ord_code_name(err.code), ord_code_name(code), why);
	assert_memory_equal(&place, &before, sizeof place);
}

char *own_name(char out[16], char letter)
{
	(void)snprintf(out, 16, "tgt%c%d", letter, (int)getpid());
	return out;
}
