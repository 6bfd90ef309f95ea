/*
 * Netlink, as little as nftables and links need: messages are built with libnl's attribute calls,
 * sent and answered on a plain socket, so that a holder needs two system calls a question and
 * nothing that a seccomp filter must forgive.
 */
#ifndef ORDEAL_ENGINES_TALK_H
#define ORDEAL_ENGINES_TALK_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "ordeal/err.h"

struct nl_talk {
	int fd; /* -1: closed */
	uint32_t seq;
	bool torn; /* what the last dump listed changed meanwhile: something may be missing */
	size_t room;
	uint8_t *answer; /* room bytes; the kernel never sends more than 32 KiB at once */
};

ORD_AUTO(msg, struct nl_msg, nlmsg_free);

/* Opens the protocol (NETLINK_ROUTE, NETLINK_NETFILTER) in the network namespace of the caller. */
int talk_open(struct nl_talk *t, int protocol, struct ord_err *err);
/* Fine on a zeroed struct and on one that was closed. */
void talk_close(struct nl_talk *t);

/* The address of the socket, once something was sent; 0 before. */
uint32_t talk_port(const struct nl_talk *t);

/* Called for each message of an answer; -1 ends the conversation with the error that it raised. */
typedef int talk_each(void *arg, struct nlmsghdr *h, struct ord_err *err);

/*
 * Sends one message and reads until its acknowledgement or the end of its dump. NLM_F_ACK is added
 * where it is no dump. each may be NULL. An error of the kernel is ORD_SYS with its errno, and with
 * its own words where it has any.
 */
int talk_ask(struct nl_talk *t, struct nl_msg *msg, talk_each *each, void *arg,
	     struct ord_err *err);

/* Forgets what `each` was told. */
typedef void talk_anew(void *arg);
/*
 * A dump that is whole: one during which others changed what it lists (NLM_F_DUMP_INTR) is begun
 * anew, after anew(arg). ORD_SYS where that goes on and on.
 */
int talk_dump(struct nl_talk *t, struct nl_msg *msg, talk_each *each, talk_anew *anew, void *arg,
	      struct ord_err *err);

/* A message of nfnetlink (subsystem << 8 | type) with its family header; NULL: out of memory. */
struct nl_msg *talk_nf_msg(struct nl_talk *t, int type, uint8_t family, uint16_t res_id, int flags);

/* The errno of an NLMSG_ERROR message, 0 for an acknowledgement; *ret_text gets the kernel's words
 * or NULL. */
int talk_errno(struct nlmsghdr *h, const char **ret_text);

#endif
