/*
 * Work that a disk may take its time for: on one thread beside the loop, one after the other. It
 * touches what it is handed and nothing else; what is shared stays with the loop.
 */
#ifndef ORDEAL_SERVE_API_ASIDE_H
#define ORDEAL_SERVE_API_ASIDE_H

#include <stdbool.h>

#include "ordeal/err.h"

#define API_ASIDE_MAX 64 /* that wait */

struct api_aside;
struct sd_event;

struct api_work {
	struct api_work *next;
	void (*work)(struct api_work *w); /* in the thread */
	void (*done)(struct api_work *w); /* in the loop, once: it may be handed in again there */
	bool dropped;			  /* it was not done: the daemon ends */
};

int api_aside_open(struct sd_event *loop, struct api_aside **ret, struct ord_err *err);
/* Waits for what is at work; the rest is dropped. NULL is fine. */
void api_aside_close(struct api_aside *a);
/* False: too much waits already, and nothing was taken. */
bool api_aside_do(struct api_aside *a, struct api_work *w);

#endif
