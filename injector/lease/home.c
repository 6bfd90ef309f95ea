#include "injector/lease/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "injector/lease/injector.h"
#include "injector/lease/pidfd.h"
#include "injector/lease/sandbox.h"

#define ANSWER_MAX (1u << 20)
#define HOMES_NS   (1500 * ORD_MS) /* a halt takes a second */

/* Adds a directory of records if it is one: private, and owned by somebody. */
static size_t home_add(struct inj_home *ret, size_t n, size_t max, const char *path)
{
	ord_autoclose int fd = -1;
	struct stat st;
	struct ord_err err;

	if (n == max || !*path || strlen(path) >= sizeof ret->undo ||
	    inj_dir_open(path, &fd, &err) < 0 || fd < 0 || fstat(fd, &st) < 0)
		return n;
	ret[n] = (struct inj_home){.uid = st.st_uid, .gid = st.st_gid};
	(void)snprintf(ret[n].undo, sizeof ret[n].undo, "%s", path);
	return n + 1;
}

/* Only a user's own: what root left there by way of a namespace is no other user's. */
static size_t user_add(struct inj_home *ret, size_t n, size_t max, const char *path, uid_t uid)
{
	size_t more = home_add(ret, n, max, path);

	return more > n && ret[n].uid != 0 && ret[n].uid == uid ? more : n;
}

/* Where that user's journal lies: it says so itself, since root cannot know their environment. */
static size_t user_journal_add(struct inj_home *ret, size_t n, size_t max, const char *base,
			       uid_t uid)
{
	char link[INJ_DIR_MAX], path[INJ_DIR_MAX];
	ssize_t len;

	(void)snprintf(link, sizeof link, "%.200s/" INJ_JOURNAL_LINK, base);
	len = readlink(link, path, sizeof path - 1);
	if (len <= 0)
		return n;
	path[len] = '\0';
	return user_add(ret, n, max, path, uid);
}

static size_t users_add(struct inj_home *ret, size_t n, size_t max, const char *parent,
			const char *prefix, const char *below)
{
	DIR *dir = opendir(parent);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		const char *digits = e->d_name + strlen(prefix);
		char path[128], undo[160];
		uid_t uid;

		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 || !*digits ||
		    digits[strspn(digits, "0123456789")] || strlen(e->d_name) > 32)
			continue;
		uid = (uid_t)strtoul(digits, NULL, 10);
		(void)snprintf(path, sizeof path, "%s/%.32s%s", parent, e->d_name, below);
		(void)snprintf(undo, sizeof undo, "%s/undo", path);
		n = user_add(ret, n, max, undo, uid);
		n = user_journal_add(ret, n, max, path, uid);
	}
	if (dir)
		(void)closedir(dir);
	return n;
}

size_t inj_homes(struct inj_home *ret, size_t max, struct ord_err *err)
{
	struct inj_dirs own;
	struct inj_ids ids;
	size_t n;

	if (inj_ids(&ids, err) < 0 || inj_dirs(&own, err) < 0)
		return 0;
	n = home_add(ret, 0, max, inj_dirs_own(&own));
	if (n > 0)
		ret[0].own = true;
	if (!ids.system || inj_program()->journal)
		return n;
	n = users_add(ret, n, max, "/run/user", "", "/ordeal");
	return users_add(ret, n, max, "/tmp", "ordeal-", "");
}

/* Reads all that the child writes, until that instant. */
static json_t *answer_read(int fd, uint64_t limit)
{
	ord_autofree char *text = malloc(ANSWER_MAX);
	size_t used = 0;

	while (text && used < ANSWER_MAX) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = ord_now_ns();
		ssize_t n;

		if (now >= limit || poll(&p, 1, (int)((limit - now) / ORD_MS) + 1) < 0)
			return NULL;
		n = p.revents ? read(fd, text + used, ANSWER_MAX - used) : 0;
		if (n < 0)
			return NULL;
		if (n == 0 && p.revents)
			break;
		used += (size_t)n;
	}
	return text ? json_loadb(text, used, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static _Noreturn void answer_write(int fd, json_t *answer)
{
	ord_autofree char *text =
		answer ? json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	struct ord_err err;

	_exit(text && ord_write_all(fd, text, strlen(text), &err) == 0 ? 0 : 1);
}

struct child {
	pid_t pid;
	int fd;
};

static int child_start(json_t *(*fn)(void *arg), void *arg, struct child *ret, struct ord_err *err)
{
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	pid = fork();
	if (pid == 0) {
		ord_close(&pipes[0]);
		answer_write(pipes[1], fn(arg));
	}
	ord_close(&pipes[1]);
	if (pid < 0) {
		ord_close(&pipes[0]);
		return ord_fail_sys(err, "fork");
	}
	*ret = (struct child){.pid = pid, .fd = pipes[0]};
	return 0;
}

/* NULL where it gave none by then; it is reaped in any case. */
static json_t *child_answer(struct child *c, uint64_t limit)
{
	json_t *answer = answer_read(c->fd, limit);

	ord_close(&c->fd);
	if (!answer)
		(void)kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return answer;
}

int inj_child_ask(json_t *(*fn)(void *arg), void *arg, uint64_t limit_ns, json_t **ret,
		  struct ord_err *err)
{
	struct child c;
	json_t *answer;

	if (child_start(fn, arg, &c, err) < 0)
		return -1;
	answer = child_answer(&c, ord_now_ns() + limit_ns);
	if (!answer)
		return ord_fail(err, ORD_SYS, "the child that was asked gave no answer");
	*ret = answer;
	return 0;
}

struct ask {
	const struct inj_home *home;
	json_t *(*fn)(int dir, void *arg);
	void *arg;
};

/* Without a capability even where the owner is uid 0: only uid 0 can have written what lies there.
 */
static int become(const struct inj_home *home, struct ord_err *err)
{
	struct inj_ids owner = {
		.root = geteuid() == 0 && home->uid != 0, .uid = home->uid, .gid = home->gid};

	return inj_drop_to(&owner, "", err);
}

static json_t *asked(void *arg)
{
	const struct ask *a = arg;
	struct ord_err err;
	int dir = -1;

	if (become(a->home, &err) < 0 || inj_dir_open(a->home->undo, &dir, &err) < 0 || dir < 0)
		return NULL;
	return a->fn(dir, a->arg);
}

int inj_homes_ask(const struct inj_home *homes, size_t n, json_t *(*fn)(int dir, void *arg),
		  void *arg, json_t *answers[], struct ord_err *err)
{
	static struct child children[INJ_HOMES_MAX];
	uint64_t limit = ord_now_ns() + HOMES_NS;
	size_t started = 0;
	int r = 0;

	for (; started < n && started < INJ_HOMES_MAX; started++) {
		struct ask a = {.home = &homes[started], .fn = fn, .arg = arg};

		if (child_start(asked, &a, &children[started], err) < 0)
			break;
	}
	for (size_t i = 0; i < n; i++) {
		answers[i] = i < started ? child_answer(&children[i], limit) : NULL;
		if (!answers[i] && homes[i].own)
			r = ord_fail(err, ORD_SYS, "'%s' could not be looked at", homes[i].undo);
	}
	return r;
}

int inj_records_each(int dir, void (*each)(void *arg, const char *name), void *arg,
		     struct ord_err *err)
{
	int copy = openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	unsigned left = INJ_RECORDS_MAX;
	struct dirent *e;

	if (!d) {
		ord_close(&copy);
		return ord_fail_sys(err, "list the undo records");
	}
	while (left > 0 && (e = readdir(d))) {
		if (!inj_record_name_valid(e->d_name))
			continue;
		each(arg, e->d_name);
		left--;
	}
	(void)closedir(d);
	return 0;
}

int inj_alive(const struct ord_proc *proc)
{
	ord_autoclose int fd = -1;
	struct ord_err err;

	if (proc->pid < 2)
		return -1;
	fd = ord_proc_pidfd(proc, &err); /* refuses a zombie too */
	return fd < 0 ? -1 : ord_steal_fd(&fd);
}
