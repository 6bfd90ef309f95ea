/* tcp: a connection is made, and closed again. A name is looked up once, when the run begins. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/probe/probe.h"

struct attempt {
	struct prb_sample *sample;
	const struct addrinfo *at; /* being tried */
	int fd;
	sd_event_source *source;
};

static int tcp_open(struct prb_probe *p, struct ord_err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	char port[8];
	int r;

	(void)snprintf(port, sizeof port, "%u", p->spec->port);
	r = getaddrinfo(p->spec->host, port, &hints, &list);
	if (r)
		return ord_fail(err, ORD_SYS, "'%.100s': %s", p->spec->host, gai_strerror(r));
	p->state = list;
	return 0;
}

static void let_go(struct attempt *a)
{
	a->source = sd_event_source_disable_unref(a->source);
	ord_close(&a->fd);
}

static void try_next(struct prb_probe *p, struct attempt *a, int error);

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct attempt *a = arg;
	struct prb_sample *s = a->sample;
	struct prb_probe *p = s->probe;
	socklen_t n = sizeof(int);
	int error = 0;

	(void)source;
	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	let_go(a);
	if (!error)
		p->host->answered(s, ORD_OUTCOME_OK, NULL);
	else if (prb_outcome_of(error) == ORD_OUTCOME_REFUSED && a->at->ai_next)
		a->at = a->at->ai_next, try_next(p, a, error);
	else
		p->host->answered(s, prb_outcome_of(error), strerror(error));
	return 0;
}

/* Connects to a->at, or to those after it where that fails at once. */
static void try_next(struct prb_probe *p, struct attempt *a, int error)
{
	for (; a->at; a->at = a->at->ai_next) {
		int r;

		a->fd = socket(a->at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (a->fd < 0) {
			error = errno;
			continue;
		}
		r = connect(a->fd, a->at->ai_addr, a->at->ai_addrlen);
		if (r == 0) {
			let_go(a);
			p->host->answered(a->sample, ORD_OUTCOME_OK, NULL);
			return;
		}
		error = errno;
		if (error == EINPROGRESS) {
			r = sd_event_add_io(p->host->loop, &a->source, a->fd, EPOLLOUT, on_socket,
					    a);
			if (r >= 0)
				return;
			error = -r;
		}
		let_go(a);
	}
	p->host->answered(a->sample, prb_outcome_of(error), strerror(error));
}

static void tcp_sample(struct prb_probe *p, struct prb_sample *s)
{
	struct attempt *a = s->io;

	if (!a) {
		a = calloc(1, sizeof *a);
		if (!a) {
			p->host->answered(s, ORD_OUTCOME_LOCAL_ERROR, "out of memory");
			return;
		}
		s->io = a;
		a->sample = s;
		a->fd = -1;
	}
	a->at = p->state;
	try_next(p, a, ENOENT);
}

static void tcp_cancel(struct prb_probe *p, struct prb_sample *s)
{
	(void)p;
	if (s->io)
		let_go(s->io);
}

static void tcp_drop(struct prb_probe *p, struct prb_sample *s)
{
	(void)p;
	free(s->io);
	s->io = NULL;
}

static void tcp_close(struct prb_probe *p)
{
	if (p->state)
		freeaddrinfo(p->state);
	p->state = NULL;
}

const struct prb_kind prb_tcp = {
	.name = "tcp",
	.open = tcp_open,
	.sample = tcp_sample,
	.cancel = tcp_cancel,
	.drop = tcp_drop,
	.close = tcp_close,
};
