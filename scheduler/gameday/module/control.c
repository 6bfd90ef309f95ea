#include "scheduler/gameday/module/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"

#define SOCKET	    "control"
#define CLIENTS_MAX 8 /* who connects and says nothing makes place for those who do */

struct client {
	struct control *control;
	int fd;
	sd_event_source *source;
};

struct control {
	int dir; /* borrowed */
	int fd;
	sd_event *loop;
	sd_event_source *source;
	control_do *work;
	void *arg;
	struct client clients[CLIENTS_MAX];
	size_t next;
};

/* The path of a socket is short: it is reached through its folder's descriptor. */
static struct sockaddr_un address(int dir)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	(void)snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/" SOCKET, dir);
	return at;
}

static void let_go(struct client *c)
{
	c->source = sd_event_source_disable_unref(c->source);
	ord_close(&c->fd);
}

static int take(struct control *control, int fd, struct ord_err *err)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t n = sizeof peer;
	ord_auto(json) json_t *message = NULL;
	char text[COMMAND_MAX];
	struct command command;
	ssize_t size = recv(fd, text, sizeof text, MSG_DONTWAIT | MSG_TRUNC);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 ||
	    (peer.uid != 0 && peer.uid != geteuid()))
		return ord_fail(err, ORD_GUARD,
				"only root and the user who holds the session may do that");
	if (size > 0 && (size_t)size <= sizeof text)
		message = json_loadb(text, (size_t)size, 0, NULL);
	if (!json_is_object(message))
		return ord_fail(err, ORD_USAGE, "this is no command");
	return command_read(message, &command, err) || control->work(control->arg, &command, err)
		       ? -1
		       : 0;
}

static int on_words(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct client *c = arg;
	struct ord_err err = {0};
	int r = take(c->control, fd, &err);
	ord_auto(json) json_t *reply =
		r ? json_pack("{s:s}", "error", err.msg) : json_pack("{s:b}", "done", 1);
	ord_autofree char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	(void)source;
	(void)events;
	if (text)
		(void)send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	let_go(c);
	return 0;
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct control *control = arg;
	struct client *c = &control->clients[control->next];
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)events;
	if (client < 0)
		return 0;
	let_go(c);
	c->fd = client;
	if (sd_event_add_io(control->loop, &c->source, client, EPOLLIN, on_words, c) < 0)
		let_go(c);
	control->next = (control->next + 1) % CLIENTS_MAX;
	return 0;
}

static int listen_in(int dir, struct ord_err *err)
{
	struct sockaddr_un at = address(dir);
	ord_autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* Of one who died; whoever holds the session is alone in it. */
	(void)unlinkat(dir, SOCKET, 0);
	/* Nobody but the owner may ever connect: before listen() nobody can. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    fchmodat(dir, SOCKET, 0600, 0) < 0 || listen(fd, CLIENTS_MAX) < 0)
		return ord_fail_sys(err, "listen in the session's folder");
	return ord_steal_fd(&fd);
}

int control_open(int dir, sd_event *loop, control_do *work, void *arg, struct control **ret,
		 struct ord_err *err)
{
	struct control *c = calloc(1, sizeof *c);
	int e = 0;

	if (!c)
		return ord_fail_nomem(err);
	*c = (struct control){.dir = dir, .fd = -1, .loop = loop, .work = work, .arg = arg};
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		c->clients[i] = (struct client){.control = c, .fd = -1};
	c->fd = listen_in(dir, err);
	if (c->fd >= 0)
		e = sd_event_add_io(loop, &c->source, c->fd, EPOLLIN, on_client, c);
	if (c->fd >= 0 && e >= 0) {
		*ret = c;
		return 0;
	}
	if (e < 0) {
		errno = -e;
		(void)ord_fail_sys(err, "event loop");
	}
	control_close(c);
	return -1;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		let_go(&c->clients[i]);
	(void)sd_event_source_disable_unref(c->source);
	if (c->fd >= 0)
		(void)unlinkat(c->dir, SOCKET, 0);
	ord_close(&c->fd);
	free(c);
}

static int reach(const char *folder, struct ord_err *err)
{
	const struct timeval patience = {.tv_sec = 10};
	struct sockaddr_un at;
	ord_autoclose int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ord_autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (dir < 0)
		return ord_fail_sys(err, "open '%.300s'", folder);
	if (fd < 0)
		return ord_fail_sys(err, "socket");
	at = address(dir);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return ord_steal_fd(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return ord_fail(
			err, ORD_USAGE,
			"nobody holds the session; 'ordeal gameday resume' goes on with it");
	if (errno == EACCES || errno == EPERM)
		return ord_fail(err, ORD_USAGE,
				"only root and the user who holds the session may do that");
	return ord_fail_sys(err, "reach the session");
}

int control_tell(const char *folder, const struct command *c, struct ord_err *err)
{
	ord_auto(json) json_t *message = command_json(c), *reply = NULL;
	ord_autofree char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	ord_autoclose int fd = -1;
	char said[COMMAND_MAX];
	const char *why;
	ssize_t n;

	if (!text)
		return ord_fail(err, ORD_USAGE, "a note is a text in UTF-8");
	fd = reach(folder, err);
	if (fd < 0)
		return -1;
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return ord_fail_sys(err, "tell the session");
	n = recv(fd, said, sizeof said, 0);
	if (n < 0)
		return ord_fail_sys(err, "the session did not answer");
	reply = json_loadb(said, (size_t)n, 0, NULL);
	if (json_is_true(json_object_get(reply, "done")))
		return 0;
	why = json_string_value(json_object_get(reply, "error"));
	return ord_fail(err, ORD_USAGE, "%.400s", why ? why : "the session ended");
}
