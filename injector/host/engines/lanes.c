#include "lanes.h"

#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define STACK	   (256 * 1024)
#define AROUND_NS  (100 * ORD_MS) /* a lane comes around at least so often */
#define SILENCE_NS ORD_S

enum { WORD_WAIT, WORD_RUN, WORD_END };

unsigned lanes_wanted(void)
{
	cpu_set_t cpus;
	int n = 1;

	if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
		n = CPU_COUNT(&cpus);
	return n < 1 ? 1 : n > LANES_MAX ? LANES_MAX : (unsigned)n;
}

static int open_one(struct lane *l, struct emulate *first, struct ord_err *err)
{
	l->emulate.queue.fd = -1;
	l->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->bell < 0)
		return ord_fail_sys(err, "eventfd");
	if (emulate_init(&l->emulate, &first->p, first->hold.room, err) < 0)
		return -1;
	for (; l->emulate.n_taps < first->n_taps; l->emulate.n_taps++)
		if (tap_open_more(&first->taps[l->emulate.n_taps],
				  &l->emulate.taps[l->emulate.n_taps], err) < 0)
			return -1;
	return 0;
}

int lanes_open(struct lanes *l, unsigned n, struct emulate *first, struct ord_err *err)
{
	while (l->n < n)
		if (open_one(&l->v[l->n++], first, err) < 0)
			return -1;
	return 0;
}

/* ---- the thread ---- */

static void *lane_thread(void *arg)
{
	struct lane *l = arg;
	int word;

	(void)sem_post(l->up);
	while ((word = atomic_load(&l->word)) != WORD_END) {
		const uint64_t now = ord_now_ns();
		uint64_t due = now + AROUND_NS, rings;
		struct pollfd fds[1 + LINKS_MAX] = {{.fd = l->bell, .events = POLLIN}};
		const unsigned n =
			word == WORD_RUN ? emulate_wait(&l->emulate, fds + 1, LINKS_MAX, &due) : 0;
		const struct timespec t = ord_timespec(due > now ? due - now : 0);

		(void)ppoll(fds, 1 + n, &t, NULL);
		if (fds[0].revents)
			(void)!read(l->bell, &rings, sizeof rings);
		if (n && emulate_run(&l->emulate, fds + 1, n, &l->err) < 0) {
			atomic_store(&l->failed, true);
			return NULL;
		}
		atomic_store(&l->heard_ns, ord_now_ns());
	}
	return NULL;
}

/* ---- the caller ---- */

static void say(struct lane *l, int word)
{
	const uint64_t ring = 1;

	atomic_store(&l->word, word);
	(void)!write(l->bell, &ring, sizeof ring);
}

static int begin_one(struct lane *l, const pthread_attr_t *attr, sem_t *up, struct ord_err *err)
{
	l->up = up;
	errno = pthread_create(&l->thread, attr, lane_thread, l);
	if (errno)
		return ord_fail_sys(err, "begin a thread");
	l->there = true;
	while (sem_wait(up) < 0)
		; /* a signal */
	return 0;
}

int lanes_begin(struct lanes *l, struct ord_err *err)
{
	pthread_attr_t attr;
	sem_t up;
	int r = 0;

	if (l->n == 0)
		return 0;
	(void)sem_init(&up, 0, 0);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	for (unsigned i = 0; i < l->n && r == 0; i++)
		r = begin_one(&l->v[i], &attr, &up, err);
	(void)pthread_attr_destroy(&attr);
	return r;
}

int lanes_run(struct lanes *l, const struct emulate *first, struct ord_err *err)
{
	const uint64_t now = ord_now_ns();

	for (unsigned i = 0; i < l->n; i++) {
		struct lane *one = &l->v[i];

		for (unsigned k = 0; k < one->emulate.n_taps; k++)
			if (tap_join(&one->emulate.taps[k], &first->taps[k], err) < 0)
				return -1;
		atomic_store(&one->heard_ns, now);
		say(one, WORD_RUN);
	}
	l->watched_ns = l->awake_ns = now;
	return 0;
}

int lanes_watch(struct lanes *l, struct ord_err *err)
{
	const uint64_t now = ord_now_ns();

	/* Were we late ourselves, their silence is no wonder. */
	if (now > l->watched_ns + 3 * AROUND_NS)
		l->awake_ns = now;
	l->watched_ns = now;
	for (unsigned i = 0; i < l->n; i++) {
		struct lane *one = &l->v[i];
		const uint64_t heard = atomic_load(&one->heard_ns);

		if (atomic_load(&one->failed)) {
			*err = one->err;
			return -1;
		}
		if (now > (heard > l->awake_ns ? heard : l->awake_ns) + SILENCE_NS)
			return ord_fail(err, ORD_SYS,
					"the thread of queue %u does not answer: its packets would "
					"be held for ever",
					i + 1);
	}
	return 0;
}

static void end_one(struct lane *l)
{
	struct timespec limit;

	if (clock_gettime(CLOCK_MONOTONIC, &limit) < 0)
		return;
	limit.tv_sec++;
	if (pthread_clockjoin_np(l->thread, NULL, CLOCK_MONOTONIC, &limit) == 0)
		l->there = false;
}

void lanes_end(struct lanes *l)
{
	if (l->over)
		return;
	l->over = true;
	for (unsigned i = 0; i < l->n; i++)
		if (l->v[i].there)
			say(&l->v[i], WORD_END);
	for (unsigned i = 0; i < l->n; i++)
		if (l->v[i].there)
			end_one(&l->v[i]);
}

int lanes_flush(struct lanes *l, struct ord_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < l->n; i++)
		if (!l->v[i].there && emulate_flush(&l->v[i].emulate, err) < 0)
			rc = -1;
	return rc;
}

bool lanes_done(struct lanes *l)
{
	bool all = true;

	lanes_end(l);
	for (unsigned i = 0; i < l->n; i++) {
		struct lane *one = &l->v[i];

		if (one->there) {
			all = false;
			for (unsigned k = 0; k < one->emulate.n_taps; k++)
				tap_close(&one->emulate.taps[k]);
			continue;
		}
		emulate_done(&one->emulate);
		ord_close(&one->bell);
	}
	return all;
}
