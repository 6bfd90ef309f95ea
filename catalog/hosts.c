#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/fault.h"

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

static struct ord_value *value_of(struct ord_args *args, const char *name)
{
	for (size_t i = 0; i < args->fault->n_params; i++)
		if (!strcmp(args->fault->params[i].name, name))
			return &args->v[i];
	return NULL;
}

bool ord_args_names(const struct ord_args *args, const char *param)
{
	for (size_t i = 0; i < args->fault->n_params; i++)
		if (!strcmp(args->fault->params[i].name, param))
			return args->v[i].set;
	return false;
}

void ord_args_put(struct ord_args *args, const char *param, const struct ord_endpoints *eps)
{
	struct ord_value *v = value_of(args, param);

	assert(v);
	v->eps = *eps;
	v->set = eps->n > 0;
}

bool ord_fault_takes_peer(const struct ord_fault *fault)
{
	for (size_t i = 0; i < fault->n_params; i++)
		if (!strcmp(fault->params[i].name, "hosts"))
			return true;
	return false;
}

int ord_args_peer(struct ord_args *args, bool directed, struct ord_err *err)
{
	const struct ord_value *to;
	char text[ORD_ENDPOINT_TEXT];

	if (!ord_fault_takes_peer(args->fault))
		return ord_fail(err, ORD_USAGE, "%s has no peers that it could be limited to",
				args->fault->name);
	to = value_of(args, "to");
	for (size_t i = 0; i < to->eps.n; i++)
		if (to->eps.v[i].family != AF_UNSPEC)
			return ord_fail(err, ORD_USAGE,
					"to: the addresses are the peer's; '%s' may name a port "
					"and a protocol alone, as in ':5432/tcp'",
					ord_endpoint_format(&to->eps.v[i], text));
	/* By the sender's control group only what leaves can be told. */
	if (directed || ord_args_names(args, "cgroup") ||
	    strcmp(args->fault->name, "net.partition") != 0)
		return 0;
	return ord_args_set(args, "direction", "both", err);
}

void ord_args_bare(struct ord_args *args, bool peer)
{
	static const char *const names[] = {"hosts", "exclude-hosts", "resolve"};

	for (size_t i = 0; i < ORD_COUNT(names); i++) {
		struct ord_value *v = value_of(args, names[i]);

		if (v)
			v->set = false;
	}
	if (peer) {
		struct ord_value *to = value_of(args, "to");

		to->set = false;
		to->eps.n = 0;
	}
}
