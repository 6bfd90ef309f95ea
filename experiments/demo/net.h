/* Addresses and sockets. */
#ifndef DEMO_NET_H
#define DEMO_NET_H

#include <sys/socket.h>

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
	char text[128]; /* as given */
};

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080". 0, or -1 with *ret_why. */
int address_parse(const char *text, struct address *ret, const char **ret_why);
/* A listening socket, non-blocking. -1 with errno. */
int net_listen(const struct address *address);
/* A socket that is connecting, non-blocking. -1 with errno. */
int net_connect(const struct address *address);
/* The next connection, non-blocking and without Nagle's delay; -1 with errno when there is none. */
int net_accept(int listener);
/* What became of a non-blocking connect: 0 or an errno. */
int net_error(int fd);

#endif
