/*
 * The client of one ordeal-injector: a spawned program and its pipes (docs/formats/protocol.md).
 * `ordeal inject` is little more than this file, so it starts nothing else and stays cheap in
 * system calls.
 */
#include "scheduler/holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/printable.h"

#define SEND_NS	  (2 * ORD_S)
#define EVENT_MAX (1u << 20) /* `status` of a busy host is the longest */
#define REAP_NS	  (2 * ORD_S)
#define KILL_NS	  (500 * ORD_MS)
#define FAR_NS	  (100 * ORD_MS)

ssize_t holder_write(int fd, const void *data, size_t n)
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

void holder_words(const struct ord_holder *h, unsigned lines, size_t size, char *out)
{
	char tail[1024];
	off_t end = lseek(h->log, 0, SEEK_END);
	off_t from = end > (off_t)sizeof tail - 1 ? end - (off_t)sizeof tail + 1 : 0;
	ssize_t n = pread(h->log, tail, sizeof tail - 1, from), at, have = 0;

	out[0] = '\0';
	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == '\r'))
		n--;
	for (at = n; at > 0; at--)
		if (tail[at - 1] == '\n' && !--lines)
			break;
	for (; at < n && have + 2 < (ssize_t)size; at++) {
		if (tail[at] == '\n')
			out[have++] = ';';
		if (tail[at] != '\r')
			out[have++] = tail[at] == '\n' ? ' ' : tail[at];
	}
	out[have] = '\0';
}

/* For messages. */
static void last_words(const struct ord_holder *h, size_t size, char *out)
{
	char words[256];

	holder_words(h, h->is_far ? 2 : 1, sizeof words, words);
	(void)ord_printable(words, size, out);
}

/* Says what an end of file without a word means: through sudo it is a refusal, and the remedy is
 * known. */
static int ended(struct ord_holder *h, struct ord_err *err)
{
	char words[256];

	if (h->socket)
		return ord_fail(err, ORD_SYS,
				"the injector behind '%s' closed the connection: "
				"`journalctl -u 'ordeal-injector@*'` says why",
				h->path);
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
	if (h->is_far)
		return ord_fail(err, h->spoke ? ORD_SYS : ORD_SKIP,
				"'%.100s' ended with status %d%s%s", h->path,
				h->reaped && WIFEXITED(h->status) ? WEXITSTATUS(h->status) : -1,
				*words ? ": " : "", words);
	if (h->sudo && !h->spoke)
		return ord_fail(
			err, ORD_SKIP,
			"this needs root and sudo refused (%s); allow it with the line '%%ordeal "
			"ALL=(root) NOPASSWD: %s' in /etc/sudoers.d/ordeal, %s, or run ordeal as "
			"root",
			*words ? words : "no reason given", h->path,
			access(ORDEAL_SOCKET, F_OK) == 0 ? "join the group of " ORDEAL_SOCKET
							 : "set up ordeal-injector.socket");
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
	if (n > HOLDER_REQUEST_MAX)
		(void)fcntl(h->in, F_SETPIPE_SZ, HOLDER_KUBE_MAX);
	for (;;) {
		struct pollfd p = {.fd = h->in, .events = POLLOUT};
		ssize_t r = holder_write(h->in, text + done, n - done);

		/* Behind a socket it may have said why before it went: the reader will see. */
		if (r < 0 && errno == EPIPE && h->socket && !h->spoke)
			return 0;
		if (r < 0 && errno == EPIPE)
			return ended(h, err);
		if (r < 0 && errno != EAGAIN)
			return ord_fail_sys(err, "write to the injector");
		done += r > 0 ? (size_t)r : 0;
		if (done == n)
			return 0;
		if (n <= HOLDER_REQUEST_MAX || ord_now_ns() > limit)
			return ord_fail(err, ORD_SYS, "the injector does not read its requests");
		(void)poll(&p, 1, 100);
	}
}

/* Of a command that leads elsewhere: another program, or a shell that greets who logs in. */
static int not_json(const struct ord_holder *h, size_t n, struct ord_err *err)
{
	char line[128], words[128];

	(void)snprintf(line, sizeof line, "%.*s", n > 100 ? 100 : (int)n, h->buf);
	(void)ord_printable(line, sizeof words, words);
	return ord_fail(err, ORD_SYS,
			"'%.100s' wrote what is not JSON: '%s'; at that end nothing may write to "
			"standard output but ordeal-injector, and no shell as it starts",
			h->path, words);
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
	if (!event && h->is_far)
		return not_json(h, n, err);
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
	if (n < 0 && !(h->socket && errno == ECONNRESET))
		return ord_fail_sys(err, "read from the injector");
	if (n <= 0)
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

void holder_reap(struct ord_holder *h, uint64_t timeout_ns)
{
	uint64_t end = ord_now_ns() + timeout_ns;

	for (reap(h, WNOHANG); !h->reaped && ord_now_ns() < end; reap(h, WNOHANG))
		(void)poll(NULL, 0, 1);
}

/* The lease is the far side's to end: where its end of file does not get there, with the
 * connection. The command has a session of its own, with whatever it started. */
static void far_end(struct ord_holder *h)
{
	holder_reap(h, FAR_NS);
	if (!h->reaped && kill(-h->pid, SIGKILL) == 0)
		holder_reap(h, KILL_NS);
}

void ord_holder_free(struct ord_holder *h)
{
	if (!h)
		return;
	if (h->socket) { /* the end of its input, while its last words still come */
		(void)shutdown(h->in, SHUT_WR);
		drain(h, REAP_NS);
	}
	ord_close(&h->in);
	if (h->is_far)
		far_end(h);
	if (!h->reaped) {
		uint64_t start = ord_now_ns(), spent;

		drain(h, REAP_NS);
		spent = ord_now_ns() - start;
		holder_reap(h, spent < REAP_NS ? REAP_NS - spent : 0);
	}
	/* It hangs: its guardian reverts once it is dead. Through sudo we may not, and leave it to
	 * the deadline. */
	if (!h->reaped && !h->sudo && kill(h->pid, SIGKILL) == 0)
		holder_reap(h, KILL_NS);
	ord_close(&h->out);
	ord_close(&h->log);
	free(h->buf);
	free(h);
}
