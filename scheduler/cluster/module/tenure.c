/*
 * A Lease that is held by a thread: it asks, waits, and writes down for the others what it knows.
 * The client is the thread's alone, but for kube_stop.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/kube.h"
#include "kube/tenure.h"

#define CALL_NS	 (5 * ORD_S) /* while it is another's */
#define CLOSE_NS (3 * ORD_S) /* for the thread to let go in good order */

static const struct kube_kind lease_kind = {"coordination.k8s.io/v1", "Lease", "leases", true};

struct ord_tenure {
	struct kube_config *config;
	struct kube *kube;
	struct kube_tenure state; /* the thread's */
	struct ord_object object;
	pthread_t thread;
	bool running;
	int fd;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* CLOCK_MONOTONIC */
	/* Below: shared. */
	struct ord_tenure_look told;
	bool closing, release, ended;
};

/* ---- what the thread does */

static void tell(struct ord_tenure *t, const char *why)
{
	const struct kube_tenure *s = &t->state;
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&t->lock);
	t->told.term = s->term;
	t->told.until_ns = s->until_ns;
	t->told.other_ns = s->other_ns;
	(void)snprintf(t->told.holder, sizeof t->told.holder, "%s", kube_tenure_holder(s));
	(void)snprintf(t->told.why, sizeof t->told.why, "%.*s", (int)sizeof t->told.why - 1, why);
	(void)pthread_mutex_unlock(&t->lock);
	(void)!write(t->fd, &one, sizeof one);
}

/* What is ours is asked for until it is given up, and not beyond. */
static uint64_t deadline(const struct ord_tenure *t)
{
	uint64_t boot = ord_boot_ns(), until = t->state.until_ns;

	return ord_now_ns() + (until > boot + ORD_S ? until - boot : CALL_NS);
}

static int look(struct ord_tenure *t, struct ord_err *err)
{
	ord_auto(json) json_t *lease = NULL;
	int status = 0;

	if (kube_get(t->kube, &t->object, deadline(t), &lease, &status, err) && status != 404)
		return -1;
	kube_tenure_saw(&t->state, lease, ord_boot_ns());
	return 0;
}

static int take(struct ord_tenure *t, bool make, struct ord_err *err)
{
	ord_auto(json) json_t *lease = NULL, *body = NULL;
	uint64_t sent = ord_boot_ns();
	int status = 0, r;

	body = kube_tenure_take(&t->state, (int64_t)ord_wall_ns());
	if (!body)
		return ord_fail_nomem(err);
	r = make ? kube_create(t->kube, &lease_kind, t->object.ns, body, deadline(t), &lease,
			       &status, err)
		 : kube_patch(t->kube, &t->object, NULL, KUBE_PATCH_MERGE, body, false, deadline(t),
			      &lease, &status, err);
	if (!r) {
		kube_tenure_written(&t->state, lease, sent, ord_boot_ns());
		return 0;
	}
	kube_tenure_forget(&t->state);
	/* Another was faster, or our own request was heard twice: what is there now is read next.
	 */
	return status == 409 || status == 404 ? 0 : -1;
}

/* One try. What was written once is written again unread; where that fails it is read. */
static int turn(struct ord_tenure *t, struct ord_err *err)
{
	struct kube_tenure *s = &t->state;

	if (!kube_tenure_ours(s) || s->until_ns <= ord_boot_ns() || !s->lease)
		if (look(t, err))
			return -1;
	switch (kube_tenure_next(s, ord_boot_ns())) {
	case KUBE_TENURE_MAKE:
		return take(t, true, err);
	case KUBE_TENURE_WRITE:
		return take(t, false, err);
	case KUBE_TENURE_READ:
	case KUBE_TENURE_WAIT:
		break;
	}
	return 0;
}

static void let_go(struct ord_tenure *t)
{
	ord_auto(json) json_t *body = NULL;
	struct ord_err err;

	if (!kube_tenure_ours(&t->state) || !t->state.lease)
		return;
	body = kube_tenure_release(&t->state, (int64_t)ord_wall_ns());
	if (body)
		(void)kube_patch(t->kube, &t->object, NULL, KUBE_PATCH_MERGE, body, false,
				 ord_now_ns() + CLOSE_NS, NULL, NULL, &err);
}

/* False when it is to end. */
static bool pause_for(struct ord_tenure *t, uint64_t ns)
{
	const struct timespec until = ord_timespec(ord_now_ns() + ns);
	bool on;
	int e = 0;

	(void)pthread_mutex_lock(&t->lock);
	while (!t->closing && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&t->changed, &t->lock, &until);
	on = !t->closing;
	(void)pthread_mutex_unlock(&t->lock);
	return on;
}

static void *hold(void *arg)
{
	struct ord_tenure *t = arg;
	uint32_t random = 0;
	bool release;

	do {
		struct ord_err err = {.msg = ""};
		bool known;

		known = !turn(t, &err);
		tell(t, known ? "" : err.msg);
		(void)!getrandom(&random, sizeof random, 0);
	} while (pause_for(t, kube_tenure_pause(&t->state, ord_boot_ns(), random)));
	(void)pthread_mutex_lock(&t->lock);
	release = t->release;
	(void)pthread_mutex_unlock(&t->lock);
	if (release)
		let_go(t);
	(void)pthread_mutex_lock(&t->lock);
	t->ended = true;
	(void)pthread_cond_broadcast(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- for who owns it */

/* Another process on this host, and this one after a restart, is another. */
static int name_me(char out[static ORD_TENURE_HOLDER], struct ord_err *err)
{
	char host[128] = "localhost";
	uint64_t id;

	(void)gethostname(host, sizeof host - 1);
	if (getrandom(&id, sizeof id, 0) < 0)
		return ord_fail_sys(err, "getrandom");
	(void)snprintf(out, ORD_TENURE_HOLDER, "%s_%016llx", host, (unsigned long long)id);
	return 0;
}

static int name_lease(struct ord_tenure *t, const struct ord_tenure_options *options,
		      struct ord_err *err)
{
	struct ord_object *o = &t->object;

	(void)snprintf(o->api_version, sizeof o->api_version, "%s", lease_kind.api_version);
	(void)snprintf(o->kind, sizeof o->kind, "%s", lease_kind.kind);
	if ((size_t)snprintf(o->ns, sizeof o->ns, "%s", options->ns) >= sizeof o->ns ||
	    (size_t)snprintf(o->name, sizeof o->name, "%s", options->name) >= sizeof o->name)
		return ord_fail(err, ORD_USAGE, "the name of a Lease is too long: %s/%s",
				options->ns, options->name);
	(void)snprintf(t->state.ns, sizeof t->state.ns, "%s", o->ns);
	(void)snprintf(t->state.name, sizeof t->state.name, "%s", o->name);
	return 0;
}

static int begin(struct ord_tenure *t, struct ord_err *err)
{
	int e;

	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->fd < 0)
		return ord_fail_sys(err, "eventfd");
	e = pthread_create(&t->thread, NULL, hold, t);
	if (e) {
		errno = e;
		return ord_fail_sys(err, "a thread for the Lease");
	}
	t->running = true;
	return 0;
}

int ord_tenure_open(const struct ord_tenure_options *options, struct ord_tenure **ret,
		    struct ord_err *err)
{
	struct ord_tenure *t = calloc(1, sizeof *t);
	pthread_condattr_t monotonic;

	if (!t)
		return ord_fail_nomem(err);
	t->fd = -1;
	t->state.lease_ns = options->lease_ns ? options->lease_ns : 15 * ORD_S;
	t->state.renew_ns = options->renew_ns ? options->renew_ns : 10 * ORD_S;
	t->state.retry_ns = options->retry_ns ? options->retry_ns : 2 * ORD_S;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&t->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (name_lease(t, options, err) || name_me(t->state.me, err) ||
	    kube_config_load(options->context, &t->config, err) ||
	    kube_open(t->config, &t->kube, err) || begin(t, err)) {
		ord_tenure_close(t, false);
		return -1;
	}
	*ret = t;
	return 0;
}

int ord_tenure_fd(const struct ord_tenure *t)
{
	return t->fd;
}

const char *ord_tenure_me(const struct ord_tenure *t)
{
	return t->state.me;
}

void ord_tenure_look(struct ord_tenure *t, struct ord_tenure_look *ret)
{
	uint64_t n;

	(void)!read(t->fd, &n, sizeof n);
	(void)pthread_mutex_lock(&t->lock);
	*ret = t->told;
	(void)pthread_mutex_unlock(&t->lock);
}

uint64_t ord_tenure_term(struct ord_tenure *t)
{
	uint64_t term;

	(void)pthread_mutex_lock(&t->lock);
	term = ord_boot_ns() < t->told.until_ns ? t->told.term : 0;
	(void)pthread_mutex_unlock(&t->lock);
	return term;
}

static void end(struct ord_tenure *t, bool release)
{
	struct timespec until = ord_timespec(ord_now_ns() + CLOSE_NS);
	int e = 0;

	(void)pthread_mutex_lock(&t->lock);
	t->closing = true;
	t->release = release;
	(void)pthread_cond_broadcast(&t->changed);
	while (!t->ended && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&t->changed, &t->lock, &until);
	(void)pthread_mutex_unlock(&t->lock);
	/* A server that hangs holds up nobody's end. */
	kube_stop(t->kube);
	(void)pthread_join(t->thread, NULL);
}

void ord_tenure_close(struct ord_tenure *t, bool release)
{
	if (!t)
		return;
	if (t->running)
		end(t, release);
	kube_close(t->kube);
	kube_config_free(t->config);
	kube_tenure_done(&t->state);
	ord_close(&t->fd);
	(void)pthread_cond_destroy(&t->changed);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}
