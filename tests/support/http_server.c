#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS 20000
#define REQUEST_MAX 2048

struct connection {
	size_t used;
	char buf[REQUEST_MAX];
};

static struct connection *connections[CONNECTIONS];

static void drop(int fd)
{
	free(connections[fd]);
	connections[fd] = NULL;
	(void)close(fd);
}

static void reset(int fd)
{
	struct linger hard = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	drop(fd);
}

static bool answer(int fd, int status, const char *header, const char *body, bool last)
{
	char text[1024];
	int n = snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s%s\r\n%s",
			 status, strlen(body), header, last ? "Connection: close\r\n" : "", body);

	return write(fd, text, (size_t)n) == n && !last;
}

/* Answers that are right, unusual or wrong on purpose, as they go out. */
static const struct {
	const char *path, *text;
	bool last; /* the server closes after it */
} raw[] = {
	{"/raw/chunked",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok\n\r\n0\r\n\r\n", false},
	{"/raw/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\n", true},
	{"/raw/continue",
	 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", false},
	{"/raw/old", "HTTP/1.0 200 OK\r\n\r\nok\n", true},
	{"/raw/until-closed", "HTTP/1.1 200 OK\r\n\r\nok\n", true},
	{"/raw/no-content", "HTTP/1.1 204 None\r\n\r\n", false},
	{"/raw/once", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", true},
	{"/raw/said-so", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n",
	 true},
	{"/raw/short", "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nok\n", true},
	{"/raw/excess", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\nmore", false},
	{"/raw/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
	{"/raw/twice", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nok\n",
	 false},
	{"/raw/disagree", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nok\n",
	 true},
	{"/raw/folded", "HTTP/1.1 200 OK\r\nX-State: a\r\n b\r\nContent-Length: 3\r\n\r\nok\n",
	 false},
	{"/raw/bare-lf", "HTTP/1.1 200 OK\nContent-Length: 3\n\nok\n", false},
	{"/raw/no-reason", "HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nok\n", false},
	{"/raw/half", "HTTP/1.1 200 OK\r\nContent-Le", true},
	{"/raw/garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", true},
	{"/raw/nothing", "", true},
	{"/raw/large", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok\n", true},
};

static ssize_t slowly(int fd, const char *text)
{
	for (; *text; text++) {
		if (write(fd, text, 1) != 1)
			return -1;
		(void)usleep(100);
	}
	return 0;
}

/* False: the connection is over. */
static bool serve_raw(int fd, const char *path)
{
	if (!strncmp(path, "/raw/slow", 9))
		return slowly(fd, "HTTP/1.1 200 OK\r\nX-State: leader\r\nContent-Length: "
				  "3\r\n\r\nok\n") == 0;
	for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
		if (!strncmp(path, raw[i].path, strlen(raw[i].path)) &&
		    path[strlen(raw[i].path)] == ' ') {
			size_t n = strlen(raw[i].text);

			return write(fd, raw[i].text, n) == (ssize_t)n && !raw[i].last;
		}
	return false;
}

/* One request. False: the connection is over and must be dropped. */
static bool serve(int fd, const char *request)
{
	const char *path = strchr(request, ' ');
	bool last = strcasestr(request, "\r\nConnection: close");

	if (!path)
		return false;
	path++;
	if (!strncmp(path, "/raw/", 5))
		return serve_raw(fd, path);
	if (!strncmp(path, "/status/", 8))
		return answer(fd, (int)strtol(path + 8, NULL, 10), "", "status\n", last);
	if (!strncmp(path, "/json", 5))
		return answer(fd, 200, "Content-Type: application/json\r\n",
			      "{\"a\":{\"b\":[1,{\"c\":\"up\"}]},\"n\":2.0,\"t\":true}", last);
	if (!strncmp(path, "/header", 7))
		return answer(fd, 200, "X-State: ready\r\nx-state: leader\r\n", "h\n", last);
	if (!strncmp(path, "/close", 6))
		return false;
	return answer(fd, 200, "", "ok\n", last);
}

static void readable(int fd)
{
	struct connection *c = connections[fd];
	ssize_t n = read(fd, c->buf + c->used, sizeof c->buf - 1 - c->used);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop(fd);
		return;
	}
	c->used += (size_t)n;
	c->buf[c->used] = '\0';
	if (!strstr(c->buf, "\r\n\r\n"))
		return;
	c->used = 0;
	if (strstr(c->buf, " /hang"))
		return;
	if (strstr(c->buf, " /reset"))
		reset(fd);
	else if (!serve(fd, c->buf))
		drop(fd);
}

static void accept_all(int epfd, int listener)
{
	const int one = 1;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (fd < CONNECTIONS && (connections[fd] = calloc(1, sizeof *connections[fd])))
			(void)epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
		else
			(void)close(fd);
	}
}

static void loop(int listener)
{
	struct epoll_event ev[64] = {{.events = EPOLLIN, .data.fd = listener}};
	struct rlimit lim;
	int epfd = epoll_create1(EPOLL_CLOEXEC), n;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)epoll_ctl(epfd, EPOLL_CTL_ADD, listener, ev);
	while ((n = epoll_wait(epfd, ev, 64, -1)) >= 0 || errno == EINTR)
		for (int i = 0; i < n; i++)
			if (ev[i].data.fd == listener)
				accept_all(epfd, listener);
			else
				readable(ev[i].data.fd);
}

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) < 0) {
		(void)close(fd);
		return -1;
	}
	*ret_port = ntohs(at.sin_port);
	return fd;
}

int http_server_start(struct http_server *ret)
{
	int listener = listen_somewhere(&ret->port);

	if (listener < 0)
		return -1;
	ret->pid = fork();
	if (ret->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		loop(listener);
		_exit(1);
	}
	(void)close(listener);
	return ret->pid < 0 ? -1 : 0;
}

void http_server_stop(struct http_server *s)
{
	if (s->pid <= 0)
		return;
	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

uint16_t http_free_port(void)
{
	uint16_t port = 0;
	int fd = listen_somewhere(&port);

	if (fd >= 0)
		(void)close(fd);
	return port;
}
