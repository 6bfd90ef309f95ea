/* The peers of one fault: from names to the parameters that an injector takes. */
#include "scheduler/peers/module/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

ORD_AUTO(peers, struct ord_peers, ord_peers_close);

/* ---- what is asked for ---- */

static int read_names(struct ord_peers *p, const char *param, bool spared, struct ord_err *err)
{
	const char *at;
	int r = 1;

	if (!ord_args_names(&p->asked, param))
		return 0;
	for (at = ord_arg_text(&p->asked, param); r == 1;) {
		struct name n = {.spared = spared};

		r = ord_host_next(&at, n.name, n.rest, err);
		if (r == 1 && p->n == NAMES_MAX)
			return ord_fail(err, ORD_USAGE, "%s: more than %d names", param, NAMES_MAX);
		if (r == 1)
			p->names[p->n++] = n;
	}
	return r ? ord_wrap(err, "%s", param) : 0;
}

/* ---- what an injector takes ---- */

static int add(struct ord_args *args, bool spared, const struct ord_endpoint *e,
	       struct ord_err *err)
{
	char text[ORD_ENDPOINT_TEXT];

	return ord_args_set(args, spared ? "exclude" : "to", ord_endpoint_format(e, text), err);
}

/* An address with each of the ports that `to` names, or with all. */
static int add_ported(const struct ord_peers *p, struct ord_args *args,
		      const struct ord_endpoint *e, struct ord_err *err)
{
	const struct ord_endpoints *to = &ord_arg(&p->asked, "to")->eps;

	if (!to->n)
		return add(args, false, e, err);
	for (size_t i = 0; i < to->n; i++) {
		struct ord_endpoint one = *e;

		one.proto = to->v[i].proto;
		one.port_lo = to->v[i].port_lo;
		one.port_hi = to->v[i].port_hi;
		if (add(args, false, &one, err))
			return -1;
	}
	return 0;
}

static int compose(const struct ord_peers *p, struct ord_args *ret, struct ord_err *err)
{
	*ret = p->asked;
	ord_args_bare(ret, p->peer);
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = 0; j < p->names[i].n; j++)
			if (p->peer && !i ? add_ported(p, ret, &p->names[i].v[j], err)
					  : add(ret, p->names[i].spared, &p->names[i].v[j], err))
				return -1;
	return 0;
}

/* ---- what people are told ---- */

/* Adds to a text that may be full. */
static void say(struct ord_peers *p, const char *text)
{
	const size_t n = strlen(p->told);

	(void)snprintf(p->told + n, sizeof p->told - n, "%s", text);
}

static void say_name(struct ord_peers *p, const struct name *n)
{
	char text[INET6_ADDRSTRLEN];

	say(p, *p->told ? "; " : "");
	say(p, n->name);
	say(p, n->spared ? ", left alone, is " : " is ");
	for (size_t i = 0; i < n->n; i++) {
		say(p, i ? ", " : "");
		say(p, inet_ntop(n->v[i].family, n->v[i].addr, text, sizeof text) ? text : "?");
	}
}

/* ---- the calls ---- */

int ord_peers_find(const struct ord_peers_ask *ask, struct ord_peers **ret, struct ord_err *err)
{
	ord_auto(peers) struct ord_peers *p = calloc(1, sizeof *p);

	if (!p)
		return ord_fail_nomem(err);
	p->asked = *ask->args;
	p->peer = ask->peer->kind != ORD_TARGET_UNSET;
	p->n = p->peer;
	if (p->peer && peer_look_up(ask, &p->names[0], err))
		return -1;
	if (read_names(p, "hosts", false, err) || read_names(p, "exclude-hosts", true, err))
		return -1;
	for (size_t i = p->peer; i < p->n; i++)
		if (name_look_up(&p->names[i], err))
			return -1;
	for (size_t i = 0; i < p->n; i++)
		say_name(p, &p->names[i]);
	if (compose(p, &p->now, err))
		return -1;
	*ret = ord_steal_ptr(p);
	return 0;
}

const struct ord_args *ord_peers_args(const struct ord_peers *p)
{
	return &p->now;
}

const char *ord_peers_told(const struct ord_peers *p)
{
	return p->told;
}

void ord_peers_close(struct ord_peers *p)
{
	free(p);
}
