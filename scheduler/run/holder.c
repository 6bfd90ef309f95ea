/*
 * The client of one ordeal-injector: a spawned program and its pipes (docs/formats/protocol.md).
 * `ordeal inject` is little more than this file, so it starts nothing else and stays cheap in
 * system calls.
 */
#include "ordeal/run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define REQUEST_MAX 65536u     /* of ordeal-injector; a pipe holds that much */
#define KUBE_MAX    (1u << 20) /* of ordeal-injector-kube */
#define SEND_NS	    (2 * ORD_S)
#define EVENT_MAX   (1u << 20) /* `status` of a busy host is the longest */
#define REAP_NS	    (2 * ORD_S)
#define KILL_NS	    (500 * ORD_MS)

struct ord_holder {
	pid_t pid;
	bool sudo; /* started through sudo: no signal of ours reaches it */
	size_t request_max;
	bool reaped;
	bool spoke;  /* at least one whole event has arrived */
	int status;  /* of waitpid, once reaped */
	int in, out; /* its standard input (we write) and output (we read) */
	int log;     /* its standard error: a memfd, so that it never blocks on us */
	char path[ORD_PATH_MAX];
	char *buf; /* what has arrived and is not handed out yet */
	size_t used, size, scanned;
};

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

static bool found(const char *path)
{
	return access(path, X_OK) == 0 || (errno == EACCES && access(path, F_OK) == 0);
}

/* The two programs, and where they are found. */
static const struct {
	const char *name, *env;
	const char *beside[3];
} programs[] = {
	[ORD_PROGRAM_HOST] =
		{"ordeal-injector",
		 "ORDEAL_INJECTOR",
		 {
			 "../injector/host/ordeal-injector",	/* build tree, from cli/ */
			 "../../injector/host/ordeal-injector", /* from tests/unit/ */
			 "../libexec/ordeal/ordeal-injector",	/* moved installation */
		 }},
	[ORD_PROGRAM_KUBE] = {"ordeal-injector-kube",
			      "ORDEAL_INJECTOR_KUBE",
			      {
				      "../injector/kube/ordeal-injector-kube",
				      "../../injector/kube/ordeal-injector-kube",
				      "../libexec/ordeal/ordeal-injector-kube",
			      }},
};

/* The first of the known places that holds the program. Installed 0750, it need not be executable
 * for us: sudo's work. */
static int find_injector(enum ord_program which, char ret[ORD_PATH_MAX], struct ord_err *err)
{
	const char *name = programs[which].name, *env = getenv(programs[which].env);
	char self[ORD_PATH_MAX - 64];
	ssize_t n;

	if (env && *env) {
		(void)snprintf(ret, ORD_PATH_MAX, "%s", env);
		if (*env == '/' && found(env))
			return 0;
		return ord_fail(err, ORD_USAGE, "%s is '%s': not the absolute path of a program",
				programs[which].env, env);
	}
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n > 0) {
		self[n] = '\0';
		(void)dirname(self);
		for (size_t i = 0; i < ORD_COUNT(programs[which].beside); i++) {
			(void)snprintf(ret, ORD_PATH_MAX, "%s/%s", self, programs[which].beside[i]);
			if (found(ret))
				return 0;
		}
	}
	(void)snprintf(ret, ORD_PATH_MAX, "%s/%s", ORDEAL_LIBEXEC_DIR, name);
	if (found(ret))
		return 0;
	return ord_fail(err, ORD_SKIP, "%s is not in %s; install it, or name it in %s", name,
			ORDEAL_LIBEXEC_DIR, programs[which].env);
}

static bool forbidden(const char *path)
{
	return access(path, X_OK) < 0 && errno == EACCES;
}

bool ord_holder_may_run(void)
{
	char path[ORD_PATH_MAX];
	struct ord_err err;

	return find_injector(ORD_PROGRAM_HOST, path, &err) < 0 || !forbidden(path);
}

/* Without "..": a rule in sudoers names one path, and so must we. */
static void as_sudo_knows_it(char path[ORD_PATH_MAX])
{
	ord_autofree char *real = realpath(path, NULL);

	if (real && strlen(real) < ORD_PATH_MAX)
		memcpy(path, real, strlen(real) + 1);
}

static int set_nonblock(int fd, struct ord_err *err)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return ord_fail_sys(err, "F_SETFL");
	return 0;
}

/* 0, 1 and 2 of the child are the given descriptors, and it has no others. */
static int child_files(posix_spawn_file_actions_t *files, int in, int out, int log)
{
	int r = posix_spawn_file_actions_adddup2(files, in, 0);

	r = r ? r : posix_spawn_file_actions_adddup2(files, out, 1);
	r = r ? r : posix_spawn_file_actions_adddup2(files, log, 2);
	return r ? r : posix_spawn_file_actions_addclosefrom_np(files, 3);
}

/* The injector is there, and its mode keeps this user from it. Root's own group is nobody's
 * to join. */
static int not_allowed(const char *path, struct ord_err *err)
{
	struct group group, *found = NULL;
	char text[1024];
	struct stat st;

	if (!stat(path, &st) && st.st_gid &&
	    !getgrgid_r(st.st_gid, &group, text, sizeof text, &found) && found)
		return ord_fail(err, ORD_SKIP,
				"'%s' may not be run by this user: join the group '%s', or "
				"run ordeal as root",
				path, group.gr_name);
	return ord_fail(err, ORD_SKIP,
			"'%s' may not be run by this user: run ordeal as root, or let a "
			"group run it: chgrp ordeal '%s'",
			path, path);
}

/*
 * A process group of its own: Ctrl-C is for us to turn into a revert with a stated cause. Signals
 * as at birth, whatever we block or ignore.
 */
static int child_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						   POSIX_SPAWN_SETSIGDEF);
	r = r ? r : posix_spawnattr_setpgroup(attr, 0);
	r = r ? r : posix_spawnattr_setsigmask(attr, &none);
	return r ? r : posix_spawnattr_setsigdefault(attr, &all);
}

static int spawn(struct ord_holder *h, int in, int out, struct ord_err *err)
{
	char *direct[] = {h->path, NULL};
	char *by_sudo[] = {(char[]){"sudo"}, (char[]){"-n"}, (char[]){"--"}, h->path, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return ord_fail_nomem(err);
	r = posix_spawnattr_init(&attr);
	if (!r) {
		r = child_files(&files, in, out, h->log);
		r = r ? r : child_attributes(&attr);
		r = r ? r
		      : posix_spawn(&h->pid, h->sudo ? "/usr/bin/sudo" : h->path, &files, &attr,
				    h->sudo ? by_sudo : direct, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	if (!r)
		return 0;
	errno = r;
	if (h->sudo && r == ENOENT && forbidden(h->path))
		return not_allowed(h->path, err);
	errno = r;
	if (h->sudo && r == ENOENT)
		return ord_fail(
			err, ORD_SKIP,
			"this needs root, and there is no /usr/bin/sudo: run ordeal as root");
	if (r == EACCES)
		return not_allowed(h->path, err);
	return ord_fail_sys(err, "start '%s'", h->path);
}

int ord_holder_spawn(enum ord_program which, bool as_root, struct ord_holder **ret,
		     struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = calloc(1, sizeof *h);
	int to[2], from[2];

	if (!h)
		return ord_fail_nomem(err);
	h->in = h->out = h->log = -1;
	h->reaped = true;
	h->sudo = as_root && geteuid() != 0;
	h->request_max = which == ORD_PROGRAM_KUBE ? KUBE_MAX : REQUEST_MAX;
	if (find_injector(which, h->path, err) < 0)
		return -1;
	if (h->sudo)
		as_sudo_knows_it(h->path);
	if (pipe2(to, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	ord_autoclose int child_in = to[0];
	h->in = to[1];
	if (pipe2(from, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	ord_autoclose int child_out = from[1];
	h->out = from[0];
	h->log = memfd_create("ordeal-injector-stderr", MFD_CLOEXEC);
	if (h->log < 0)
		return ord_fail_sys(err, "memfd_create");
	if (set_nonblock(h->in, err) < 0 || set_nonblock(h->out, err) < 0)
		return -1;
	if (spawn(h, child_in, child_out, err) < 0)
		return -1;
	h->reaped = false;
	*ret = ord_steal_ptr(h);
	return 0;
}

/* write() that answers EPIPE instead of raising SIGPIPE, whatever the program does with that
 * signal. */
static ssize_t write_quiet(int fd, const void *data, size_t n)
{
	const struct timespec now = {0};
	sigset_t pipe_set, before, pending;
	bool was_pending;
	ssize_t r;
	int saved;

	(void)sigemptyset(&pipe_set);
	(void)sigaddset(&pipe_set, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_set, &before);
	was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
	r = write(fd, data, n);
	saved = errno;
	if (r < 0 && errno == EPIPE && !was_pending)
		(void)sigtimedwait(&pipe_set, NULL, &now);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return r;
}

int ord_holder_fd(const struct ord_holder *h)
{
	return h->out;
}

static void reap(struct ord_holder *h, int options)
{
	pid_t r;

	if (h->reaped)
		return;
	do
		r = waitpid(h->pid, &h->status, options);
	while (r < 0 && errno == EINTR);
	if (r != 0)
		h->reaped = true;
}

/* The last line it wrote to standard error, for messages. */
static void last_words(const struct ord_holder *h, size_t size, char *out)
{
	char tail[512];
	off_t end = lseek(h->log, 0, SEEK_END);
	off_t from = end > (off_t)sizeof tail - 1 ? end - (off_t)sizeof tail + 1 : 0;
	ssize_t n = pread(h->log, tail, sizeof tail - 1, from);
	char *line;

	out[0] = '\0';
	if (n <= 0)
		return;
	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == '\r'))
		n--;
	tail[n] = '\0';
	line = strrchr(tail, '\n');
	(void)snprintf(out, size, "%.*s", (int)size - 1, line ? line + 1 : tail);
}

/* Says what an end of file without a word means: through sudo it is a refusal, and the remedy is
 * known. */
static int ended(struct ord_holder *h, struct ord_err *err)
{
	char words[256];

	for (int i = 0; i < 20 && !h->reaped;
	     i++) { /* the end of file comes a little before the zombie */
		reap(h, WNOHANG);
		if (!h->reaped)
			(void)poll(NULL, 0, 5);
	}
	last_words(h, sizeof words, words);
	/* Its guardian, where that killed it, says why right after. */
	for (int i = 0; i < 20 && !*words && h->reaped && WIFSIGNALED(h->status); i++) {
		(void)poll(NULL, 0, 5);
		last_words(h, sizeof words, words);
	}
	if (h->sudo && !h->spoke)
		return ord_fail(
			err, ORD_SKIP,
			"this needs root and sudo refused (%s); allow it with the line '%%ordeal "
			"ALL=(root) NOPASSWD: %s' in /etc/sudoers.d/ordeal, or run ordeal as root",
			*words ? words : "no reason given", h->path);
	if (h->reaped && WIFSIGNALED(h->status))
		return ord_fail(err, ORD_SYS, "the injector was killed by signal %d (%s)%s%s",
				WTERMSIG(h->status), strsignal(WTERMSIG(h->status)),
				*words ? ": " : "", words);
	if (h->reaped)
		return ord_fail(err, ORD_SYS, "the injector ended with status %d%s%s",
				WEXITSTATUS(h->status), *words ? ": " : "", words);
	return ord_fail(err, ORD_SYS, "the injector closed its pipe%s%s", *words ? ": " : "",
			words);
}

int ord_holder_send(struct ord_holder *h, struct json_t *request, struct ord_err *err)
{
	ord_autofree char *text = json_dumps(request, JSON_COMPACT);
	uint64_t limit = ord_now_ns() + SEND_NS;
	size_t n, done = 0;

	if (!text)
		return ord_fail_nomem(err);
	n = strlen(text);
	if (n >= h->request_max)
		return ord_fail(err, ORD_USAGE,
				"the request has %zu bytes, the protocol allows %zu", n,
				h->request_max);
	text[n++] = '\n';
	/* A pipe holds 64 KiB: a shorter request that does not fit at once has a holder that no
	 * longer reads. A longer one is made room for, where the system lets us. */
	if (n > REQUEST_MAX)
		(void)fcntl(h->in, F_SETPIPE_SZ, KUBE_MAX);
	for (;;) {
		struct pollfd p = {.fd = h->in, .events = POLLOUT};
		ssize_t r = write_quiet(h->in, text + done, n - done);

		if (r < 0 && errno == EPIPE)
			return ended(h, err);
		if (r < 0 && errno != EAGAIN)
			return ord_fail_sys(err, "write to the injector");
		done += r > 0 ? (size_t)r : 0;
		if (done == n)
			return 0;
		if (n <= REQUEST_MAX || ord_now_ns() > limit)
			return ord_fail(err, ORD_SYS, "the injector does not read its requests");
		(void)poll(&p, 1, 100);
	}
}

/* Hands out the first whole line of the buffer. 1: there was one; 0: not yet; -1: garbage. */
static int take_line(struct ord_holder *h, struct json_t **ret, struct ord_err *err)
{
	char *nl = h->used > h->scanned ? memchr(h->buf + h->scanned, '\n', h->used - h->scanned)
					: NULL;
	json_error_t why;
	json_t *event;
	size_t n;

	if (!nl) {
		h->scanned = h->used;
		return 0;
	}
	n = (size_t)(nl - h->buf);
	event = json_loadb(h->buf, n, JSON_REJECT_DUPLICATES, &why);
	h->used -= n + 1;
	memmove(h->buf, nl + 1, h->used);
	h->scanned = 0;
	if (!event)
		return ord_fail(err, ORD_SYS, "the injector wrote what is not JSON: %.120s",
				why.text);
	if (!json_is_string(json_object_get(event, "event"))) {
		json_decref(event);
		return ord_fail(err, ORD_SYS, "the injector wrote a line that is not an event");
	}
	h->spoke = true;
	*ret = event;
	return 1;
}

/* Reads what is there. 1: something came; 0: nothing now; -1: end of file or a failure. */
static int fill(struct ord_holder *h, struct ord_err *err)
{
	ssize_t n;

	if (h->size - h->used < 4096) {
		size_t size = h->size ? h->size * 2 : 8192;
		char *buf;

		if (size > EVENT_MAX)
			return ord_fail(err, ORD_SYS,
					"the injector wrote a line of more than %u bytes",
					EVENT_MAX);
		buf = realloc(h->buf, size);
		if (!buf)
			return ord_fail_nomem(err);
		h->buf = buf;
		h->size = size;
	}
	do
		n = read(h->out, h->buf + h->used, h->size - h->used);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return ord_fail_sys(err, "read from the injector");
	if (n == 0)
		return ended(h, err);
	h->used += (size_t)n;
	return 1;
}

int ord_holder_next(struct ord_holder *h, struct json_t **ret, struct ord_err *err)
{
	json_t *event = NULL;

	for (;;) {
		int r = take_line(h, &event, err);

		if (r == 0)
			r = fill(h, err);
		else if (r > 0)
			break;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
	}
	*ret = event;
	return 0;
}

int ord_holder_wait(struct ord_holder *h, uint64_t timeout_ns, struct json_t **ret,
		    struct ord_err *err)
{
	uint64_t end = ord_now_ns() + timeout_ns;
	json_t *event = NULL;

	for (;;) {
		struct pollfd p = {.fd = h->out, .events = POLLIN};
		uint64_t now;
		struct timespec left;

		if (ord_holder_next(h, &event, err) < 0)
			return -1;
		if (event)
			break;
		now = ord_now_ns();
		if (now >= end)
			return ord_fail(err, ORD_SYS,
					"the injector said nothing for %" PRIu64 " ms",
					(uint64_t)(timeout_ns / ORD_MS));
		left = ord_timespec(end - now);
		(void)ppoll(&p, 1, &left, NULL);
	}
	*ret = event;
	return 0;
}

/* Waits until the program has closed its output or the time is up; what it still says is dropped.
 */
static void drain(struct ord_holder *h, uint64_t timeout_ns)
{
	uint64_t end = ord_now_ns() + timeout_ns;
	char sink[4096];

	for (uint64_t now = ord_now_ns(); now < end; now = ord_now_ns()) {
		struct pollfd p = {.fd = h->out, .events = POLLIN};
		struct timespec left = ord_timespec(end - now);
		ssize_t n;

		if (ppoll(&p, 1, &left, NULL) <= 0)
			continue;
		n = read(h->out, sink, sizeof sink);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
	}
}

static void reap_within(struct ord_holder *h, uint64_t timeout_ns)
{
	uint64_t end = ord_now_ns() + timeout_ns;

	for (reap(h, WNOHANG); !h->reaped && ord_now_ns() < end; reap(h, WNOHANG))
		(void)poll(NULL, 0, 1);
}

void ord_holder_free(struct ord_holder *h)
{
	if (!h)
		return;
	ord_close(&h->in);
	if (!h->reaped) {
		uint64_t start = ord_now_ns(), spent;

		drain(h, REAP_NS);
		spent = ord_now_ns() - start;
		reap_within(h, spent < REAP_NS ? REAP_NS - spent : 0);
	}
	/* It hangs: its guardian reverts once it is dead. Through sudo we may not, and leave it to
	 * the deadline. */
	if (!h->reaped && !h->sudo && kill(h->pid, SIGKILL) == 0)
		reap_within(h, KILL_NS);
	ord_close(&h->out);
	ord_close(&h->log);
	free(h->buf);
	free(h);
}
