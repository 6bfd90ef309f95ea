/* annotations.json: the bodies of Grafana's POST /api/annotations, in epoch milliseconds. */
#include <string.h>

#include "base/clock.h"
#include "reports/write/json.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define TEXT_MAX 500
#define TAG_MAX	 90

struct list {
	const struct ord_analysis *a;
	FILE *out;
	size_t n;
	bool failed;
};

static json_int_t ms(const struct list *l, int64_t at)
{
	return (json_int_t)((l->a->t->wall_ns + at) / (int64_t)ORD_MS);
}

/* to NULL: a point. Both instants are known. */
static void note(struct list *l, const char *tag, const struct ord_instant *from,
		 const struct ord_instant *to, const char *text)
{
	char name[TAG_MAX + 16];
	json_t *j;

	(void)snprintf(name, sizeof name, "experiment:%.*s", TAG_MAX, l->a->t->name);
	j = json_pack("{s:I,s:[s,s,o],s:o}", "time", ms(l, from->value), "tags", "ordeal", tag,
		      ord_json_clean(name, sizeof name), "text", ord_json_clean(text, TEXT_MAX));
	if (to)
		(void)json_object_set_new(
			j, "timeEnd",
			json_integer(ms(l, to->value > from->value ? to->value : from->value)));
	(void)fputs(l->n++ ? ",\n" : "[", l->out);
	l->failed |= ord_json_put(j, l->out) != 0;
}

static void faults(struct list *l, const struct ord_rep *r)
{
	char text[TEXT_MAX];

	for (size_t k = 0; r->number && k < l->a->t->n_faults; k++) {
		const struct ord_fault_result *f = &r->faults[k];

		(void)snprintf(text, sizeof text, "%.200s (%.100s) in force, repetition %u",
			       l->a->t->faults[k].name, l->a->t->faults[k].fault, r->number);
		if (f->in_force.known)
			note(l, "fault", &f->in_force, f->cleared.known ? &f->cleared : NULL, text);
	}
}

static void repetition(struct list *l, const struct ord_rep *r)
{
	const struct ord_timeline *t = l->a->t;
	char text[TEXT_MAX], span[ORD_TEXT];

	faults(l, r);
	if (r->impact.known) {
		(void)snprintf(text, sizeof text, "users impacted: %s%s, repetition %u",
			       ord_text_span(&r->bad_time, span),
			       r->bad_time.state == ORD_SPAN_CENSORED ? ", not recovered" : "",
			       r->number);
		note(l, "impact", &r->impact, r->recovered.known ? &r->recovered : NULL, text);
	}
	for (size_t p = 0; p < t->n_probes; p++) {
		const struct ord_detection *d = &r->detections[p];

		if (!t->probes[p].is_signal || d->kind != ORD_DETECTION_NOTICED)
			continue;
		(void)snprintf(text, sizeof text, "detected by %.200s%s%s, repetition %u",
			       t->probes[p].name, r->impact.known ? " after " : "",
			       r->impact.known ? ord_text_span(&d->from_impact, span) : "",
			       r->number);
		note(l, "detection", &d->at, NULL, text);
	}
}

int ord_write_grafana(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	const struct ord_instant begin = {.known = true, .value = 0},
				 end = {.known = true, .value = a->t->last_t};
	struct list l = {.a = a, .out = out};

	note(&l, "run", &begin, &end, a->verdict);
	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		if (a->reps[i].begin_line)
			repetition(&l, &a->reps[i]);
	(void)fputs("]\n", out);
	return l.failed ? ord_fail_sys(err, "write the annotations") : 0;
}
