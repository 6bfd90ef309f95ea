/* A host name, by this machine's resolver. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "scheduler/peers/module/peers.h"

int name_add(struct name *n, const char *address, struct ord_err *err)
{
	char text[ORD_ENDPOINT_TEXT];
	struct ord_endpoint e;
	size_t at = 0;
	int order = 1;

	(void)snprintf(text, sizeof text, strchr(address, ':') ? "[%s]%s" : "%s%s", address,
		       n->rest);
	if (ord_endpoint_parse(text, &e, err))
		return -1;
	while (at < n->n && (order = ord_endpoint_compare(&n->v[at], &e)) < 0)
		at++;
	if (at < n->n && !order)
		return 0;
	if (n->n == ORD_ENDPOINTS_MAX)
		return ord_fail(err, ORD_USAGE, "'%.100s' has more than %d addresses", n->name,
				ORD_ENDPOINTS_MAX);
	memmove(&n->v[at + 1], &n->v[at], (n->n - at) * sizeof e);
	n->v[at] = e;
	n->n++;
	return 0;
}

int name_look_up(struct name *n, struct ord_err *err)
{
	/* One entry an address, not one for each kind of socket. */
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all = NULL;
	char text[INET6_ADDRSTRLEN];
	int r = getaddrinfo(n->name, NULL, &hints, &all);

	if (r)
		return ord_fail(err, r == EAI_NONAME ? ORD_USAGE : ORD_SYS, "%s: '%.100s': %s",
				n->spared ? "exclude-hosts" : "hosts", n->name, gai_strerror(r));
	n->n = 0;
	for (const struct addrinfo *a = all; a && !r; a = a->ai_next)
		if ((a->ai_family == AF_INET || a->ai_family == AF_INET6) &&
		    !getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0,
				 NI_NUMERICHOST))
			r = name_add(n, text, err);
	freeaddrinfo(all);
	return r;
}
