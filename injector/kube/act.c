#include "injector/kube/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

#define CALL_NS	   (30 * ORD_S)	  /* for one pod's answer, with what the client asks again */
#define LOOK_NS	   (10 * ORD_S)	  /* for reading one back */
#define AGAIN_NS   (200 * ORD_MS) /* the first pause before a second try; it doubles */
#define LOOKS_MAX  5
#define METADATA   "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
#define DETAIL_MAX 512

static const struct kube_kind pod_kind = {"v1", "Pod", "pods", true};

enum state { QUEUED, WAITING, ASKED, LOOKING };

struct job {
	struct job *next;
	struct inj_act *act;
	enum state state;
	enum inj_outcome outcome; /* what the look will confirm */
	unsigned tries, looks, told;
	bool look_again;
	uint64_t due_ns;   /* while it waits */
	uint64_t limit_ns; /* of this try; 0: not begun */
	char detail[DETAIL_MAX];
	const char *ns, *name, *uid; /* in text */
	char text[];
};

struct list {
	struct job *first, **end;
};

struct inj_act {
	struct kube *k;
	struct inj_act_how how;
	inj_act_told *told;
	void *arg;
	struct list queue, waiting, flying;
	size_t in_flight, pending, untold;
	bool closing; /* nothing is started any more */
	bool deaf;    /* ...nor told: what is in flight was given up */
};

static void list_init(struct list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static void list_add(struct list *l, struct job *j)
{
	j->next = NULL;
	*l->end = j;
	l->end = &j->next;
}

static struct job *list_take(struct list *l, struct job **at)
{
	struct job *j = *at;

	*at = j->next;
	if (!*at)
		l->end = at;
	return j;
}

static void list_remove(struct list *l, const struct job *j)
{
	struct job **at = &l->first;

	while (*at && *at != j)
		at = &(*at)->next;
	if (*at)
		(void)list_take(l, at);
}

static void list_free(struct list *l)
{
	while (l->first)
		free(list_take(l, &l->first));
}

int inj_act_open(struct kube *k, const struct inj_act_how *how, inj_act_told *told, void *arg,
		 struct inj_act **ret, struct ord_err *err)
{
	struct inj_act *a = calloc(1, sizeof *a);

	if (!a)
		return ord_fail_nomem(err);
	*a = (struct inj_act){.k = k, .how = *how, .told = told, .arg = arg};
	list_init(&a->queue);
	list_init(&a->waiting);
	list_init(&a->flying);
	*ret = a;
	return 0;
}

void inj_act_free(struct inj_act *a)
{
	if (!a)
		return;
	list_free(&a->queue);
	list_free(&a->waiting);
	list_free(&a->flying);
	free(a);
}

int inj_act_add(struct inj_act *a, const struct ord_object *pod, struct ord_err *err)
{
	size_t ns = strlen(pod->ns) + 1, name = strlen(pod->name) + 1, uid = strlen(pod->uid) + 1;
	struct job *j = calloc(1, sizeof *j + ns + name + uid);

	if (!j)
		return ord_fail_nomem(err);
	j->act = a;
	j->ns = memcpy(j->text, pod->ns, ns);
	j->name = memcpy(j->text + ns, pod->name, name);
	j->uid = memcpy(j->text + ns + name, pod->uid, uid);
	list_add(&a->queue, j);
	a->pending++;
	a->untold++;
	return 0;
}

uint64_t inj_act_due(const struct inj_act *a)
{
	uint64_t due = UINT64_MAX;

	for (const struct job *j = a->waiting.first; j; j = j->next)
		if (j->due_ns < due)
			due = j->due_ns;
	return due;
}

size_t inj_act_untold(const struct inj_act *a)
{
	return a->untold;
}

size_t inj_act_pending(const struct inj_act *a)
{
	return a->pending;
}

static void job_object(const struct job *j, struct ord_object *ret)
{
	*ret = (struct ord_object){.api_version = "v1", .kind = "Pod"};
	(void)snprintf(ret->ns, sizeof ret->ns, "%s", j->ns);
	(void)snprintf(ret->name, sizeof ret->name, "%s", j->name);
	(void)snprintf(ret->uid, sizeof ret->uid, "%s", j->uid);
}

/* It is in no list. */
static void job_wait(struct job *j, uint64_t for_ns)
{
	j->state = WAITING;
	j->due_ns = ord_now_ns() + for_ns;
	list_add(&j->act->waiting, j);
}

/* An answer came, or will come no more. */
static void job_land(struct job *j)
{
	list_remove(&j->act->flying, j);
	j->act->in_flight--;
}

static void job_tell(struct job *j, enum inj_outcome outcome, const char *detail)
{
	struct inj_act *a = j->act;
	struct ord_object pod;
	uint64_t again;

	if (a->deaf) {
		free(j);
		return;
	}
	job_object(j, &pod);
	if (j->told == 0)
		a->untold--;
	again = a->told(a->arg, &pod, outcome, detail, j->told++);
	j->limit_ns = 0;
	j->looks = 0;
	j->look_again = false;
	if (again > 0 && !a->closing) {
		job_wait(j, again);
		return;
	}
	a->pending--;
	free(j);
}

/* Doubles from AGAIN_NS to 32 times that. */
static uint64_t pause_ns(unsigned tries)
{
	return AGAIN_NS << (tries < 6 ? tries - (tries > 0) : 5);
}

static const char *meta_text(const json_t *body, const char *key)
{
	return json_string_value(json_object_get(json_object_get(body, "metadata"), key));
}

static bool is_it(const struct job *j, const json_t *body)
{
	const char *uid = meta_text(body, "uid");

	return uid && strcmp(uid, j->uid) == 0;
}

static void look(struct job *j, enum inj_outcome outcome);

/* What the second look says of an answer that did not say all. */
static void look_judge(struct job *j, const struct kube_answer *a, const struct ord_err *err)
{
	bool here = !err && is_it(j, a->body);
	bool ending = here && meta_text(a->body, "deletionTimestamp");
	bool gone = a->status == 404 || (!err && !here);

	if (!gone && !here) {
		job_tell(j, INJ_LOST, err->msg);
	} else if (j->outcome == INJ_HIT && (gone || ending)) {
		job_tell(j, INJ_HIT, gone ? "gone" : "");
	} else if (j->outcome != INJ_HIT && gone) {
		job_tell(j, INJ_GONE,
			 a->status == 404 ? "it was not there any more"
					  : "another pod has its name: it was made again");
	} else if (ending) {
		job_tell(j, INJ_GONE, "it was being deleted already");
	} else if (j->outcome == INJ_BUDGET) {
		job_tell(j, INJ_BUDGET, j->detail);
	} else if (++j->looks < LOOKS_MAX) {
		/* Accepted, and not to be seen yet; or a conflict over something else than the UID.
		 */
		j->look_again = j->outcome == INJ_HIT;
		job_wait(j, pause_ns(j->looks));
	} else {
		job_tell(j, INJ_REFUSED,
			 j->outcome == INJ_HIT ? "accepted, but it carries no deletionTimestamp"
					       : j->detail);
	}
}

static void looked(void *arg, struct kube_answer *a, const struct ord_err *err)
{
	struct job *j = arg;

	job_land(j);
	look_judge(j, a, err);
}

static int start(struct job *j, const struct kube_request *req,
		 void (*done)(void *arg, struct kube_answer *a, const struct ord_err *err))
{
	struct inj_act *a = j->act;
	struct ord_err err;

	list_add(&a->flying, j);
	a->in_flight++;
	if (kube_start(a->k, req, done, j, &err) == 0)
		return 0;
	job_land(j);
	job_tell(j, INJ_LOST, err.msg);
	return -1;
}

static void look(struct job *j, enum inj_outcome outcome)
{
	char path[KUBE_PATH];
	struct kube_request req = {
		.method = "GET",
		.path = kube_path(&pod_kind, j->ns, j->name, NULL, path),
		.accept = METADATA,
		.deadline_ns = ord_now_ns() + LOOK_NS,
	};

	j->outcome = outcome;
	j->state = LOOKING;
	(void)start(j, &req, looked);
}

/* The budget's own words, or NULL where the 429 has another cause: the server is busy. */
static const char *budget_text(const json_t *body)
{
	const json_t *causes = json_object_get(json_object_get(body, "details"), "causes");
	const json_t *cause;
	size_t i;

	json_array_foreach (causes, i, cause) {
		const char *reason = json_string_value(json_object_get(cause, "reason"));
		const char *message = json_string_value(json_object_get(cause, "message"));

		if (reason && strcmp(reason, "DisruptionBudget") == 0)
			return message ? message : "a PodDisruptionBudget forbids it";
	}
	return NULL;
}

/* In seconds; 0: none said. A budget's no says none, but "still being processed by the server"
 * does. */
static uint64_t retry_after(const json_t *body)
{
	const json_t *details = json_object_get(body, "details");
	json_int_t wish = json_integer_value(json_object_get(details, "retryAfterSeconds"));

	return wish > 0 && wish < 3600 ? (uint64_t)wish : 0;
}

/*
 * How long to leave it alone before it is asked again; 0: the answer is one. Of a server that is
 * away or busy the client takes care; here comes only a budget that has not been computed yet.
 */
static uint64_t busy_ns(const struct job *j, const struct kube_answer *a)
{
	uint64_t wish = a->status == 429 ? retry_after(a->body) * ORD_S : 0;

	return !j->act->closing && ord_now_ns() + wish < j->limit_ns ? wish : 0;
}

static void ask_judge(struct job *j, const struct kube_answer *a, const struct ord_err *err)
{
	const char *budget = a->status == 429 ? budget_text(a->body) : NULL;
	uint64_t pause = err ? busy_ns(j, a) : 0;

	if (!err && is_it(j, a->body) && meta_text(a->body, "deletionTimestamp")) {
		job_tell(j, INJ_HIT, "");
	} else if (!err) {
		look(j, INJ_HIT);
	} else if (pause > 0) {
		job_wait(j, pause);
	} else if (a->status == 404) {
		job_tell(j, INJ_GONE, "it was not there any more");
	} else if (a->status == 409 || budget) {
		/* A budget is asked before the UID is: its no may be on another pod of that name.
		 */
		(void)snprintf(j->detail, sizeof j->detail, "%s", budget ? budget : err->msg);
		look(j, budget ? INJ_BUDGET : INJ_GONE);
	} else {
		/* Nobody answered, or one on the way did. */
		bool lost = a->status == 0 || (a->status >= 502 && a->status <= 504);

		job_tell(j, lost ? INJ_LOST : INJ_REFUSED, err->msg);
	}
}

static void asked(void *arg, struct kube_answer *a, const struct ord_err *err)
{
	struct job *j = arg;

	job_land(j);
	ask_judge(j, a, err);
}

/* DeleteOptions; owned. */
static json_t *delete_options(const struct job *j)
{
	json_t *o = json_pack("{s:s s:s s:{s:s}}", "kind", "DeleteOptions", "apiVersion", "v1",
			      "preconditions", "uid", j->uid);

	if (o && j->act->how.grace_s >= 0)
		(void)json_object_set_new(o, "gracePeriodSeconds",
					  json_integer(j->act->how.grace_s));
	return o;
}

static json_t *eviction(const struct job *j)
{
	return json_pack("{s:s s:s s:{s:s s:s} s:o}", "apiVersion", "policy/v1", "kind", "Eviction",
			 "metadata", "name", j->name, "namespace", j->ns, "deleteOptions",
			 delete_options(j));
}

/* The client asks again after a broken connection: the UID makes a second delete harmless. */
static void ask(struct job *j)
{
	bool evict = j->act->how.verb == INJ_EVICT;
	ord_auto(json) json_t *body = evict ? eviction(j) : delete_options(j);
	char path[KUBE_PATH];
	struct kube_request req = {
		.method = evict ? "POST" : "DELETE",
		.path = kube_path(&pod_kind, j->ns, j->name, evict ? "eviction" : NULL, path),
		.accept = evict ? NULL : METADATA,
		.body = body,
		.no_429 = evict,
	};

	if (j->limit_ns == 0)
		j->limit_ns = ord_now_ns() + CALL_NS;
	req.deadline_ns = j->limit_ns;
	j->state = ASKED;
	j->tries++;
	if (!body)
		job_tell(j, INJ_LOST, "out of memory");
	else
		(void)start(j, &req, asked);
}

/* One that waits for a second look is not asked again. */
static void waiting_wake(struct inj_act *a)
{
	struct job **at = &a->waiting.first;
	uint64_t now = ord_now_ns();

	while (*at) {
		if ((*at)->due_ns > now)
			at = &(*at)->next;
		else
			list_add(&a->queue, list_take(&a->waiting, at));
	}
}

void inj_act_pump(struct inj_act *a)
{
	waiting_wake(a);
	while (!a->closing && a->queue.first && a->in_flight < a->how.width) {
		struct job *j = list_take(&a->queue, &a->queue.first);

		if (j->look_again)
			look(j, j->outcome);
		else
			ask(j);
	}
}

static bool landed(void *arg)
{
	const struct inj_act *a = arg;

	return a->in_flight == 0;
}

void inj_act_settle(struct inj_act *a, uint64_t for_ns)
{
	struct ord_err err;

	if (a->closing)
		return;
	a->closing = true;
	if (a->in_flight == 0 || kube_run(a->k, landed, a, ord_now_ns() + for_ns, &err) == 0)
		return;
	a->deaf = true;
	for (struct job *j = a->flying.first; j; j = j->next) {
		struct ord_object pod;

		job_object(j, &pod);
		a->untold -= j->told == 0;
		(void)a->told(a->arg, &pod, INJ_LOST, "the fault ended before the answer",
			      j->tries);
	}
}
