#include "cli/looked.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"

#define CHOSEN_MAX 100 /* lines of those that are hit, in text */
#define LINES_MAX  20  /* of the others; then a line for each reason */
#define SOME_MAX   3   /* names beside a reason */
#define JSON_MAX   1000
#define WIDTH_MAX  48

static const char *const states[] = {[ORD_TOLD_CHOSEN] = "chosen",
				     [ORD_TOLD_NOT_CHOSEN] = "not-chosen",
				     [ORD_TOLD_PROTECTED] = "protected",
				     [ORD_TOLD_NO_MATCH] = "no-match"};

int cli_looked_init(struct cli_looked *l, bool all, struct ord_err *err)
{
	l->chosen = json_array();
	l->others = json_array();
	l->reasons = json_object();
	l->n_shown = all ? JSON_MAX : LINES_MAX;
	return l->chosen && l->others && l->reasons ? 0 : ord_fail_nomem(err);
}

void cli_looked_done(struct cli_looked *l)
{
	json_decref(l->chosen);
	json_decref(l->others);
	json_decref(l->reasons);
	ord_place_done(&l->place);
}

static json_t *object_json(const struct ord_object *o)
{
	return json_pack("[sssss]", o->api_version, o->kind, o->ns, o->name, o->uid);
}

static const char *full_name(const struct ord_object *o, size_t size, char *out)
{
	(void)snprintf(out, size, "%s%s%s", o->ns, *o->ns ? "/" : "", o->name);
	return out;
}

static bool count_reason(struct cli_looked *l, const struct ord_object *o, enum ord_told what,
			 const char *why)
{
	json_t *r = json_object_get(l->reasons, why), *some;
	char name[ORD_KUBE_NS + ORD_KUBE_NAME];

	if (!r) {
		r = json_pack("{s:I, s:s, s:[]}", "n", (json_int_t)0, "state", states[what],
			      "some");
		if (!r || json_object_set_new(l->reasons, why, r))
			return false;
	}
	some = json_object_get(r, "some");
	if (json_array_size(some) < SOME_MAX &&
	    json_array_append_new(some, json_string(full_name(o, sizeof name, name))))
		return false;
	return !json_object_set_new(r, "n",
				    json_integer(json_integer_value(json_object_get(r, "n")) + 1));
}

void cli_looked_told(void *arg, const struct ord_object *o, enum ord_told what, const char *why)
{
	struct cli_looked *l = arg;
	bool good = true;

	l->n_looked_at++;
	l->n_matching += what == ORD_TOLD_CHOSEN || what == ORD_TOLD_NOT_CHOSEN;
	if (what == ORD_TOLD_CHOSEN) {
		good = !json_array_append_new(l->chosen, object_json(o));
	} else {
		good = count_reason(l, o, what, why);
		if (l->n_others++ < l->n_shown)
			good = !json_array_append_new(l->others,
						      json_pack("{s:o, s:s, s:s}", "object",
								object_json(o), "state",
								states[what], "why", why)) &&
			       good;
	}
	l->no_memory = l->no_memory || !good;
}

/* --- for people ------------------------------------------------------------------------------ */

static const char *part(const json_t *object, size_t i)
{
	return json_string_value(json_array_get(object, i));
}

static int width_of(const json_t *object)
{
	return (int)(strlen(part(object, 1)) + strlen(part(object, 2)) + strlen(part(object, 3))) +
	       1 + (*part(object, 2) != '\0');
}

/* "Pod shop/orders-0", padded to the width. */
static void print_object(const json_t *object, int width, const char *why, FILE *out)
{
	(void)fprintf(out, "  %s %s%s%s", part(object, 1), part(object, 2),
		      *part(object, 2) ? "/" : "", part(object, 3));
	if (why)
		(void)fprintf(out, "%*s  %s",
			      width > width_of(object) ? width - width_of(object) : 0, "", why);
	(void)fputc('\n', out);
}

static void print_chosen(const struct cli_looked *l, FILE *out)
{
	const json_t *object;
	size_t i;

	json_array_foreach (l->chosen, i, object) {
		if (i == CHOSEN_MAX) {
			(void)fprintf(out, "  and %zu more (--json lists them)\n",
				      json_array_size(l->chosen) - i);
			break;
		}
		print_object(object, 0, NULL, out);
	}
}

static void print_each(const struct cli_looked *l, FILE *out)
{
	const json_t *entry;
	int width = 0;
	size_t i;

	json_array_foreach (l->others, i, entry) {
		int w = width_of(json_object_get(entry, "object"));

		width = w > width && w <= WIDTH_MAX ? w : width;
	}
	json_array_foreach (l->others, i, entry)
		print_object(json_object_get(entry, "object"), width,
			     json_string_value(json_object_get(entry, "why")), out);
}

struct reason {
	const char *why;
	const json_t *entry;
	json_int_t n;
};

static int by_number(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->why, y->why);
}

static void print_reason(const struct reason *r, FILE *out)
{
	const json_t *some = json_object_get(r->entry, "some"), *name;
	size_t i;

	(void)fprintf(out, "  %6lld  %s: ", (long long)r->n, r->why);
	json_array_foreach (some, i, name)
		(void)fprintf(out, "%s%s", i ? ", " : "", json_string_value(name));
	(void)fputs((size_t)r->n > json_array_size(some) ? ", ...\n" : "\n", out);
}

/* The most frequent first. */
static void print_reasons(const struct cli_looked *l, FILE *out)
{
	size_t n = 0, size = json_object_size(l->reasons);
	ord_autofree struct reason *v = calloc(size + 1, sizeof *v);
	json_int_t rest = 0;
	const char *why;
	json_t *entry;

	if (!v)
		return;
	json_object_foreach (l->reasons, why, entry)
		v[n++] = (struct reason){why, entry,
					 json_integer_value(json_object_get(entry, "n"))};
	qsort(v, n, sizeof *v, by_number);
	for (size_t i = 0; i < n; i++)
		if (i < LINES_MAX)
			print_reason(&v[i], out);
		else
			rest += v[i].n;
	if (rest)
		(void)fprintf(out, "  %6lld  for %zu other reasons (--json lists them)\n",
			      (long long)rest, n - LINES_MAX);
}

static void print_place(const struct ord_place *place, FILE *out)
{
	if (place->host)
		(void)fputs("  the machine\n", out);
	for (size_t i = 0; i < place->n_procs; i++)
		(void)fprintf(out, "  %s (pid %d)\n", place->procs[i].comm,
			      (int)place->procs[i].pid);
	if (!place->host && !place->n_procs && *place->netns)
		(void)fprintf(out, "  network namespace %s\n", place->netns);
	if (!place->host && !place->n_procs && !*place->netns && *place->cgroup)
		(void)fprintf(out, "  control group %s\n", place->cgroup);
}

static void print_head(const struct cli_looked *l, FILE *out)
{
	char percent[32];

	if (l->name)
		(void)fprintf(out, "%s (%s): ", l->name, l->effect);
	if (l->failed) {
		(void)fprintf(out, "nothing would be hit: %s\n", l->wrong.msg);
		return;
	}
	if (!l->place.cluster) {
		(void)fputs("would be hit\n", out);
		return;
	}
	(void)fprintf(out, "%zu", l->n_targets);
	if (l->n_matching != l->n_targets)
		(void)fprintf(out, " of the %zu that match", l->n_matching);
	(void)fputs(" would be hit", out);
	if (l->target->percent_ppm)
		(void)fprintf(out, " (%s, rounded up)",
			      ord_format_percent(l->target->percent_ppm, percent));
	(void)fprintf(out, ", in context %s\n", l->place.cluster->context);
	if (l->seed_drawn && l->n_matching != l->n_targets)
		(void)fprintf(
			out,
			"  drawn by seed %llu; a run draws another, unless --seed or spec.seed "
			"says which\n",
			(unsigned long long)l->seed);
}

void cli_looked_print(const struct cli_looked *l, FILE *out)
{
	print_head(l, out);
	print_chosen(l, out);
	if (!l->failed)
		print_place(&l->place, out);
	if (!l->n_others)
		return;
	(void)fprintf(out, " not hit, of %zu that were looked at: %zu\n", l->n_looked_at,
		      l->n_others);
	if (l->n_others <= l->n_shown)
		print_each(l, out);
	else
		print_reasons(l, out);
}

/* --- for programs ---------------------------------------------------------------------------- */

json_t *cli_looked_json(const struct cli_looked *l)
{
	json_t *entry =
		json_pack("{s:O, s:O, s:O, s:I, s:I, s:I, s:I}", "chosen", l->chosen, "others",
			  l->others, "reasons", l->reasons, "n_looked_at",
			  (json_int_t)l->n_looked_at, "n_matching", (json_int_t)l->n_matching,
			  "n_others", (json_int_t)l->n_others, "seed", (json_int_t)l->seed);

	if (entry && l->name)
		(void)json_object_update_new(
			entry, json_pack("{s:s, s:s}", "fault", l->name, "effect", l->effect));
	if (entry && l->failed)
		(void)json_object_set_new(entry, "why", json_string(l->wrong.msg));
	else if (entry)
		(void)json_object_set_new(entry, "place", ord_place_to_json(&l->place));
	return entry;
}
