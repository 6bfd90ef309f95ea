/*
 * Names that are looked up again and again: in a thread of their own, since a resolver waits as
 * long as it likes. What it finds is handed over through a descriptor that the loop watches.
 */
#include "scheduler/peers/module/peers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

/* Who leaves last frees it: the thread may be waiting for a resolver when nobody wants to know any
 * more. */
struct again {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	uint64_t every_ns;
	int fd;	     /* an eventfd: something was found */
	bool closed; /* under the lock, as what was found */
	struct names found;
	char told[TOLD_MAX];

	/* The thread's own. */
	struct names names;
	bool lost[NAMES_MAX]; /* told so */
};

static void again_free(struct again *a)
{
	(void)pthread_cond_destroy(&a->wake);
	(void)pthread_mutex_destroy(&a->lock);
	ord_close(&a->fd);
	free(a);
}

/* True: nobody wants to know any more. */
static bool wait_turn(struct again *a)
{
	const struct timespec until = ord_timespec(ord_now_ns() + a->every_ns);
	bool closed;

	(void)pthread_mutex_lock(&a->lock);
	while (!a->closed && pthread_cond_timedwait(&a->wake, &a->lock, &until) != ETIMEDOUT)
		continue;
	closed = a->closed;
	(void)pthread_mutex_unlock(&a->lock);
	return closed;
}

static bool same(const struct name *a, const struct name *b)
{
	return ord_endpoints_same(a->v, a->n, b->v, b->n);
}

/* One name once more; adds to told what is new about it. */
static void look_again(struct again *a, size_t i, char *told)
{
	struct name *n = &a->names.v[i], now = *n;
	struct ord_err err;

	if (name_look_up(&now, &err)) {
		if (!a->lost[i])
			names_say(told, "%s%s; its last addresses are kept", *told ? "; " : "",
				  err.msg);
		a->lost[i] = true;
		return;
	}
	if (same(n, &now) && !a->lost[i])
		return;
	a->lost[i] = false;
	names_say(told, "%s%s, looked up again, is ", *told ? "; " : "", n->name);
	names_say_addresses(told, &now);
	if (!same(n, &now)) {
		names_say(told, " and was ");
		names_say_addresses(told, n);
	}
	*n = now;
}

static void hand_over(struct again *a, const char *told)
{
	(void)pthread_mutex_lock(&a->lock);
	a->found = a->names;
	names_say(a->told, "%s%s", *a->told ? "; " : "", told);
	(void)pthread_mutex_unlock(&a->lock);
	(void)eventfd_write(a->fd, 1);
}

static void *work(void *arg)
{
	struct again *a = arg;

	while (!wait_turn(a)) {
		char told[TOLD_MAX] = "";

		/* The first is a peer, whose addresses stay. */
		for (size_t i = a->names.peer; i < a->names.n; i++)
			look_again(a, i, told);
		if (*told)
			hand_over(a, told);
	}
	again_free(a);
	return NULL;
}

static int start(struct again *a, struct ord_err *err)
{
	pthread_attr_t detached;
	pthread_t thread;

	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	errno = pthread_create(&thread, &detached, work, a);
	(void)pthread_attr_destroy(&detached);
	return errno ? ord_fail_sys(err, "start a thread") : 0;
}

int again_open(const struct names *names, uint64_t every_ns, struct again **ret,
	       struct ord_err *err)
{
	struct again *a = calloc(1, sizeof *a);
	pthread_condattr_t attr;

	if (!a)
		return ord_fail_nomem(err);
	a->names = *names;
	a->every_ns = every_ns;
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&a->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->fd < 0)
		(void)ord_fail_sys(err, "eventfd");
	if (a->fd < 0 || start(a, err)) {
		again_free(a);
		return -1;
	}
	*ret = a;
	return 0;
}

int again_fd(const struct again *a)
{
	return a->fd;
}

bool again_take(struct again *a, struct names *ret, char told[static TOLD_MAX])
{
	eventfd_t n;
	bool any;

	(void)eventfd_read(a->fd, &n);
	(void)pthread_mutex_lock(&a->lock);
	any = *a->told;
	if (any) {
		*ret = a->found;
		(void)snprintf(told, TOLD_MAX, "%s", a->told);
		*a->told = '\0';
	}
	(void)pthread_mutex_unlock(&a->lock);
	return any;
}

void again_close(struct again *a)
{
	if (!a)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->closed = true;
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
}
