#include "base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"

static int clear_path(const struct sockaddr_un *a, struct ord_err *err)
{
	ord_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(a->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return ord_fail(err, ORD_USAGE, "%s is there, and no socket", a->sun_path);
	if (fd < 0)
		return ord_fail_sys(err, "socket");
	/* Someone who is busy answers otherwise, and so does one who may not be spoken to. */
	if (!connect(fd, (const struct sockaddr *)a, sizeof *a) || errno != ECONNREFUSED)
		return ord_fail(err, ORD_USAGE, "someone listens on %s already", a->sun_path);
	if (unlink(a->sun_path) && errno != ENOENT)
		return ord_fail_sys(err, "unlink '%s'", a->sun_path);
	return 0;
}

int ord_listen_unix(const char *path, mode_t mode, int backlog, int *ret_fd, struct ord_err *err)
{
	ord_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	mode_t mask;
	int bound;

	if (snprintf(a.sun_path, sizeof a.sun_path, "%s", path) >= (int)sizeof a.sun_path)
		return ord_fail(err, ORD_USAGE, "a socket's path of more than %zu bytes: %s",
				sizeof a.sun_path - 1, path);
	if (clear_path(&a, err))
		return -1;
	if (fd < 0)
		return ord_fail_sys(err, "socket");
	mask = umask(~mode & 0777);
	bound = bind(fd, (const struct sockaddr *)&a, sizeof a);
	(void)umask(mask);
	if (bound)
		return ord_fail_sys(err, "listen on '%s'", path);
	if (listen(fd, backlog)) {
		(void)ord_fail_sys(err, "listen on '%s'", path);
		(void)unlink(path);
		return -1;
	}
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

static bool four_of(const char *host, in_port_t port, struct ord_address *ret)
{
	struct sockaddr_in *a = (struct sockaddr_in *)&ret->storage;

	if (inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &a->sin_addr) != 1)
		return false;
	a->sin_family = AF_INET;
	a->sin_port = port;
	ret->size = sizeof *a;
	ret->loopback = ntohl(a->sin_addr.s_addr) >> 24 == 127;
	return true;
}

static bool six_of(const char *host, in_port_t port, struct ord_address *ret)
{
	struct sockaddr_in6 *a = (struct sockaddr_in6 *)&ret->storage;

	if (inet_pton(AF_INET6, host, &a->sin6_addr) != 1)
		return false;
	a->sin6_family = AF_INET6;
	a->sin6_port = port;
	ret->size = sizeof *a;
	ret->loopback = IN6_IS_ADDR_LOOPBACK(&a->sin6_addr);
	return true;
}

int ord_address_parse(const char *text, struct ord_address *ret, struct ord_err *err)
{
	struct ord_address a = {0};
	const char *colon = strrchr(text, ':');
	char host[64] = "", *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
	bool bracketed;

	if (!colon || !port || port > 65535 || *end || colon - text >= (long)sizeof host)
		return ord_fail(
			err, ORD_USAGE,
			"'%s' is no address with a port; write it as in '127.0.0.1:9191' or "
			"'[::1]:9191'",
			text);
	bracketed = *text == '[' && colon - text > 2 && colon[-1] == ']';
	(void)snprintf(host, sizeof host, "%.*s", (int)(colon - text) - 2 * bracketed,
		       text + bracketed);
	if (!(bracketed ? six_of(host, htons((in_port_t)port), &a)
			: four_of(host, htons((in_port_t)port), &a)))
		return ord_fail(err, ORD_USAGE,
				"'%s' is no IP address with a port; names are not looked up", text);
	*ret = a;
	return 0;
}

int ord_listen_port(const struct ord_address *address, int backlog, int *ret_fd,
		    struct ord_err *err)
{
	ord_autoclose int fd =
		socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address->storage, address->size) ||
	    listen(fd, backlog))
		return ord_fail_sys(err, "listen");
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}
