#include "scheduler/run/marks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/run.h"
#include "scheduler/run/mark_words.h"

#define CLIENTS_MAX 8	  /* who connects and says nothing makes place for those who do */
#define LINES_MAX   10000 /* of one run */

struct client {
	struct run_marks *marks;
	int fd;
	sd_event_source *source;
};

struct run_marks {
	int dir; /* borrowed */
	int fd;
	sd_event *loop;
	sd_event_source *source;
	run_marks_line *line;
	void *arg;
	struct client clients[CLIENTS_MAX];
	size_t next; /* the place of the next client */
	unsigned n_lines;
};

static void let_go(struct client *c)
{
	c->source = sd_event_source_disable_unref(c->source);
	ord_close(&c->fd);
}

/* NULL: it is well formed, and *ret_line is its line; else what is wrong. */
static const char *read_words(const char *text, size_t size, const char **ret_e, json_t **ret_line)
{
	ord_auto(json) json_t *json = json_loadb(text, size, 0, NULL);
	const char *what = json_string_value(json_object_get(json, "what"));
	const char *by = json_string_value(json_object_get(json, "by"));
	const char *note = json_string_value(json_object_get(json, "note"));

	if (!json || (note && !mark_note_ok(note)))
		return "this is no mark";
	if (!what) {
		if (!note)
			return "a note without a text";
		*ret_e = "note";
		*ret_line = json_pack("{s:s, s:s*}", "text", note, "by", by);
		return by && !mark_role_ok(by) ? "this is no role" : NULL;
	}
	if (!mark_what_ok(what) || !by || !mark_role_ok(by))
		return "this is no mark";
	*ret_e = "mark";
	*ret_line = json_pack("{s:s, s:s, s:s, s:s*}", "channel", "mark", "what", what, "by", by,
			      "note", note);
	return NULL;
}

/* What the client is answered; NULL: it was written. */
static const char *take(struct run_marks *m, int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t n = sizeof peer;
	char text[ORD_MARK_MAX];
	const char *e = NULL, *wrong;
	json_t *line = NULL;
	ssize_t size;

	/* Read in any case: what is left unread would break the connection before the answer. */
	size = recv(fd, text, sizeof text, MSG_DONTWAIT | MSG_TRUNC);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 ||
	    (peer.uid != 0 && peer.uid != geteuid()))
		return "only root and the user who runs it may mark a run";
	if (size <= 0)
		return "this is no mark";
	if ((size_t)size > sizeof text)
		return "the message is too long";
	if (m->n_lines >= LINES_MAX)
		return "this run has been marked too often";
	wrong = read_words(text, (size_t)size, &e, &line);
	if (wrong) {
		json_decref(line);
		return wrong;
	}
	m->n_lines++;
	m->line(m->arg, e, line);
	return NULL;
}

static int on_words(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct client *c = arg;
	const char *wrong = take(c->marks, fd);
	ord_auto(json) json_t *reply =
		wrong ? json_pack("{s:s}", "error", wrong) : json_pack("{s:b}", "written", 1);
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
	struct run_marks *m = arg;
	struct client *c = &m->clients[m->next];
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)events;
	if (client < 0)
		return 0;
	let_go(c);
	c->fd = client;
	if (sd_event_add_io(m->loop, &c->source, client, EPOLLIN, on_words, c) < 0)
		let_go(c);
	m->next = (m->next + 1) % CLIENTS_MAX;
	return 0;
}

static int listen_in(int dir, struct ord_err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	ord_autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	mark_address(dir, &at);
	/* Nobody but the owner may ever connect: before listen() nobody can. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    fchmodat(dir, MARK_SOCKET, 0600, 0) < 0 || listen(fd, CLIENTS_MAX) < 0)
		return ord_fail_sys(err, "listen for marks");
	return ord_steal_fd(&fd);
}

int run_marks_open(int dir, sd_event *loop, run_marks_line *line, void *arg, struct run_marks **ret,
		   struct ord_err *err)
{
	struct run_marks *m = calloc(1, sizeof *m);
	int e;

	if (!m)
		return ord_fail_nomem(err);
	*m = (struct run_marks){.dir = dir, .fd = -1, .loop = loop, .line = line, .arg = arg};
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		m->clients[i] = (struct client){.marks = m, .fd = -1};
	m->fd = listen_in(dir, err);
	e = m->fd < 0 ? 0 : sd_event_add_io(loop, &m->source, m->fd, EPOLLIN, on_client, m);
	if (m->fd < 0 || e < 0) {
		if (e < 0) {
			errno = -e;
			(void)ord_fail_sys(err, "event loop");
		}
		run_marks_close(m);
		return -1;
	}
	*ret = m;
	return 0;
}

void run_marks_close(struct run_marks *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		let_go(&m->clients[i]);
	(void)sd_event_source_disable_unref(m->source);
	if (m->fd >= 0)
		(void)unlinkat(m->dir, MARK_SOCKET, 0);
	ord_close(&m->fd);
	free(m);
}
