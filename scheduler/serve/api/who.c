#include "scheduler/serve/api/who.h"

#include <string.h>
#include <strings.h>

#include <arpa/inet.h>

#include "base/auto.h"

static const char *const roles[] = {
	[API_NONE] = "none",
	[API_VIEWER] = "viewer",
	[API_RESPONDER] = "responder",
	[API_OPERATOR] = "operator",
};

const char *api_role_name(enum api_role role)
{
	return roles[role];
}

bool api_role_parse(const char *name, enum api_role *ret)
{
	for (enum api_role r = API_VIEWER; r <= API_OPERATOR; r++)
		if (!strcmp(name, roles[r])) {
			*ret = r;
			return true;
		}
	return false;
}

/* The name or address of "name:port", "[::1]:80"; false where it is neither. */
static bool host_of(const char *host, char *out, size_t size, bool *ret_six)
{
	size_t n = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");
	const char *begin = host + (*host == '['), *port = host + n;

	*ret_six = *host == '[';
	if (*ret_six && *port++ != ']')
		return false;
	n -= *ret_six;
	if (!n || n >= size ||
	    (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")])))
		return false;
	memcpy(out, begin, n);
	out[n] = '\0';
	return true;
}

bool api_host_good(const char *host, char *const *names, size_t n)
{
	unsigned char address[16];
	char name[254];
	bool six;

	if (!host || !host_of(host, name, sizeof name, &six))
		return false;
	if (inet_pton(six ? AF_INET6 : AF_INET, name, address) == 1)
		return true;
	if (six)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(name, names[i]))
			return true;
	return !strcasecmp(name, "localhost");
}

bool api_origin_good(const char *origin, const char *host, bool tls)
{
	const char *scheme = tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	return !strncmp(origin, scheme, n) && !strcasecmp(origin + n, host);
}
