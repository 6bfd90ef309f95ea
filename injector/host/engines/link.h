/* The devices of a network namespace: which there are, and which of them a fault has to be at. */
#ifndef ORDEAL_ENGINES_LINK_H
#define ORDEAL_ENGINES_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "talk.h"

#define LINKS_MAX 16 /* devices of one fault */

struct link {
	int index;
	char name[IFNAMSIZ];
	char kind[16];	     /* "veth", "bridge", "" for most hardware */
	unsigned flags;	     /* IFF_* */
	unsigned short type; /* ARPHRD_* */
	int master;	     /* index of the bridge or bond that it is a port of, 0 if none */
	int lower;	     /* index of the device of this namespace that it sits on, 0 if none */
	bool loopback;
	bool xdp_generic;     /* a program of XDP that runs after the driver */
	uint32_t mtu;	      /* bytes, without the header of the link */
	uint32_t ups;	      /* how often it has got a carrier; 0 where the kernel does not tell */
	unsigned char mac[6]; /* zero where it has none of that size */
};

struct links {
	size_t n;
	struct link v[LINKS_MAX];
	size_t n_left_out;
	char left_out[256]; /* names and why, for a note; cut where too long */
};

/*
 * Where the packets are met. At the bottom, the devices themselves: a bridge, a bond, a VLAN is
 * left out, its ports and lower devices are in. At the top, where the host sends and receives:
 * ports are left out.
 */
enum link_side { LINKS_BOTTOM, LINKS_TOP };

/*
 * device: just this one; else every device that is up, so that each packet is met once (tunnels are
 * left out where there is no filter: their packets pass again), and loopback where a filter names
 * peers. ORD_USAGE where the device is not there or is down, or more than LINKS_MAX are up;
 * ORD_SKIP where none is.
 */
int links_choose(struct nl_talk *t, enum link_side side, const char *device, bool filtered,
		 struct links *ret, struct ord_err *err);

/* One device by its name, or by its index; false in *ret_found where there is none. */
int link_find(struct nl_talk *t, const char *name, bool *ret_found, struct link *ret,
	      struct ord_err *err);
int link_find_index(struct nl_talk *t, int index, bool *ret_found, struct link *ret,
		    struct ord_err *err);

/* All of them, owned. */
int links_all(struct nl_talk *t, struct link **ret, size_t *ret_n, struct ord_err *err);

/* A question for one device, or a change of its flags: messages that can be made beforehand. NULL:
 * out of memory. */
struct nl_msg *link_question(int index);
struct nl_msg *link_change(int index, unsigned flags, unsigned change);
/* As link_find_index, with such a question. */
int link_ask(struct nl_talk *t, struct nl_msg *question, bool *ret_found, struct link *ret,
	     struct ord_err *err);

#endif
