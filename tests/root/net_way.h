/* Numbered UDP packets from one network namespace to another, and what arrives of them. */
#ifndef ORDEAL_TESTS_ROOT_NET_WAY_H
#define ORDEAL_TESTS_ROOT_NET_WAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define WAY_MAX 2000000 /* packets */

struct way {
	const char *sender, *receiver, *address; /* names in /run/netns */
	uint16_t port;
	size_t packets;
	uint64_t gap_ns;   /* between packets */
	uint32_t size;	   /* of a payload, all of it the packet's number; a multiple of 4 */
	uint32_t together; /* packets of one send (UDP_SEGMENT): one frame of as many */
	/* Stamps of arrival: the kernel's, before any queue of the receiver's, or this program's.
	 */
	bool ours;
	bool ahead;	      /* this program's threads come first (SCHED_FIFO), where they may */
	uint64_t patience_ns; /* after the last that came, unless all of `most` are there */
	size_t most;	      /* packets that can arrive; 0: as many as are sent */
	/* How often packet k is to arrive: so that no more are under way than there is room for.
	 * NULL: as many as are sent are. */
	uint32_t (*copies)(size_t k);
};

/* Filled by way_run(). Instants are of CLOCK_REALTIME. */
extern uint64_t way_sent_ns[WAY_MAX];
extern uint32_t way_order[2 * WAY_MAX];	  /* numbers as they came, */
extern uint64_t way_came_ns[2 * WAY_MAX]; /* and when */
extern atomic_size_t way_arrived;
extern struct sockaddr_storage way_to;

/* Ends the program, with what failed, where packets cannot be sent at all. */
void way_run(const struct way *w);
/* This thread has the CPU when it needs it, where it may. */
void way_come_first(void);
void way_must(bool ok, const char *what);
/* Into way_to; also its size. */
void way_address(const char *address, uint16_t port, socklen_t *ret_size);
/* A socket of another namespace, with much room. */
int way_socket_in(const char *netns, int family, int type, int protocol);
/* A device's index there. */
unsigned way_device_in(const char *netns, const char *device);
/* The kernel's stamp of what was received (SO_TIMESTAMPNS); now where there is none. */
uint64_t way_stamp(struct msghdr *m);

#endif
