/* The peers of one fault: from names to the parameters that an injector takes. */
#include "scheduler/peers/module/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
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
		if (r == 1 && p->names.n == NAMES_MAX)
			return ord_fail(err, ORD_USAGE, "%s: more than %d names", param, NAMES_MAX);
		if (r == 1)
			p->names.v[p->names.n++] = n;
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

static int compose(const struct ord_peers *p, const struct names *names, struct ord_args *ret,
		   struct ord_err *err)
{
	*ret = p->asked;
	ord_args_bare(ret, names->peer);
	for (size_t i = 0; i < names->n; i++)
		for (size_t j = 0; j < names->v[i].n; j++) {
			const struct name *n = &names->v[i];

			if (names->peer && !i ? add_ported(p, ret, &n->v[j], err)
					      : add(ret, n->spared, &n->v[j], err))
				return -1;
		}
	return 0;
}

/* ---- what people are told ---- */

void names_say(char told[static TOLD_MAX], const char *fmt, ...)
{
	const size_t n = strlen(told);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(told + n, TOLD_MAX - n, fmt, ap);
	va_end(ap);
}

void names_say_addresses(char told[static TOLD_MAX], const struct name *n)
{
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < n->n; i++)
		names_say(told, "%s%s", i ? ", " : "",
			  inet_ntop(n->v[i].family, n->v[i].addr, text, sizeof text) ? text : "?");
}

static void say_name(char told[static TOLD_MAX], const struct name *n)
{
	names_say(told, "%s%s%s is ", *told ? "; " : "", n->name, n->spared ? ", left alone," : "");
	names_say_addresses(told, n);
}

/* ---- the calls ---- */

int ord_peers_find(const struct ord_peers_ask *ask, struct ord_peers **ret, struct ord_err *err)
{
	ord_auto(peers) struct ord_peers *p = calloc(1, sizeof *p);
	struct names *names;

	if (!p)
		return ord_fail_nomem(err);
	names = &p->names;
	p->asked = *ask->args;
	names->peer = ask->peer->kind != ORD_TARGET_UNSET;
	names->n = names->peer;
	if (names->peer && peer_look_up(ask, &names->v[0], err))
		return -1;
	if (read_names(p, "hosts", false, err) || read_names(p, "exclude-hosts", true, err))
		return -1;
	for (size_t i = names->peer; i < names->n; i++)
		if (name_look_up(&names->v[i], err))
			return -1;
	for (size_t i = 0; i < names->n; i++)
		say_name(p->told, &names->v[i]);
	if (compose(p, names, &p->now, err))
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

int ord_peers_watch(struct ord_peers *p, int *ret_fd, struct ord_err *err)
{
	*ret_fd = -1;
	if (!ord_args_names(&p->asked, "resolve"))
		return 0;
	if (again_open(&p->names, (uint64_t)ord_arg_int(&p->asked, "resolve"), &p->again, err))
		return -1;
	*ret_fd = again_fd(p->again);
	return 0;
}

static bool differ(const struct ord_args *a, const struct ord_args *b, const char *param)
{
	const struct ord_endpoints *x = &ord_arg(a, param)->eps, *y = &ord_arg(b, param)->eps;

	return !ord_endpoints_same(x->v, x->n, y->v, y->n);
}

bool ord_peers_take(struct ord_peers *p)
{
	ord_autofree struct names *found = malloc(sizeof *found);
	ord_autofree struct ord_args *now = malloc(sizeof *now);
	struct ord_err err;

	*p->told = '\0';
	if (!found || !now || !again_take(p->again, found, p->told))
		return false;
	if (compose(p, found, now, &err)) {
		names_say(p->told, "; the last addresses are kept: %s", err.msg);
		return false;
	}
	p->names = *found;
	if (!differ(&p->now, now, "to") && !differ(&p->now, now, "exclude"))
		return false;
	p->now = *now;
	return true;
}

void ord_peers_close(struct ord_peers *p)
{
	if (p)
		again_close(p->again);
	free(p);
}
