/*
 * A packet queue of netfilter: the packets stay in the kernel whole (no segmentation, no copy but
 * 24 bytes), we hold their numbers and say when each goes on. When the socket closes, the rules'
 * bypass lets everything pass.
 */
#ifndef ORDEAL_ENGINES_QUEUE_H
#define ORDEAL_ENGINES_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct queue {
	int fd; /* -1: closed */
	uint16_t number;
	/* Set before it is bound. */
	bool by_packet; /* the kernel takes GSO frames apart, and completes checksums */
	bool whole;	/* as by_packet, and their bytes are wanted: up to 65,531 of each */
};

/* One packet that waits; its bytes may be changed, and are gone with the next read. */
struct queued {
	uint32_t id;
	uint32_t len;  /* bytes from the IP header on */
	uint32_t held; /* bytes of it that are here: never more than len */
	uint8_t *data;
};

/* Opens the socket in the network namespace of the caller. */
int queue_open(struct queue *q, struct ord_err *err);
/*
 * Takes the number. *ret_taken is true (and the result 0) where somebody else has it. ORD_SKIP
 * where the kernel has no queues.
 */
int queue_bind(struct queue *q, uint16_t number, bool *ret_taken, struct ord_err *err);
void queue_close(struct queue *q);

/* For each packet that has arrived. At most one read; 1 read, 0 nothing there, -1 failed. */
typedef void queue_each(void *arg, const struct queued *q);
int queue_read(struct queue *q, uint8_t *buf, size_t size, queue_each *each, void *arg);

#define QUEUE_REPLY_MAX (65536 + 64)
/* It goes on with these bytes in place of its own; buf is room of QUEUE_REPLY_MAX. */
int queue_replace(const struct queue *q, uint32_t id, const uint8_t *packet, uint32_t len,
		  uint8_t *buf);

/* upto: this packet and all before it. */
int queue_verdict(const struct queue *q, uint32_t id, bool accept, bool upto);

#endif
