/* What runs tell while they last: phases as they come, probes four times a second. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/serve/serve.h"

/* Counts are kept until the next strip. */
static void look(struct run *r)
{
	static struct ord_child_look now;
	struct ord_child_look *was = r->look;

	ord_child_look(r->child, &now);
	for (size_t i = 0; i < now.n_probes && i < was->n_probes; i++) {
		now.probes[i].good += was->probes[i].good;
		now.probes[i].bad += was->probes[i].bad;
		now.probes[i].unknown += was->probes[i].unknown;
	}
	*was = now;
}

static bool differs(const struct ord_child_look *a, const struct ord_child_look *b)
{
	if (strcmp(a->phase, b->phase) != 0 || strcmp(a->run, b->run) != 0 || a->rep != b->rep)
		return true;
	for (size_t i = 0; i < b->n_faults; i++)
		if (a->faults[i].state != b->faults[i].state)
			return true;
	return false;
}

/* Samples are the child's to count; nothing else of a run comes often. */
static bool is_sample(const char *line, size_t size)
{
	static const char e[] = "\"e\":\"sample\"";

	return memmem(line, size < 64 ? size : 64, e, sizeof e - 1);
}

void run_line(void *arg, struct ord_child *c, const char *line, size_t size)
{
	static struct ord_child_look was;
	struct run *r = arg;
	struct ord_serve *s = r->serve;

	/* One that waits has nothing to say yet. */
	if (c != r->child || is_sample(line, size))
		return;
	while (r->untold)
		(void)runs_tell(s);
	was = *r->look;
	look(r);
	if (!differs(&was, r->look))
		return;
	if (strcmp(was.phase, r->look->phase) != 0)
		r->phase_since_ns = (int64_t)ord_wall_ns();
	if (!r->named && *ord_child_dir(c)) {
		(void)snprintf(r->dir, sizeof r->dir, "%s", ord_child_dir(c));
		(void)state_put(s, run_record(r, "run"));
		r->named = true;
	}
	serve_emit(s, "phase", show_run(s, r));
}

static json_t *strip(const struct run *r)
{
	json_t *probes = json_array();

	for (size_t i = 0; i < r->look->n_probes; i++) {
		struct ord_child_probe *p = &r->look->probes[i];
		json_t *one =
			json_pack("{s:s,s:I,s:I,s:I}", "name", p->name, "good", (json_int_t)p->good,
				  "bad", (json_int_t)p->bad, "unknown", (json_int_t)p->unknown);

		(void)json_object_set_new(
			one, "latency_ms",
			p->latency_ns < 0 ? json_null() : json_real((double)p->latency_ns / 1e6));
		(void)json_array_append_new(probes, one);
		p->good = p->bad = p->unknown = 0;
	}
	return probes;
}

void runs_strips(struct ord_serve *s)
{
	show_flush(s);
	for (struct run *r = s->first; r && s->event; r = r->next) {
		char key[24];

		if (!r->child || !*r->look->run)
			continue;
		look(r);
		serve_emit(s, "strip",
			   json_pack("{s:s,s:s,s:f,s:o}", "key", show_key(r, key), "run",
				     r->look->run, "t", (double)r->look->t_ns / 1e9, "probes",
				     strip(r)));
	}
}
