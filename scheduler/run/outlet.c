#include "scheduler/run/outlet.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

struct run_outlet {
	run_outlet_pass *pass;
	void *arg;
	size_t max;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows; never held while passing on */
	pthread_cond_t wake;
	char *queue;
	size_t queued, room;
	bool sync, quit, passing;
};

static void *pass_on(void *arg)
{
	struct run_outlet *o = arg;
	bool quit = false;

	while (!quit) {
		ord_autofree char *queue = NULL;
		size_t queued;
		bool sync;

		(void)pthread_mutex_lock(&o->lock);
		while (!o->queued && !o->sync && !o->quit)
			(void)pthread_cond_wait(&o->wake, &o->lock);
		queue = ord_steal_ptr(o->queue);
		queued = o->queued;
		o->queued = o->room = 0;
		sync = o->sync;
		o->sync = false;
		quit = o->quit;
		o->passing = queued || sync;
		(void)pthread_mutex_unlock(&o->lock);
		if (queued || sync)
			o->pass(o->arg, queue, queued, sync);
		(void)pthread_mutex_lock(&o->lock);
		o->passing = false;
		(void)pthread_mutex_unlock(&o->lock);
	}
	return NULL;
}

int run_outlet_open(run_outlet_pass *pass, void *arg, size_t max, struct run_outlet **ret,
		    struct ord_err *err)
{
	ord_autofree struct run_outlet *o = calloc(1, sizeof *o);

	if (!o)
		return ord_fail_nomem(err);
	o->pass = pass;
	o->arg = arg;
	o->max = max;
	(void)pthread_mutex_init(&o->lock, NULL);
	(void)pthread_cond_init(&o->wake, NULL);
	errno = pthread_create(&o->thread, NULL, pass_on, o);
	if (errno)
		return ord_fail_sys(err, "start a thread");
	*ret = ord_steal_ptr(o);
	return 0;
}

/* Room for size more, within the limit. With the lock. */
static bool make_room(struct run_outlet *o, size_t size)
{
	const size_t room = (o->queued + size) * 2;
	char *queue;

	if (o->queued + size <= o->room)
		return true;
	queue = o->queued + size > o->max ? NULL : realloc(o->queue, room);
	if (!queue)
		return false;
	o->queue = queue;
	o->room = room;
	return true;
}

bool run_outlet_put(struct run_outlet *o, const char *data, size_t size)
{
	bool fits;

	(void)pthread_mutex_lock(&o->lock);
	fits = make_room(o, size);
	if (fits) {
		memcpy(o->queue + o->queued, data, size);
		o->queued += size;
		(void)pthread_cond_signal(&o->wake);
	}
	(void)pthread_mutex_unlock(&o->lock);
	return fits;
}

bool run_outlet_idle(struct run_outlet *o)
{
	bool idle;

	(void)pthread_mutex_lock(&o->lock);
	idle = !o->queued && !o->sync && !o->passing;
	(void)pthread_mutex_unlock(&o->lock);
	return idle;
}

void run_outlet_sync(struct run_outlet *o)
{
	(void)pthread_mutex_lock(&o->lock);
	o->sync = true;
	(void)pthread_cond_signal(&o->wake);
	(void)pthread_mutex_unlock(&o->lock);
}

void run_outlet_close(struct run_outlet *o)
{
	if (!o)
		return;
	(void)pthread_mutex_lock(&o->lock);
	o->quit = true;
	(void)pthread_cond_signal(&o->wake);
	(void)pthread_mutex_unlock(&o->lock);
	(void)pthread_join(o->thread, NULL);
	(void)pthread_cond_destroy(&o->wake);
	(void)pthread_mutex_destroy(&o->lock);
	free(o->queue);
	free(o);
}
