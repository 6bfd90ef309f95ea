#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

int loop_open(struct loop *loop)
{
	loop->stop = false;
	loop->n_timers = 0;
	loop->n_batch = 0;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll_fd < 0 ? -1 : 0;
}

void loop_close(struct loop *loop)
{
	(void)close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

int loop_watch(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event);
}

void loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (watch->fd < 0)
		return;
	(void)close(watch->fd); /* the last descriptor of its file, so epoll forgets it too */
	watch->fd = -1;
	for (int i = 0; i < loop->n_batch; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
}

static void put(struct loop *loop, size_t i, struct timer *timer)
{
	loop->timers[i] = timer;
	timer->slot = i + 1;
}

static void sift_up(struct loop *loop, size_t i, struct timer *timer)
{
	while (i > 0 && loop->timers[(i - 1) / 2]->due_ns > timer->due_ns) {
		put(loop, i, loop->timers[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(loop, i, timer);
}

static void sift_down(struct loop *loop, size_t i, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < loop->n_timers &&
		    loop->timers[child + 1]->due_ns < loop->timers[child]->due_ns)
			child++;
		if (child >= loop->n_timers || loop->timers[child]->due_ns >= timer->due_ns)
			break;
		put(loop, i, loop->timers[child]);
		i = child;
	}
	put(loop, i, timer);
}

void timer_stop(struct loop *loop, struct timer *timer)
{
	size_t i = timer->slot;
	struct timer *last;

	if (i == 0)
		return;
	timer->slot = 0;
	last = loop->timers[--loop->n_timers];
	if (last == timer)
		return;
	i--;
	if (i > 0 && loop->timers[(i - 1) / 2]->due_ns > last->due_ns)
		sift_up(loop, i, last);
	else
		sift_down(loop, i, last);
}

void timer_set(struct loop *loop, struct timer *timer, uint64_t due_ns)
{
	timer_stop(loop, timer);
	assert(loop->n_timers < LOOP_TIMERS_MAX);
	timer->due_ns = due_ns;
	sift_up(loop, loop->n_timers++, timer);
}

static void fire_due(struct loop *loop)
{
	uint64_t now = now_ns();

	while (loop->n_timers > 0 && loop->timers[0]->due_ns <= now) {
		struct timer *timer = loop->timers[0];

		timer_stop(loop, timer);
		timer->fire(timer);
	}
}

/* epoll_wait has milliseconds only: round up, a timer is never early. */
static int wait_ms(const struct loop *loop)
{
	uint64_t now, ms;

	if (loop->n_timers == 0)
		return -1;
	now = now_ns();
	if (loop->timers[0]->due_ns <= now)
		return 0;
	ms = (loop->timers[0]->due_ns - now + MS - 1) / MS;
	return ms > 60000 ? 60000 : (int)ms;
}

int loop_run(struct loop *loop)
{
	while (!loop->stop) {
		loop->n_batch = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, wait_ms(loop));
		if (loop->n_batch < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < loop->n_batch; i++) {
			struct watch *watch = loop->batch[i].data.ptr;

			if (watch)
				watch->ready(watch, loop->batch[i].events);
		}
		loop->n_batch = 0;
		fire_due(loop);
	}
	return 0;
}
