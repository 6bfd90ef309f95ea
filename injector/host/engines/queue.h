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
	bool whole; /* set before bind: packets are copied whole, and none is longer than its
		       device takes */
};

/* Opens the socket in the network namespace of the caller. */
int queue_open(struct queue *q, struct ord_err *err);
/*
 * Takes the number. *ret_taken is true (and the result 0) where somebody else has it. ORD_SKIP
 * where the kernel has no queues.
 */
int queue_bind(struct queue *q, uint16_t number, bool *ret_taken, struct ord_err *err);
void queue_close(struct queue *q);

/* For each packet that has arrived: its number and length. At most one read; 1 read, 0 nothing
 * there, -1 failed. */
typedef void queue_each(void *arg, uint32_t id, uint32_t len);
int queue_read(struct queue *q, uint8_t *buf, size_t size, queue_each *each, void *arg);

/* The same of a queue that copies packets whole. The bytes may be changed until each returns; NULL:
 * they are not all there. */
typedef void queue_each_whole(void *arg, uint32_t id, uint8_t *packet, uint32_t len);
int queue_read_whole(struct queue *q, uint8_t *buf, size_t size, queue_each_whole *each, void *arg);

#define QUEUE_REPLY_MAX (65536 + 64)
/* It goes on with these bytes in place of its own; buf is room of QUEUE_REPLY_MAX. */
int queue_replace(const struct queue *q, uint32_t id, const uint8_t *packet, uint32_t len,
		  uint8_t *buf);

/* upto: this packet and all before it. */
int queue_verdict(const struct queue *q, uint32_t id, bool accept, bool upto);

#endif
