#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ordeal/endpoint.h"

static const char between[] = ", \t";
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

int ord_host_next(const char **at, char name[static ORD_HOST_NAME], char rest[static ORD_HOST_REST],
		  struct ord_err *err)
{
	const char *word = *at + strspn(*at, between);
	const size_t whole = strcspn(word, between), n = strspn(word, letters);
	char text[ORD_ENDPOINT_TEXT];
	struct ord_endpoint e;

	if (!whole)
		return 0;
	if (!n || n >= ORD_HOST_NAME || whole - n >= ORD_HOST_REST || n > whole ||
	    (n < whole && word[n] != ':' && word[n] != '/'))
		return ord_fail(
			err, ORD_USAGE,
			"'%.*s' is no host name; write NAME[:PORT[-PORT]][/tcp|udp|icmp], as "
			"in 'db.example.com:5432'",
			(int)(whole < 80 ? whole : 80), word);
	(void)snprintf(name, ORD_HOST_NAME, "%.*s", (int)n, word);
	(void)snprintf(rest, ORD_HOST_REST, "%.*s", (int)(whole - n), word + n);
	if (inet_pton(AF_INET, name, e.addr) == 1)
		return ord_fail(err, ORD_USAGE, "'%.60s' is an address: name it in 'to'", name);
	(void)snprintf(text, sizeof text, "192.0.2.1%s", rest);
	if (ord_endpoint_parse(text, &e, err))
		return ord_wrap(err, "'%.60s%s'", name, rest);
	*at = word + whole;
	return 1;
}
