#include "scheduler/serve/api/aside.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"

struct list {
	struct api_work *first, *last;
	unsigned n;
};

struct api_aside {
	pthread_t thread;
	bool started;
	int fd; /* becomes readable when something is done */
	sd_event_source *source;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	struct list asked, done;
	bool end;
};

static void append(struct list *l, struct api_work *w)
{
	w->next = NULL;
	if (l->last)
		l->last->next = w;
	else
		l->first = w;
	l->last = w;
	l->n++;
}

static struct api_work *take(struct list *l)
{
	struct api_work *w = l->first;

	if (!w)
		return NULL;
	l->first = w->next;
	if (!l->first)
		l->last = NULL;
	l->n--;
	return w;
}

static void *thread(void *arg)
{
	struct api_aside *a = arg;
	struct api_work *w;

	(void)pthread_mutex_lock(&a->lock);
	while (!a->end) {
		w = take(&a->asked);
		if (!w) {
			(void)pthread_cond_wait(&a->wake, &a->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&a->lock);
		w->work(w);
		(void)pthread_mutex_lock(&a->lock);
		append(&a->done, w);
		(void)eventfd_write(a->fd, 1);
	}
	(void)pthread_mutex_unlock(&a->lock);
	return NULL;
}

static int on_done(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct api_aside *a = arg;
	struct api_work *w;
	eventfd_t n;

	(void)source;
	(void)events;
	(void)eventfd_read(fd, &n);
	for (;;) {
		(void)pthread_mutex_lock(&a->lock);
		w = take(&a->done);
		(void)pthread_mutex_unlock(&a->lock);
		if (!w)
			return 0;
		w->done(w);
	}
}

/* Signals are the loop's: they are blocked before the thread begins, which has that from it. */
static int start(struct api_aside *a, sd_event *loop, struct ord_err *err)
{
	int e;

	a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->fd < 0)
		return ord_fail_sys(err, "eventfd");
	e = sd_event_add_io(loop, &a->source, a->fd, EPOLLIN, on_done, a);
	if (e >= 0) {
		e = -pthread_create(&a->thread, NULL, thread, a);
		a->started = !e;
	}
	errno = -e;
	return e < 0 ? ord_fail_sys(err, "a thread for the history") : 0;
}

int api_aside_open(sd_event *loop, struct api_aside **ret, struct ord_err *err)
{
	struct api_aside *a = calloc(1, sizeof *a);

	if (!a)
		return ord_fail_nomem(err);
	a->fd = -1;
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->wake, NULL);
	if (start(a, loop, err)) {
		api_aside_close(a);
		return -1;
	}
	*ret = a;
	return 0;
}

void api_aside_close(struct api_aside *a)
{
	struct api_work *w;

	if (!a)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->end = true;
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
	if (a->started)
		(void)pthread_join(a->thread, NULL);
	while ((w = take(&a->done)) || (w = take(&a->asked))) {
		w->dropped = true;
		w->done(w);
	}
	(void)sd_event_source_disable_unref(a->source);
	ord_close(&a->fd);
	(void)pthread_mutex_destroy(&a->lock);
	(void)pthread_cond_destroy(&a->wake);
	free(a);
}

bool api_aside_do(struct api_aside *a, struct api_work *w)
{
	bool room;

	(void)pthread_mutex_lock(&a->lock);
	room = a->asked.n < API_ASIDE_MAX && !a->end;
	if (room)
		append(&a->asked, w);
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
	return room;
}
