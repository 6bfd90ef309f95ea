/*
 * dns: one question, from a socket of its own: a source port that the kernel draws and an id that
 * is random, so that nobody who does not see the question can answer it. Over UDP, and over TCP
 * where that is asked or the answer is truncated. Nothing is asked twice: a lost packet is a
 * time-out, as it is for whoever has a resolver without patience.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/probe/dns_packet.h"
#include "scheduler/probe/probe.h"

#define STRAYS_MAX 16 /* messages that are taken in at once */
#define UDP_MAX	   4096u

struct server {
	struct sockaddr_storage at;
	socklen_t size;
};

struct question {
	struct prb_sample *sample;
	int fd;
	sd_event_source *source;
	/* Two bytes before it hold its length, for TCP. */
	unsigned char query[2 + DNS_QUERY_MAX];
	size_t query_size;
	size_t sent;	       /* of it, over TCP */
	unsigned char *answer; /* over TCP; owned, kept */
	size_t got, room;
};

/* "nameserver 10.0.0.2", the first. */
static int system_server(char *out, size_t size, struct ord_err *err)
{
	FILE *f = fopen("/etc/resolv.conf", "re");
	char line[512], address[128];
	bool found = false;

	if (!f)
		return ord_fail_sys(err, "/etc/resolv.conf");
	while (!found && fgets(line, sizeof line, f))
		found = sscanf(line, " nameserver %127s", address) == 1;
	(void)fclose(f);
	if (!found)
		return ord_fail(err, ORD_SKIP,
				"/etc/resolv.conf names no server; give the probe one, as in "
				"'server: 127.0.0.1:53'");
	(void)snprintf(out, size, strchr(address, ':') ? "[%s]:53" : "%s:53", address);
	return 0;
}

/* "127.0.0.1:53", "[::1]:53" */
static int resolve(const char *text, struct server *ret, struct ord_err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	const char *colon = strrchr(text, ':');
	bool brackets = *text == '[';
	struct addrinfo *list = NULL;
	char host[160];
	int r;

	(void)snprintf(host, sizeof host, "%.*s",
		       colon ? (int)(colon - text) - (brackets ? 2 : 0) : 0,
		       text + (brackets ? 1 : 0));
	r = getaddrinfo(host, colon ? colon + 1 : "53", &hints, &list);
	if (r)
		return ord_fail(err, ORD_USAGE, "the server '%.100s': %s", text, gai_strerror(r));
	memcpy(&ret->at, list->ai_addr, list->ai_addrlen);
	ret->size = list->ai_addrlen;
	freeaddrinfo(list);
	return 0;
}

static int dns_open(struct prb_probe *p, struct ord_err *err)
{
	const struct ord_dns_probe *dns = &p->spec->dns;
	unsigned char query[DNS_QUERY_MAX];
	char own[160];
	size_t n;

	if ((!dns->server && system_server(own, sizeof own, err)) ||
	    dns_query(dns, 0, query, &n, err))
		return -1;
	p->state = calloc(1, sizeof(struct server));
	if (!p->state)
		return ord_fail_nomem(err);
	return resolve(dns->server ? dns->server : own, p->state, err);
}

static void let_go(struct question *q)
{
	q->source = sd_event_source_disable_unref(q->source);
	ord_close(&q->fd);
}

static void done(struct question *q, enum ord_outcome o, const char *why)
{
	struct prb_probe *p = q->sample->probe;

	let_go(q);
	p->host->answered(q->sample, o, why);
}

static void failed(struct question *q, int error)
{
	done(q, prb_outcome_of(error), strerror(error));
}

/* A connected socket that does not block, heard by `on`. False: the sample has ended. */
static bool connect_to(struct question *q, int type, uint32_t events, sd_event_io_handler_t on)
{
	struct prb_probe *p = q->sample->probe;
	const struct server *server = p->state;
	int r;

	q->fd = socket(server->at.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (q->fd < 0 || (connect(q->fd, (const struct sockaddr *)&server->at, server->size) < 0 &&
			  errno != EINPROGRESS)) {
		failed(q, errno);
		return false;
	}
	r = sd_event_add_io(p->host->loop, &q->source, q->fd, events, on, q);
	if (r < 0)
		failed(q, -r);
	return r >= 0;
}

static enum dns_verdict judge(struct question *q, const unsigned char *message, size_t size,
			      char why[static ORD_WHY_MAX])
{
	return dns_judge(&q->sample->probe->spec->dns, q->query + 2, q->query_size, message, size,
			 why);
}

static void end_with(struct question *q, enum dns_verdict v, const char *why)
{
	if (v == DNS_GOOD)
		done(q, ORD_OUTCOME_OK, NULL);
	else
		done(q, ORD_OUTCOME_WRONG, why);
}

/* 1: the answer is whole; 0: not yet; -1: errno. */
static int receive(struct question *q)
{
	for (;;) {
		size_t want = q->got < 2 ? 2 : 2 + ((size_t)q->answer[0] << 8 | q->answer[1]);
		ssize_t n;

		if (q->got >= 2 && q->got == want)
			return 1;
		if (want > q->room) {
			unsigned char *answer = realloc(q->answer, want);

			if (!answer)
				return errno = ENOMEM, -1;
			q->answer = answer;
			q->room = want;
		}
		n = recv(q->fd, q->answer + q->got, want - q->got, 0);
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		if (n == 0)
			return errno = ECONNRESET, -1;
		q->got += (size_t)n;
	}
}

static int on_tcp(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct question *q = arg;
	char why[ORD_WHY_MAX] = "";
	int error = 0, r;
	socklen_t size = sizeof error;
	enum dns_verdict v;
	ssize_t n;

	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		failed(q, error ? error : errno);
		return 0;
	}
	if (q->sent < q->query_size + 2) {
		n = send(fd, q->query + q->sent, q->query_size + 2 - q->sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			failed(q, errno);
		else if (n > 0 && (q->sent += (size_t)n) == q->query_size + 2)
			(void)sd_event_source_set_io_events(source, EPOLLIN);
		return 0;
	}
	r = receive(q);
	if (r < 0)
		failed(q, errno);
	if (r <= 0)
		return 0;
	v = judge(q, q->answer + 2, q->got - 2, why);
	if (v == DNS_NOT_OURS || v == DNS_TRUNCATED)
		(void)snprintf(why, sizeof why, "over TCP: %s",
			       v == DNS_TRUNCATED ? "truncated" : "the answer to another question");
	end_with(q, v, why);
	return 0;
}

static void ask_tcp(struct question *q)
{
	q->sent = q->got = 0;
	(void)connect_to(q, SOCK_STREAM, EPOLLOUT, on_tcp);
}

static int on_udp(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct question *q = arg;
	unsigned char message[UDP_MAX];
	char why[ORD_WHY_MAX] = "";

	(void)source;
	(void)events;
	for (int i = 0; i < STRAYS_MAX; i++) {
		ssize_t n = recv(fd, message, sizeof message, 0);
		enum dns_verdict v;

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0) {
			failed(q, errno);
			return 0;
		}
		v = judge(q, message, (size_t)n, why);
		if (v == DNS_NOT_OURS)
			continue;
		if (v == DNS_TRUNCATED) {
			let_go(q);
			ask_tcp(q);
		} else {
			end_with(q, v, why);
		}
		return 0;
	}
	return 0;
}

static void ask_udp(struct question *q)
{
	if (!connect_to(q, SOCK_DGRAM, EPOLLIN, on_udp))
		return;
	if (send(q->fd, q->query + 2, q->query_size, MSG_NOSIGNAL) < 0)
		failed(q, errno);
}

static struct question *question_of(struct prb_sample *s)
{
	struct question *q = s->io;

	if (q)
		return q;
	q = calloc(1, sizeof *q);
	if (!q)
		return NULL;
	q->sample = s;
	q->fd = -1;
	s->io = q;
	return q;
}

static void dns_sample(struct prb_probe *p, struct prb_sample *s)
{
	struct question *q = question_of(s);
	uint16_t id;

	if (!q || getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id ||
	    dns_query(&p->spec->dns, id, q->query + 2, &q->query_size, NULL)) {
		p->host->answered(s, ORD_OUTCOME_LOCAL_ERROR, "no memory, or no random id");
		return;
	}
	q->query[0] = (unsigned char)(q->query_size >> 8);
	q->query[1] = (unsigned char)q->query_size;
	if (p->spec->dns.tcp)
		ask_tcp(q);
	else
		ask_udp(q);
}

static void dns_cancel(struct prb_probe *p, struct prb_sample *s)
{
	(void)p;
	if (s->io)
		let_go(s->io);
}

static void dns_drop(struct prb_probe *p, struct prb_sample *s)
{
	struct question *q = s->io;

	(void)p;
	free(q->answer);
	free(q);
	s->io = NULL;
}

static void dns_close(struct prb_probe *p)
{
	free(p->state);
	p->state = NULL;
}

const struct prb_kind prb_dns = {
	.name = "dns",
	.open = dns_open,
	.sample = dns_sample,
	.cancel = dns_cancel,
	.drop = dns_drop,
	.close = dns_close,
};
