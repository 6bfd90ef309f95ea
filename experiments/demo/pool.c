#include "pool.h"

#include <string.h>

#include "util.h"

#define ANSWER_MAX (64 * 1024)

static void queue_add(struct pool *pool, struct call *call)
{
	call->waiting = true;
	call->next = NULL;
	call->prev = pool->tail;
	if (pool->tail)
		pool->tail->next = call;
	else
		pool->head = call;
	pool->tail = call;
	pool->n_waiting++;
}

static void queue_remove(struct pool *pool, struct call *call)
{
	call->waiting = false;
	if (call->prev)
		call->prev->next = call->next;
	else
		pool->head = call->next;
	if (call->next)
		call->next->prev = call->prev;
	else
		pool->tail = call->prev;
	pool->n_waiting--;
}

/* Takes the call off its connection, which is then idle. */
static struct call *link_release(struct link *link)
{
	struct call *call = link->call;

	call->link = NULL;
	link->call = NULL;
	link->pool->n_busy--;
	link->pool->n_idle++;
	return call;
}

/* The link must carry no call. */
static void link_close(struct link *link)
{
	loop_unwatch(link->pool->loop, &link->watch);
	link->in.len = 0;
	link->pool->n_idle--;
}

static void finish(struct call *call, enum call_result result, const char *line, size_t len)
{
	struct pool *pool = call->pool;

	timer_stop(pool->loop, &call->timer);
	call->pool = NULL;
	pool->results[result]++;
	call->done(call, result, line, len);
}

/* A line fits any socket buffer, so a partial write means a broken link as well. */
static int link_send(struct link *link, const struct call *call)
{
	ssize_t n = send(link->watch.fd, call->line, call->len, MSG_NOSIGNAL);

	return n == (ssize_t)call->len ? 0 : -1;
}

/* An idle one, else a new one. NULL: all are busy, or none can be made (*ret_refused). */
static struct link *link_take(struct pool *pool, bool *ret_refused)
{
	struct link *place = NULL;

	*ret_refused = false;
	/* The first first, so that the pool is as small as the load allows. */
	for (uint32_t i = 0; i < pool->size; i++) {
		struct link *link = &pool->links[i];

		if (link->watch.fd >= 0 && !link->call)
			return link;
		if (link->watch.fd < 0 && !place)
			place = link;
	}
	if (!place)
		return NULL;
	place->watch.fd = net_connect(pool->store);
	*ret_refused = place->watch.fd < 0;
	if (*ret_refused)
		return NULL;
	place->connected = false;
	pool->n_idle++;
	if (loop_watch(pool->loop, &place->watch, EPOLLOUT) == 0)
		return place;
	link_close(place);
	*ret_refused = true;
	return NULL;
}

static struct call *queue_pop(struct pool *pool)
{
	struct call *call = pool->head;

	queue_remove(pool, call);
	return call;
}

/* Gives connections to the calls that wait. Calls no done(): what fails at once is left to the
 * call's timer. */
static void pool_next(struct pool *pool)
{
	while (pool->head) {
		bool refused;
		struct link *link = link_take(pool, &refused);

		if (refused) {
			struct call *call = queue_pop(pool);

			call->refused = true;
			timer_set(pool->loop, &call->timer, now_ns());
		} else if (!link) {
			return;
		} else if (link->connected && link_send(link, pool->head)) {
			link_close(link); /* the store had closed it meanwhile */
		} else {
			link->call = queue_pop(pool);
			link->call->link = link;
			pool->n_idle--;
			pool->n_busy++;
		}
	}
}

/* Closes the link and ends its call: an answer that comes later must not meet another call. */
static void link_fail(struct link *link, enum call_result result)
{
	struct pool *pool = link->pool;
	struct call *call = link->call ? link_release(link) : NULL;

	link_close(link);
	if (call)
		finish(call, result, "", 0);
	pool_next(pool);
}

static void link_connected(struct link *link)
{
	if (net_error(link->watch.fd)) {
		link_fail(link, CALL_REFUSED);
		return;
	}
	link->connected = true;
	loop_change(link->pool->loop, &link->watch, EPOLLIN);
	if (link->call && link_send(link, link->call))
		link_fail(link, CALL_LOST);
}

static void link_answer(struct link *link)
{
	const char *end = memchr(link->in.data, '\n', link->in.len);
	struct call *call;

	if (!link->call || (end && end + 1 != link->in.data + link->in.len)) {
		link_fail(link, CALL_LOST); /* more than was asked for */
	} else if (end) {
		call = link_release(link);
		finish(call, CALL_OK, link->in.data, link->in.len - 1);
		link->in.len = 0;
		pool_next(link->pool);
	}
}

static void link_ready(struct watch *watch, uint32_t events)
{
	struct link *link = container_of(watch, struct link, watch);

	(void)events;
	if (!link->connected) {
		link_connected(link);
		return;
	}
	switch (buf_read(&link->in, watch->fd)) {
	case BUF_IO_SOME:
		link_answer(link);
		break;
	case BUF_IO_AGAIN:
		break;
	case BUF_IO_END:
	case BUF_IO_FULL:
	case BUF_IO_ERROR:
		link_fail(link, CALL_LOST);
		break;
	}
}

static void call_timer(struct timer *timer)
{
	struct call *call = container_of(timer, struct call, timer);

	if (call->link) {
		link_fail(call->link, CALL_TIMEOUT);
		return;
	}
	if (call->waiting)
		queue_remove(call->pool, call);
	finish(call, call->refused ? CALL_REFUSED : CALL_TIMEOUT, "", 0);
}

void pool_start(struct pool *pool, struct call *call)
{
	call->pool = pool;
	call->link = NULL;
	call->refused = false;
	call->timer.fire = call_timer;
	timer_set(pool->loop, &call->timer, now_ns() + pool->timeout_ns);
	queue_add(pool, call);
	pool_next(pool);
}

void pool_cancel(struct call *call)
{
	struct pool *pool = call->pool;

	if (!pool)
		return;
	call->pool = NULL;
	timer_stop(pool->loop, &call->timer);
	if (call->waiting)
		queue_remove(pool, call);
	if (call->link) {
		struct link *link = call->link;

		(void)link_release(link);
		link_close(link);
		pool_next(pool);
	}
}

void pool_init(struct pool *pool)
{
	for (size_t i = 0; i < COUNT(pool->links); i++) {
		pool->links[i].watch = (struct watch){.fd = -1, .ready = link_ready};
		pool->links[i].pool = pool;
		buf_init(&pool->links[i].in, ANSWER_MAX);
	}
}

void pool_done(struct pool *pool)
{
	while (pool->head)
		pool_cancel(pool->head);
	for (size_t i = 0; i < COUNT(pool->links); i++) {
		struct link *link = &pool->links[i];

		if (link->call)
			pool_cancel(link->call);
		else if (link->watch.fd >= 0)
			link_close(link);
		buf_free(&link->in);
	}
}

const char *call_result_name(enum call_result result)
{
	static const char *const names[] = {
		[CALL_OK] = "ok",
		[CALL_TIMEOUT] = "timeout",
		[CALL_REFUSED] = "refused",
		[CALL_LOST] = "lost",
	};

	return names[result];
}
