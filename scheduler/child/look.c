#include "scheduler/child/look.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

static const char *text(const json_t *line, const char *key)
{
	const char *s = json_string_value(json_object_get(line, key));

	return s ? s : "";
}

static void copy(char *out, size_t size, const char *from)
{
	(void)snprintf(out, size, "%.*s", (int)size - 1, from);
}

void look_init(struct ord_child_look *look)
{
	*look = (struct ord_child_look){.reps = 1};
	copy(look->phase, sizeof look->phase, "starting");
}

static void on_run(struct ord_child_look *look, const json_t *line)
{
	const json_t *plan = json_object_get(line, "plan"), *item;
	size_t i;

	copy(look->run, sizeof look->run, text(line, "run"));
	look->reps = json_integer_value(json_object_get(plan, "repetitions"));
	look->n_probes = look->n_faults = 0;
	json_array_foreach (json_object_get(plan, "probes"), i, item) {
		struct ord_child_probe *p = &look->probes[look->n_probes];

		if (look->n_probes == ORD_PROBES_MAX)
			break;
		*p = (struct ord_child_probe){.last = -1, .latency_ns = -1};
		copy(p->name, sizeof p->name, text(item, "name"));
		p->signal = !strcmp(text(item, "role"), "signal");
		look->n_probes++;
	}
	json_array_foreach (json_object_get(plan, "faults"), i, item) {
		struct ord_child_fault *f = &look->faults[look->n_faults];

		if (look->n_faults == ORD_FAULTS_MAX)
			break;
		*f = (struct ord_child_fault){.state = "waiting"};
		copy(f->name, sizeof f->name, text(item, "name"));
		copy(f->fault, sizeof f->fault, text(item, "fault"));
		look->n_faults++;
	}
}

/* The four states that matter to who watches; NULL: as it was. */
static const char *shown_state(const char *state)
{
	static const char *const shown[][2] = {
		{"requested", "waiting"},  {"checked", "waiting"},   {"injected", "injected"},
		{"reverting", "injected"}, {"reverted", "reverted"}, {"failed", "failed"},
		{"lost", "failed"},
	};

	for (size_t i = 0; i < ORD_COUNT(shown); i++)
		if (!strcmp(state, shown[i][0]))
			return shown[i][1];
	return NULL;
}

static void on_fault(struct ord_child_look *look, const json_t *line)
{
	const char *state = shown_state(text(line, "state"));

	for (size_t i = 0; state && i < look->n_faults; i++)
		if (!strcmp(look->faults[i].name, text(line, "fault")))
			look->faults[i].state = state;
}

static void on_event(struct ord_child_look *look, struct look_end *end, const json_t *line)
{
	const char *e = text(line, "e");
	const json_t *rep = json_object_get(line, "rep"), *t = json_object_get(line, "t");

	if (json_is_integer(rep))
		look->rep = json_integer_value(rep);
	if (json_is_integer(t))
		look->t_ns = json_integer_value(t);
	if (!strcmp(e, "run")) {
		on_run(look, line);
	} else if (!strcmp(e, "phase")) {
		copy(look->phase, sizeof look->phase, text(line, "phase"));
	} else if (!strcmp(e, "fault")) {
		on_fault(look, line);
	} else if (!strcmp(e, "end")) {
		copy(look->phase, sizeof look->phase, "report");
	} else if (!strcmp(e, "verdict")) {
		copy(end->verdict, sizeof end->verdict, text(line, "verdict"));
		copy(end->dir, sizeof end->dir, text(line, "dir"));
	}
}

/* The text behind `key` in a line that is no C string; NULL where it is not there. */
static const char *behind(const char *line, size_t size, const char *key)
{
	const char *at = memmem(line, size, key, strlen(key));

	return at ? at + strlen(key) : NULL;
}

static int64_t number(const char *at)
{
	return at ? strtoll(at, NULL, 10) : 0;
}

/*
 * Samples may be a thousand a second, and are written by hand in one order of keys (docs/formats/
 * timeline.md): they are read by hand, as the view of `run` does. The line ends in '}', so that a
 * number in it ends, too.
 */
static void on_sample(struct ord_child_look *look, const char *line, size_t size)
{
	const char *name = behind(line, size, ",\"p\":\"");
	const char *good = behind(line, size, ",\"good\":");
	const char *due = behind(line, size, ",\"due\":"), *done = behind(line, size, ",\"done\":");
	size_t left = name ? (size_t)(line + size - name) : 0;

	look->t_ns = number(line + sizeof "{\"t\":" - 1);
	for (size_t i = 0; i < look->n_probes; i++) {
		struct ord_child_probe *p = &look->probes[i];
		size_t n = strlen(p->name);

		if (n >= left || memcmp(name, p->name, n) != 0 || name[n] != '"')
			continue;
		p->last = !good ? -1 : *good == 't';
		p->good += p->last == 1;
		p->bad += p->last == 0;
		p->unknown += p->last == -1;
		p->latency_ns = number(done) - number(due);
		return;
	}
}

static bool is_sample(const char *line, size_t size)
{
	static const char begin[] = "{\"t\":", e[] = ",\"e\":\"sample\"";
	const char *at = memchr(line, ',', size);

	return size > sizeof begin && !memcmp(line, begin, sizeof begin - 1) &&
	       line[size - 1] == '}' && at && (size_t)(line + size - at) >= sizeof e &&
	       !memcmp(at, e, sizeof e - 1);
}

void look_line(struct ord_child_look *look, struct look_end *end, const char *line, size_t size)
{
	if (is_sample(line, size)) {
		on_sample(look, line, size);
	} else {
		ord_auto(json) json_t *event = json_loadb(line, size, 0, NULL);

		if (event)
			on_event(look, end, event);
	}
}

void look_taken(struct ord_child_look *look)
{
	for (size_t i = 0; i < look->n_probes; i++)
		look->probes[i].good = look->probes[i].bad = look->probes[i].unknown = 0;
}
