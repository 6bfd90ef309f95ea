#include "base/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"

#define CLIENTS_MAX 8		/* who connects and says nothing makes place for those who do */
#define LISTENER    CLIENTS_MAX /* in place of a client's number */

/* The descriptor that is polled is an epoll of its own: any loop can hold it. */
struct ord_desk {
	const struct ord_desk_kind *kind;
	int dir; /* borrowed */
	int poll, listener;
	ord_desk_do *work;
	void *arg;
	int clients[CLIENTS_MAX];
	unsigned next; /* the place of the next client */
};

/* A path in the state directory may be longer than an address: it is reached through its folder's
 * descriptor. */
static struct sockaddr_un address(int dir, const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	(void)snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", dir, name);
	return at;
}

static int watch(struct ord_desk *d, int fd, uint32_t who)
{
	struct epoll_event e = {.events = EPOLLIN, .data = {.u32 = who}};

	return epoll_ctl(d->poll, EPOLL_CTL_ADD, fd, &e);
}

static int listen_in(struct ord_desk *d)
{
	struct sockaddr_un at = address(d->dir, d->kind->socket);
	ord_autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)unlinkat(d->dir, d->kind->socket, 0);
	/* Nobody but the owner may ever connect: before listen() nobody can. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    fchmodat(d->dir, d->kind->socket, 0600, 0) < 0 || listen(fd, CLIENTS_MAX) < 0)
		return -1;
	d->listener = ord_steal_fd(&fd);
	return 0;
}

int ord_desk_open(int dir, const struct ord_desk_kind *kind, ord_desk_do *work, void *arg,
		  struct ord_desk **ret, struct ord_err *err)
{
	struct ord_desk *d = malloc(sizeof *d);

	if (!d)
		return ord_fail_nomem(err);
	*d = (struct ord_desk){
		.kind = kind, .dir = dir, .poll = -1, .listener = -1, .work = work, .arg = arg};
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		d->clients[i] = -1;
	d->poll = epoll_create1(EPOLL_CLOEXEC);
	if (d->poll >= 0 && listen_in(d) == 0 && watch(d, d->listener, LISTENER) == 0) {
		*ret = d;
		return 0;
	}
	(void)ord_fail_sys(err, "listen in the folder of %s", kind->what);
	ord_desk_close(d);
	return -1;
}

int ord_desk_fd(const struct ord_desk *d)
{
	return d->poll;
}

void ord_desk_close(struct ord_desk *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		ord_close(&d->clients[i]);
	if (d->listener >= 0)
		(void)unlinkat(d->dir, d->kind->socket, 0);
	ord_close(&d->listener);
	ord_close(&d->poll);
	free(d);
}

static void let_in(struct ord_desk *d)
{
	int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int *place = &d->clients[d->next];

	if (fd < 0)
		return;
	ord_close(place);
	*place = fd;
	if (watch(d, fd, d->next) < 0)
		ord_close(place);
	d->next = (d->next + 1) % CLIENTS_MAX;
}

static int take(const struct ord_desk *d, int fd, struct ord_err *err)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t n = sizeof peer;
	ord_auto(json) json_t *message = NULL;
	char text[ORD_DESK_MAX];
	/* Read in any case: what is left unread would break the connection before the answer. */
	ssize_t size = recv(fd, text, sizeof text, MSG_DONTWAIT | MSG_TRUNC);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 ||
	    (peer.uid != 0 && peer.uid != geteuid()))
		return ord_fail(err, ORD_GUARD, "%s", d->kind->others);
	if (size > (ssize_t)sizeof text)
		return ord_fail(err, ORD_USAGE, "a message of more than %zu bytes", sizeof text);
	if (size > 0)
		message = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(message))
		return ord_fail(err, ORD_USAGE, "this is no message");
	return d->work(d->arg, message, err);
}

static void serve(struct ord_desk *d, uint32_t who)
{
	struct ord_err err = {0};
	int r = take(d, d->clients[who], &err);
	ord_auto(json) json_t *reply =
		r ? json_pack("{s:s}", "error", err.msg) : json_pack("{s:b}", "done", 1);
	ord_autofree char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	if (text)
		(void)send(d->clients[who], text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	ord_close(&d->clients[who]);
}

void ord_desk_turn(struct ord_desk *d)
{
	struct epoll_event e;

	/* One at a time: who makes place for another may be among those that are ready. */
	if (epoll_wait(d->poll, &e, 1, 0) != 1)
		return;
	if (e.data.u32 == LISTENER)
		let_in(d);
	else
		serve(d, e.data.u32);
}

static int unreachable(const struct ord_desk_kind *kind, struct ord_err *err)
{
	switch (errno) {
	case ENOENT:
	case ECONNREFUSED:
		return ord_fail(err, ORD_USAGE, "%s", kind->nobody);
	case EACCES:
	case EPERM:
		return ord_fail(err, ORD_USAGE, "%s", kind->others);
	default:
		return ord_fail_sys(err, "reach %s", kind->what);
	}
}

int ord_desk_call(const char *folder, const struct ord_desk_kind *kind, const json_t *message,
		  unsigned patience_ms, int *ret_fd, struct ord_err *err)
{
	const struct timeval patience = {.tv_sec = patience_ms / 1000,
					 .tv_usec = (suseconds_t)(patience_ms % 1000) * 1000};
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC | (patience_ms ? 0 : SOCK_NONBLOCK);
	ord_autofree char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	ord_autoclose int dir = -1, fd = -1;
	struct sockaddr_un at;

	if (!text)
		return ord_fail(err, ORD_USAGE, "a message is a text in UTF-8");
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ord_fail_sys(err, "'%.200s'", folder);
	fd = socket(AF_UNIX, type, 0);
	if (fd < 0)
		return ord_fail_sys(err, "socket");
	at = address(dir, kind->socket);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
		return unreachable(kind, err);
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return ord_fail_sys(err, "tell %s", kind->what);
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

int ord_desk_hear(int fd, const struct ord_desk_kind *kind, struct ord_err *err)
{
	char said[ORD_DESK_MAX];
	ssize_t n = recv(fd, said, sizeof said, 0);
	ord_auto(json) json_t *reply = NULL;
	const char *why;

	if (n < 0)
		return ord_fail_sys(err, "%s did not answer", kind->what);
	reply = json_loadb(said, (size_t)n, 0, NULL);
	if (json_is_true(json_object_get(reply, "done")))
		return 0;
	why = json_string_value(json_object_get(reply, "error"));
	return why ? ord_fail(err, ORD_USAGE, "%.400s", why)
		   : ord_fail(err, ORD_SYS, "%s ended before it could answer", kind->what);
}

int ord_desk_ask(const char *folder, const struct ord_desk_kind *kind, const json_t *message,
		 unsigned patience_ms, struct ord_err *err)
{
	ord_autoclose int fd = -1;

	return ord_desk_call(folder, kind, message, patience_ms, &fd, err)
		       ? -1
		       : ord_desk_hear(fd, kind, err);
}

bool ord_desk_attended(const char *folder, const char *socket_name)
{
	ord_autoclose int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ord_autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at;

	if (dir < 0 || fd < 0)
		return false;
	at = address(dir, socket_name);
	/* One whose places are all taken, or that is somebody else's, is attended, too. */
	return !connect(fd, (struct sockaddr *)&at, sizeof at) || errno == EAGAIN ||
	       errno == EACCES || errno == EPERM;
}
