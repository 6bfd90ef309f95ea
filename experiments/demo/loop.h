/* One thread, one epoll, one heap of timers. Nothing here allocates. */
#ifndef DEMO_LOOP_H
#define DEMO_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOOP_TIMERS_MAX 8192
#define LOOP_BATCH	64

struct watch {
	int fd; /* owned while watched */
	void (*ready)(struct watch *watch, uint32_t events);
};

struct timer {
	uint64_t due_ns;
	size_t slot; /* 1 + index in the heap; 0: not set */
	void (*fire)(struct timer *timer);
};

struct loop {
	int epoll_fd;
	bool stop;
	size_t n_timers;
	struct timer *timers[LOOP_TIMERS_MAX];
	int n_batch;
	struct epoll_event batch[LOOP_BATCH];
};

/* 0, or -1 with errno. */
int loop_open(struct loop *loop);
void loop_close(struct loop *loop);
/* Runs until loop->stop. */
int loop_run(struct loop *loop);

int loop_watch(struct loop *loop, struct watch *watch, uint32_t events);
void loop_change(struct loop *loop, struct watch *watch, uint32_t events);
/* Ends the watch, closes its descriptor, and drops what this round still had for it. Fine when
 * already ended (-1). */
void loop_unwatch(struct loop *loop, struct watch *watch);

/* Sets or moves a timer. */
void timer_set(struct loop *loop, struct timer *timer, uint64_t due_ns);
void timer_stop(struct loop *loop, struct timer *timer);

#endif
