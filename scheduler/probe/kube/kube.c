/*
 * The probe `kube`: an object, or a set, by watch. A slot asks nobody: it says what the latest
 * state that is known says, and since when. While the watch is broken that is not known.
 */
#include "scheduler/probe/kube/kube.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

#define FIND_NS (10 * ORD_S)

/* One object of a set, and what it said to each term. */
struct member {
	char uid[ORD_KUBE_UID]; /* first: the key */
	struct ord_said said[ORD_THAT_TERMS];
};

struct state {
	const struct ord_kube_watch *want; /* borrowed */
	struct kube_watch *watch;
	void *members; /* tsearch(3), of a set */
	struct ord_tally tally;
	json_t *object; /* owned: of one object, NULL: it is not there */
	bool synced, cut, good;
	uint64_t since; /* arrival of the change that made it good, or not */
	char why[ORD_WHY_MAX], trouble[ORD_WHY_MAX];
};

static int by_uid(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void judge(struct state *s, uint64_t at_ns)
{
	bool good = ord_that_judge(&s->want->that, s->object, &s->tally, sizeof s->why, s->why);

	if (good != s->good || !s->since)
		s->since = at_ns;
	s->good = good;
}

static struct member *find(struct state *s, const char *uid)
{
	struct member key;
	void *found;

	(void)snprintf(key.uid, sizeof key.uid, "%s", uid);
	found = tfind(&key, &s->members, by_uid);
	return found ? *(struct member **)found : NULL;
}

static void take_member(struct state *s, enum kube_event e, const json_t *object)
{
	const struct ord_that *that = &s->want->that;
	const char *uid =
		json_string_value(json_object_get(json_object_get(object, "metadata"), "uid"));
	struct member *m = uid ? find(s, uid) : NULL;

	if (!uid)
		return;
	if (m)
		ord_tally_add(&s->tally, that, m->said, -1);
	if (e == KUBE_DELETED) {
		if (m)
			(void)tdelete(m, &s->members, by_uid);
		free(m);
		return;
	}
	if (!m) {
		m = calloc(1, sizeof *m);
		if (!m)
			return;
		(void)snprintf(m->uid, sizeof m->uid, "%s", uid);
		if (!tsearch(m, &s->members, by_uid)) {
			free(m);
			return;
		}
	}
	for (size_t i = 0; i < that->n; i++)
		m->said[i] = ord_term_ask(&that->v[i], object);
	ord_tally_add(&s->tally, that, m->said, 1);
}

static void take(struct state *s, enum kube_event e, const json_t *object)
{
	if (s->want->that.of_set) {
		take_member(s, e, object);
		return;
	}
	json_decref(s->object);
	s->object = e == KUBE_DELETED ? NULL : json_deep_copy(object);
}

static void on_event(void *arg, enum kube_event e, const json_t *object, uint64_t at_ns)
{
	struct state *s = arg;

	switch (e) {
	case KUBE_ADDED:
	case KUBE_MODIFIED:
	case KUBE_DELETED:
		take(s, e, object);
		if (s->synced)
			judge(s, at_ns);
		break;
	case KUBE_SYNCED:
		s->synced = true;
		judge(s, at_ns);
		break;
	case KUBE_CUT:
		s->cut = true;
		(void)snprintf(s->trouble, sizeof s->trouble, "the watch is broken");
		break;
	case KUBE_RESUMED:
		s->cut = false;
		break;
	}
}

static void on_error(void *arg, const struct ord_err *err)
{
	struct state *s = arg;

	(void)snprintf(s->trouble, sizeof s->trouble, "%.*s", ORD_WHY_MAX - 1, err->msg);
}

static int kube_probe_open(struct prb_probe *p, struct ord_err *err)
{
	const struct ord_kube_watch *want = p->spec->kube;
	struct kube *k = p->host->cluster;
	struct state *s = calloc(1, sizeof *s);
	struct kube_set set = {.selector = want->selector, .field_selector = want->field_selector};
	char field[ORD_KUBE_NAME + 20];

	if (!s)
		return ord_fail_nomem(err);
	p->state = s;
	s->want = want;
	(void)snprintf(s->trouble, sizeof s->trouble, "the watch has not begun");
	if (kube_kind_find(k, want->api_version, want->kind, ord_now_ns() + FIND_NS, &set.kind,
			   err) < 0)
		return -1;
	set.ns = *want->ns ? want->ns : NULL;
	if (*want->name) {
		(void)snprintf(field, sizeof field, "metadata.name=%s", want->name);
		set.field_selector = field;
	}
	return kube_watch_open(k, &set, on_event, on_error, s, &s->watch, err);
}

static void kube_probe_sample(struct prb_probe *p, struct prb_sample *sample)
{
	const struct state *s = p->state;

	if (!s->synced || s->cut) {
		p->host->answered(sample, ORD_OUTCOME_LOCAL_ERROR, s->trouble);
		return;
	}
	sample->s.since = s->since;
	p->host->answered(sample, s->good ? ORD_OUTCOME_OK : ORD_OUTCOME_WRONG, s->why);
}

/* Nothing is ever in flight. */
static void kube_probe_cancel(struct prb_probe *p, struct prb_sample *sample)
{
	(void)p;
	(void)sample;
}

static void kube_probe_close(struct prb_probe *p)
{
	struct state *s = p->state;

	if (!s)
		return;
	kube_watch_close(s->watch);
	tdestroy(s->members, free);
	json_decref(s->object);
	free(s);
	p->state = NULL;
}

const struct prb_kind prb_kube = {
	.name = "kube",
	.open = kube_probe_open,
	.sample = kube_probe_sample,
	.cancel = kube_probe_cancel,
	.close = kube_probe_close,
};
