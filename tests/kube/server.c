#include "tests/kube/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"

#define CONNECTIONS_MAX 500

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

bool bad_send(const struct bad_request *r, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = send(r->fd, at, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

bool bad_say(const struct bad_request *r, const char *text)
{
	return bad_send(r, text, strlen(text));
}

bool bad_answer(const struct bad_request *r, int status, const char *headers, const char *body)
{
	char head[512];

	(void)snprintf(head, sizeof head,
		       "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: "
		       "%zu\r\n%s\r\n",
		       status, strlen(body), headers);
	return bad_say(r, head) && bad_say(r, body);
}

bool bad_status(const struct bad_request *r, int status, const char *headers, const char *reason,
		const char *message)
{
	char body[1024];

	(void)snprintf(body, sizeof body,
		       "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
		       "\"Failure\",\"message\":\"%s\",\"reason\":\"%s\",\"code\":%d}",
		       message, reason, status);
	return bad_answer(r, status, headers, body);
}

/* One piece of a body of unknown length (RFC 9112, 7.1). */
static void chunk_of(const char *text, char *out, size_t size)
{
	*out = '\0';
	if (*text)
		(void)snprintf(out, size, "%zx\r\n%s\r\n", strlen(text), text);
}

bool bad_stream(const struct bad_request *r, const char *first)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	char text[10000];

	memcpy(text, head, sizeof head);
	chunk_of(first, text + sizeof head - 1, sizeof text - sizeof head);
	return bad_say(r, text);
}

bool bad_chunk(const struct bad_request *r, const char *text)
{
	char chunk[10000];

	chunk_of(text, chunk, sizeof chunk);
	return bad_say(r, chunk);
}

bool bad_reset(const struct bad_request *r)
{
	const struct linger hard = {.l_onoff = 1};

	(void)setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	return false;
}

void bad_wait_ms(unsigned ms)
{
	(void)poll(NULL, 0, (int)ms);
}

/* A request's end: its header, and as much body as it says. */
static char *read_request(int fd, char *buf, size_t size, size_t *used)
{
	for (;;) {
		char *end = *used ? strstr(buf, "\r\n\r\n") : NULL;
		const char *length = end ? strcasestr(buf, "\r\nContent-Length:") : NULL;
		size_t want = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
		ssize_t n;

		if (end && *used - (size_t)(end + 4 - buf) >= want)
			return end + 4;
		n = *used + 1 < size ? read(fd, buf + *used, size - 1 - *used) : 0;
		if (n <= 0)
			return NULL;
		*used += (size_t)n;
		buf[*used] = '\0';
	}
}

static void note(struct bad_request *r, const char *buf)
{
	const char *auth = strcasestr(buf, "\r\nAuthorization:");
	struct bad_shared *s = r->shared;

	(void)sscanf(buf, "%7s %4095s", r->method, r->path);
	r->n = atomic_fetch_add(&s->hits, 1);
	if (r->n < ORD_COUNT(s->paths))
		(void)snprintf(s->paths[r->n], sizeof s->paths[0], "%s %.500s", r->method, r->path);
	if (auth)
		(void)sscanf(auth + 16, " %127[^\r]", s->authorization);
}

static void converse(int fd, bad_serve *serve, struct bad_shared *shared)
{
	static char buf[1 << 20];

	for (;;) {
		struct bad_request r = {.fd = fd, .shared = shared};
		size_t used = 0;

		buf[0] = '\0';
		r.body = read_request(fd, buf, sizeof buf, &used);
		if (!r.body)
			break;
		note(&r, buf);
		if (!serve(&r))
			break;
	}
	(void)close(fd);
}

static void accept_all(int listener, bad_serve *serve, struct bad_shared *shared)
{
	const int one = 1;
	int fd;

	(void)signal(SIGCHLD, SIG_IGN);
	for (unsigned n = 0; n < CONNECTIONS_MAX; n++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			break;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)close(listener);
			converse(fd, serve, shared);
			_exit(0);
		}
		(void)close(fd);
	}
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	(void)close(fd);
}

void bad_server_user(struct bad_server *s, const char *user, uint16_t port)
{
	char text[512], next[80];

	(void)snprintf(text, sizeof text,
		       "apiVersion: v1\nkind: Config\nclusters:\n- name: bad\n  cluster: {server: "
		       "\"http://127.0.0.1:%u\"}\nusers:\n- name: u\n  user: {%s}\n"
		       "contexts:\n- name: bad\n  context: {cluster: bad, user: u}\n",
		       port ? port : s->port, user);
	(void)snprintf(next, sizeof next, "%s.next", s->kubeconfig);
	write_file(next, text);
	must(!rename(next, s->kubeconfig), "rename");
}

static void write_config(struct bad_server *s)
{
	char user[96];

	(void)snprintf(s->kubeconfig, sizeof s->kubeconfig, "/tmp/ordeal-kube.%d.conf", getpid());
	(void)snprintf(s->token, sizeof s->token, "/tmp/ordeal-kube.%d.token", getpid());
	write_file(s->token, "first-secret\n");
	(void)snprintf(user, sizeof user, "tokenFile: %s", s->token);
	bad_server_user(s, user, 0);
}

void bad_server_start(struct bad_server *s, bad_serve *serve)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t parent = getpid();
	socklen_t n = sizeof at;

	memset(s, 0, sizeof *s);
	must(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof at) && !listen(fd, 64) &&
		     !getsockname(fd, (struct sockaddr *)&at, &n),
	     "listen");
	s->port = ntohs(at.sin_port);
	s->shared = mmap(NULL, sizeof *s->shared, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(s->shared != MAP_FAILED, "mmap");
	s->pid = fork();
	must(s->pid >= 0, "fork");
	if (s->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			accept_all(fd, serve, s->shared);
		_exit(0);
	}
	(void)close(fd);
	write_config(s);
}

struct kube *bad_server_client(struct bad_server *s, struct kube_config **ret_config)
{
	struct ord_err err = {.msg = ""};
	struct kube *k;

	must(!setenv("KUBECONFIG", s->kubeconfig, 1), "setenv");
	if (kube_config_load("bad", ret_config, &err) || kube_open(*ret_config, &k, &err)) {
		(void)fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	return k;
}

void bad_server_rotate(struct bad_server *s)
{
	char token[32], next[80];

	(void)snprintf(token, sizeof token, "secret-%u\n", ++s->rotated);
	(void)snprintf(next, sizeof next, "%s.next", s->token);
	write_file(next, token);
	must(!rename(next, s->token), "rename");
}

void bad_server_stop(struct bad_server *s)
{
	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	(void)munmap(s->shared, sizeof *s->shared);
	(void)unlink(s->kubeconfig);
	(void)unlink(s->token);
}
