/*
 * net.dns: name servers answer wrongly, late, or not at all.
 *
 * Answers are met in a packet queue on their way to who asked, and changed there in place: the
 * client's sockets, connections and resolv.conf stay as they are, and everything hangs on
 * descriptors of this process.
 */
#include "net_dns.h"

#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "engines/nft_can.h"
#include "engines/nft_read.h"

#define QUEUE_TRIES 16

const uint8_t net_dns_families[NET_DNS_FAMILIES] = {NFPROTO_IPV4, NFPROTO_IPV6};

static const int syscalls[] = {
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(getsockname),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(clock_gettime),
	-1,
};

/* ---- check ---- */

void net_dns_draw_queue(struct net_dns *s, uint16_t draw)
{
	s->queue.number = (uint16_t)(NET_DNS_QUEUE + draw % (UINT16_MAX - NET_DNS_QUEUE));
}

void net_dns_build(const struct inj_step *step, struct net_dns *s)
{
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++) {
		nft_batch_done(&s->batch[i]);
		dns_table_build(&s->batch[i],
				&(struct dns_table){
					.family = net_dns_families[i],
					.name = s->table,
					.comment = s->comment,
					.device = ord_arg_text(step->args, "device"),
					.clients = s->clients,
					.queue = s->queue.number,
					.xtables = s->xtables,
					.to = &ord_arg(step->args, "to")->eps,
					.exclude = &ord_arg(step->args, "exclude")->eps,
					.probe_from = s->probe[i].from_port,
					.probe_to = s->probe[i].to_port,
				});
	}
}

static int describe(const struct inj_step *step, const struct net_dns *s, json_t *undo,
		    json_t *report, struct ord_err *err)
{
	if (net_undo(undo, step, err) < 0 ||
	    json_object_set_new(report, "engine", json_string("queue")) < 0)
		return -1;
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++)
		if (net_undo_table(undo, net_dns_families[i], s->table, err) < 0 ||
		    net_tell(report, "objects", err,
			     "nftables table %s %s; the kernel removes it with the process",
			     i ? "ip6" : "ip", s->table) < 0)
			return -1;
	if (net_tell(report, "objects", err,
		     "a packet queue; the kernel removes it with the process, and packets pass") <
		    0 ||
	    net_tell(report, "notes", err,
		     "what is asked over TLS or HTTPS, or found in a cache, is not met") < 0)
		return -1;
	return 0;
}

static int prepare(struct inj_step *step, struct net_dns *s, struct ord_err *err)
{
	uint16_t draw;

	if (dns_init(&s->dns, step->seed, err) < 0 || net_dns_rule(step, &s->dns.rule, err) < 0)
		return -1;
	s->dns.ppm = (uint32_t)ord_arg_int(step->args, "percent");
	s->delay_ns = (uint64_t)ord_arg_int(step->args, "delay");
	/* In the order of list.def: local, forwarded, remote, all. */
	s->clients = (1u << ord_arg_int(step->args, "clients")) & 7u;
	if (!s->clients)
		s->clients = DNS_LOCAL | DNS_FORWARDED | DNS_REMOTE;
	s->held = calloc(NET_DNS_LATE, sizeof *s->held);
	s->buf = malloc(NET_DNS_BUF);
	s->reply = malloc(QUEUE_REPLY_MAX);
	if (!s->held || !s->buf || !s->reply)
		return ord_fail_nomem(err);
	if (getrandom(&draw, sizeof draw, 0) != (ssize_t)sizeof draw)
		return ord_fail_sys(err, "getrandom");
	net_first_in_line(false);
	if (s->clients & DNS_LOCAL)
		net_dns_probe_open(s);
	/* Descriptors go from the highest number down: the tables before the queue. */
	if (queue_open(&s->queue, err) < 0 || talk_open(&s->nft, NETLINK_NETFILTER, err) < 0 ||
	    nft_can_queue(&s->nft, &s->xtables, err) < 0)
		return -1;
	s->queue.whole = true;
	net_dns_draw_queue(s, draw);
	(void)snprintf(s->table, sizeof s->table, "ordeal-%s", step->lease);
	net_comment(step, s->comment);
	net_dns_build(step, s);
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++)
		if (nft_batch_end(&s->batch[i], err) < 0 ||
		    nft_make_room(&s->batch[i], &s->nft, err) < 0)
			return -1;
	return 0;
}

/* Would nearly nothing be found by its name any more? */
static bool severe(const struct inj_step *step, const struct dns_rule *r)
{
	return dns_rule_all(r) && ord_arg_int(step->args, "percent") >= 500000 &&
	       r->effect != DNS_DELAY && r->effect != DNS_TTL && r->effect != DNS_TRUNCATE;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct dns_rule rule = {0};
	struct net_dns *s;

	if (net_dns_rule(step, &rule, err) < 0 || net_enter(step, severe(step, &rule), err) < 0)
		return -1;
	s = calloc(1, sizeof *s);
	if (!s)
		return ord_fail_nomem(err);
	s->nft.fd = s->queue.fd = -1;
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++)
		s->probe[i].from = s->probe[i].to = -1;
	step->state = s;
	if (prepare(step, s, err) < 0)
		return -1;
	return describe(step, s, undo, report, err);
}

/* ---- inject ---- */

static int take_queue(const struct inj_step *step, struct net_dns *s, struct ord_err *err)
{
	bool taken = false;

	for (int i = 0; i < QUEUE_TRIES; i++) {
		if (queue_bind(&s->queue, s->queue.number, &taken, err) < 0)
			return -1;
		if (!taken)
			return 0;
		net_dns_draw_queue(s, (uint16_t)(s->queue.number * 7u + 13u));
		net_dns_build(step, s);
	}
	return ord_fail(err, ORD_SKIP,
			"no packet queue is free, or CAP_NET_ADMIN is missing in the target's "
			"network namespace");
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct net_dns *s = step->state;

	if (take_queue(step, s, err) < 0)
		return -1;
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++)
		if (nft_send(&s->batch[i], &s->nft, err) < 0)
			return -1;
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++)
		if (nft_prove(&s->nft, &s->batch[i], err) < 0)
			return -1;
	return net_dns_prove(s, err);
}

/* ---- hold ---- */

static unsigned wait_for(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	struct net_dns *s = step->state;

	const uint64_t due = dns_due(&s->dns);

	if (s->n_held && s->held[s->first].due_ns < *due_ns)
		*due_ns = s->held[s->first].due_ns;
	if (due < *due_ns)
		*due_ns = due;
	if (max)
		fds[0] = (struct pollfd){.fd = s->queue.fd, .events = POLLIN};
	return max > 0;
}

static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	(void)fds;
	(void)n;
	(void)ret_over;
	return net_dns_turn(step->state, false, err);
}

static void figures(struct inj_step *step, json_t *out)
{
	static const char *const effects[] = {
		[DNS_DELAY] = "delayed",     [DNS_NXDOMAIN] = "nxdomain",
		[DNS_SERVFAIL] = "servfail", [DNS_REFUSED] = "refused",
		[DNS_DROP] = "dropped",	     [DNS_ADDRESS] = "readdressed",
		[DNS_TTL] = "ttl_changed",   [DNS_TRUNCATE] = "truncated",
	};
	const struct net_dns *s = step->state;

	net_figure(out, "matched_packets", s->dns.packets);
	net_figure(out, "matched_bytes", s->dns.bytes);
	net_figure(out, "matched_answers", s->dns.meant);
	net_figure(out, effects[s->dns.rule.effect], s->dns.hit);
	net_figure(out, "over_tcp", s->dns.hit_tcp);
	net_figure(out, "seen_packets", s->dns.seen);
	net_figure(out, "unread", s->dns.unread);
	net_figure(out, "not_taken_back", s->refused);
	if (s->dns.rule.effect == DNS_DELAY) {
		net_figure(out, "late_p50_ns", late_quantile(&s->late, 500000));
		net_figure(out, "late_p99_ns", late_quantile(&s->late, 990000));
		net_figure(out, "late_max_ns", s->late.max_ns);
		net_figure(out, "dropped_limit", s->overflow);
	}
}

/* ---- end ---- */

static void close_all(struct net_dns *s)
{
	talk_close(&s->nft);
	queue_close(&s->queue);
	net_dns_probe_close(s);
}

/* Nothing new is taken, then everything goes on; removing a hook would drop what a queue holds.
 * Whatever fails: closing takes the effect away, and residue tells whether it did. */
static int end(struct inj_step *step, struct ord_err *err)
{
	struct net_dns *s = step->state;

	if (s->nft.fd < 0)
		return 0;
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++) {
		struct nft_batch b = {0};

		nft_in_table(&b, net_dns_families[i], s->table);
		nft_flush(&b, MATCH_HIT);
		(void)nft_send(&b, &s->nft, err);
		nft_batch_done(&b);
	}
	(void)net_dns_turn(s, true, err);
	close_all(s);
	return 0;
}

static void done(struct inj_step *step)
{
	struct net_dns *s = step->state;

	if (!s)
		return;
	close_all(s);
	dns_done(&s->dns);
	for (size_t i = 0; i < NET_DNS_FAMILIES; i++)
		nft_batch_done(&s->batch[i]);
	free(s->held);
	free(s->buf);
	free(s->reply);
	free(s);
	step->state = NULL;
}

const struct ord_injector inj_net_dns = {
	.name = "net.dns",
	.syscalls = syscalls,
	.revert_syscalls = net_residue_syscalls,
	.check = check,
	.inject = inject,
	.wait = wait_for,
	.wake = wake,
	.figures = figures,
	.end = end,
	.residue = net_residue,
	.validate = net_validate,
	.done = done,
	.available = net_dns_available,
};
