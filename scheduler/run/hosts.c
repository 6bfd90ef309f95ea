/*
 * Host names of a network fault. They are looked up on this side, by this machine's resolver, since
 * no parser of answers belongs into the half with privileges; it gets addresses.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "ordeal/run.h"

/* Adds to a text that may be full. */
static void say(char *told, size_t size, const char *what, const char *more)
{
	const size_t n = strlen(told);

	(void)snprintf(told + n, size - n, "%s%s", what, more);
}

static int peer_add(struct ord_args *args, const struct addrinfo *a, const char *rest, char *told,
		    struct ord_err *err)
{
	const bool six = a->ai_family == AF_INET6;
	const void *addr =
		six ? (const void *)&((const struct sockaddr_in6 *)(const void *)a->ai_addr)
				->sin6_addr
		    : &((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;
	char text[INET6_ADDRSTRLEN], endpoint[ORD_ENDPOINT_TEXT];

	(void)inet_ntop(a->ai_family, addr, text, sizeof text);
	(void)snprintf(endpoint, sizeof endpoint, six ? "[%s]%s" : "%s%s", text, rest);
	say(told, ORD_HOSTS_TOLD, *told && told[strlen(told) - 1] != ' ' ? ", " : "", text);
	return ord_args_set(args, "to", endpoint, err);
}

static int look_up(struct ord_args *args, const char *name, const char *rest, char *told,
		   struct ord_err *err)
{
	/* One entry an address, not one for each kind of socket. */
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all = NULL;
	int r = getaddrinfo(name, NULL, &hints, &all);

	if (r)
		return ord_fail(err, r == EAI_NONAME ? ORD_USAGE : ORD_SYS, "hosts: '%.100s': %s",
				name, gai_strerror(r));
	say(told, ORD_HOSTS_TOLD, *told ? "; " : "", name);
	say(told, ORD_HOSTS_TOLD, " is ", "");
	for (const struct addrinfo *a = all; a && !r; a = a->ai_next)
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			r = peer_add(args, a, rest, told, err);
	freeaddrinfo(all);
	return r;
}

int ord_run_hosts(struct ord_args *args, char told[static ORD_HOSTS_TOLD], struct ord_err *err)
{
	char name[ORD_HOST_NAME], rest[ORD_HOST_REST], names[ORD_ARG_TEXT];
	const struct ord_fault *fault = args->fault;
	const char *at = names;
	size_t i = 0;
	int r = 1;

	told[0] = '\0';
	while (i < fault->n_params && strcmp(fault->params[i].name, "hosts"))
		i++;
	if (i == fault->n_params || !args->v[i].set)
		return 0;
	(void)snprintf(names, sizeof names, "%s", ord_arg_text(args, "hosts"));
	while (r == 1) {
		r = ord_host_next(&at, name, rest, err);
		if (r == 1 && look_up(args, name, rest, told, err))
			return -1;
	}
	args->v[i].set = false; /* who injects it takes addresses alone */
	return r;
}
