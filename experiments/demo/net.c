#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

int address_parse(const char *text, struct address *ret, const char **ret_why)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
					      .ai_flags = AI_NUMERICSERV};
	char host[sizeof ret->text];
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	struct addrinfo *found;
	int rc;

	*ret_why = "expected HOST:PORT";
	if (len == 0 || len >= sizeof host || strlen(text) >= sizeof ret->text)
		return -1;
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc) {
		*ret_why = gai_strerror(rc);
		return -1;
	}
	memset(ret, 0, sizeof *ret);
	memcpy(&ret->sa, found->ai_addr, found->ai_addrlen);
	ret->len = found->ai_addrlen;
	(void)snprintf(ret->text, sizeof ret->text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
		       colon + 1);
	freeaddrinfo(found);
	return 0;
}

static int open_socket(const struct address *address)
{
	static const int on = 1;
	int fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static int close_with_errno(int fd)
{
	int saved = errno;

	(void)close(fd);
	errno = saved;
	return -1;
}

int net_listen(const struct address *address)
{
	static const int on = 1;
	int fd = open_socket(address);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	/* 127.0.0.1 and [::1], or 0.0.0.0 and [::], may be given side by side. */
	if (address->sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&address->sa, address->len) || listen(fd, BACKLOG))
		return close_with_errno(fd);
	return fd;
}

int net_connect(const struct address *address)
{
	int fd = open_socket(address);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address->sa, address->len) &&
	    errno != EINPROGRESS)
		return close_with_errno(fd);
	return fd;
}

int net_accept(int listener)
{
	static const int on = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

int net_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) ? errno : error;
}
