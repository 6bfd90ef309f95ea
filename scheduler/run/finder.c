#include "scheduler/run/finder.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "ordeal/far.h"
#include "scheduler/run/machine.h"

struct run_finder {
	const struct ord_plan *plan;
	struct ord_cluster *cluster;
	void (*found)(void *arg);
	void *arg;
	int fd; /* an eventfd: the search is over */
	sd_event_source *io;
	pthread_t thread;
	bool searching; /* the thread is to be joined */
	atomic_bool stop;

	/* The thread's until it is joined. */
	uint32_t rep;
	struct ord_resolved v[ORD_FAULTS_MAX];
	struct ord_holder *holders[ORD_FAULTS_MAX]; /* on other machines */
	size_t n;	    /* faults that were looked at and have a target */
	struct ord_err err; /* of the one after */
};

static void drop(struct run_finder *f)
{
	for (size_t i = 0; i < f->plan->spec->n_faults; i++) {
		ord_holder_free(ord_steal_ptr(f->holders[i]));
		ord_place_done(&f->v[i].place);
		f->v[i] = (struct ord_resolved){0};
	}
}

/* One that takes but a look at /proc is found by who takes it. */
static int search_one(struct run_finder *f, size_t i)
{
	const struct ord_target *t = &f->plan->spec->faults[i].target;

	if (t->via)
		return run_far_take(f->plan, i, f->rep, &f->stop, &f->holders[i], &f->v[i],
				    &f->err);
	if (!ord_target_is_asked_for(t))
		return 0;
	return ord_cluster_plan_resolve(f->cluster, f->plan, i, f->rep, NULL, NULL, &f->v[i],
					&f->err);
}

static void *search(void *arg)
{
	struct run_finder *f = arg;

	for (f->n = 0; f->n < f->plan->spec->n_faults; f->n++)
		if (search_one(f, f->n))
			break;
	(void)eventfd_write(f->fd, 1);
	return NULL;
}

static int on_over(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct run_finder *f = arg;
	eventfd_t n;

	(void)source;
	(void)events;
	if (eventfd_read(fd, &n))
		return 0;
	(void)pthread_join(f->thread, NULL);
	f->searching = false;
	f->found(f->arg);
	return 0;
}

/* The kubeconfig may have been changed since it was read for `like`. */
static int open_same(const struct ord_cluster *like, struct ord_cluster **ret, struct ord_err *err)
{
	struct ord_cluster *c;

	if (ord_cluster_open(ord_cluster_context(like), NULL, &c, err))
		return -1;
	if (strcmp(ord_cluster_server(c), ord_cluster_server(like)) != 0) {
		ord_cluster_close(c);
		return ord_fail(err, ORD_GUARD,
				"the kubeconfig was changed meanwhile: context '%s' is another "
				"cluster now",
				ord_cluster_context(like));
	}
	*ret = c;
	return 0;
}

static int open_descriptor(struct run_finder *f, sd_event *loop, struct ord_err *err)
{
	int r;

	f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->fd < 0)
		return ord_fail_sys(err, "eventfd");
	r = sd_event_add_io(loop, &f->io, f->fd, EPOLLIN, on_over, f);
	if (r >= 0)
		return 0;
	errno = -r;
	return ord_fail_sys(err, "event loop");
}

int run_finder_open(const struct ord_plan *plan, const struct ord_cluster *like, sd_event *loop,
		    void (*found)(void *arg), void *arg, struct run_finder **ret,
		    struct ord_err *err)
{
	struct run_finder *f = calloc(1, sizeof *f);

	if (!f)
		return ord_fail_nomem(err);
	f->plan = plan;
	f->found = found;
	f->arg = arg;
	f->fd = -1;
	if (open_descriptor(f, loop, err) || (like && open_same(like, &f->cluster, err))) {
		run_finder_close(f);
		return -1;
	}
	*ret = f;
	return 0;
}

int run_finder_start(struct run_finder *f, uint32_t rep, struct ord_err *err)
{
	drop(f);
	f->rep = rep;
	errno = pthread_create(&f->thread, NULL, search, f);
	if (errno)
		return ord_fail_sys(err, "start a thread");
	f->searching = true;
	return 0;
}

int run_finder_take(struct run_finder *f, size_t fault, struct ord_resolved *ret,
		    struct ord_holder **ret_holder, struct ord_err *err)
{
	if (fault >= f->n) {
		*err = f->err;
		return -1;
	}
	*ret = f->v[fault];
	f->v[fault] = (struct ord_resolved){0};
	*ret_holder = ord_steal_ptr(f->holders[fault]);
	return 0;
}

void run_finder_close(struct run_finder *f)
{
	if (!f)
		return;
	if (f->searching) {
		atomic_store(&f->stop, true);
		if (f->cluster)
			ord_cluster_stop(f->cluster);
		(void)pthread_join(f->thread, NULL);
	}
	drop(f);
	(void)sd_event_source_disable_unref(f->io);
	ord_close(&f->fd);
	ord_cluster_close(f->cluster);
	free(f);
}
