/* Timers: a ring of them, and one descriptor that is set to the first. */
#include <sys/timerfd.h>

#include "base/clock.h"
#include "kube/client.h"

void kube_timer_init(struct kube_timer *t, void (*fire)(void *arg), void *arg)
{
	kube_ring_init(&t->ring);
	t->due_ns = 0;
	t->fire = fire;
	t->arg = arg;
}

static void arm(struct kube *k, uint64_t due_ns)
{
	const struct itimerspec at = {.it_value = ord_timespec(due_ns)};

	if (due_ns == k->armed_ns)
		return;
	(void)timerfd_settime(k->timerfd, TFD_TIMER_ABSTIME, &at, NULL);
	k->armed_ns = due_ns;
}

void kube_timer_set(struct kube *k, struct kube_timer *t, uint64_t due_ns)
{
	t->due_ns = due_ns ? due_ns : 1;
	kube_ring_append(&k->timers, &t->ring);
	if (!k->armed_ns || t->due_ns < k->armed_ns)
		arm(k, t->due_ns);
}

void kube_wake(struct kube *k)
{
	if (!k->depth) /* else kube_drive looks again by itself */
		arm(k, 1);
}

void kube_timer_stop(struct kube_timer *t)
{
	kube_ring_remove(&t->ring);
}

static struct kube_timer *next_timer(const struct kube *k)
{
	struct kube_timer *first = NULL;

	for (struct kube_ring *r = k->timers.next; r != &k->timers; r = r->next) {
		struct kube_timer *t = KUBE_OF(struct kube_timer, ring, r);

		if (!first || t->due_ns < first->due_ns)
			first = t;
	}
	return first;
}

bool kube_timers_fire(struct kube *k)
{
	struct kube_timer *t;
	bool any = false;

	if (!k->armed_ns || ord_now_ns() < k->armed_ns)
		return false;
	while ((t = next_timer(k)) && t->due_ns <= ord_now_ns()) {
		kube_timer_stop(t);
		t->fire(t->arg);
		any = true;
	}
	return any;
}

void kube_timers_arm(struct kube *k)
{
	const struct kube_timer *t = next_timer(k);
	uint64_t due = k->curl_due_ns;

	if (t && (!due || t->due_ns < due))
		due = t->due_ns;
	arm(k, due);
}

uint64_t kube_jitter(struct kube *k, uint64_t ns)
{
	return ns / 2 + ord_rng_below(&k->rng, ns + 1);
}

uint64_t kube_backoff(struct kube *k, unsigned n, uint64_t first_ns, uint64_t max_ns)
{
	uint64_t ns = n < 20 ? first_ns << n : max_ns;

	return kube_jitter(k, ns < max_ns ? ns : max_ns);
}
