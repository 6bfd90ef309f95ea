/* Targets in a cluster for people: a line for each thing that must hold. */
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/plan/text_target.h"

static void print_texts(const char *label, const struct ord_texts *t, FILE *out)
{
	if (!t->n)
		return;
	(void)fprintf(out, "               %s ", label);
	for (size_t i = 0; i < t->n; i++) {
		if (i == 8) {
			(void)fprintf(out, " or one of %zu more", t->n - i);
			break;
		}
		(void)fprintf(out, "%s%s", i ? " or " : "", t->v[i]);
	}
	(void)fputc('\n', out);
}

static void print_word(const char *label, const char *text, FILE *out)
{
	if (text)
		(void)fprintf(out, "               %s %s\n", label, text);
}

static void print_age(const char *label, uint64_t ns, FILE *out)
{
	char age[32];

	if (ns)
		(void)fprintf(out, "               %s %s\n", label,
			      ord_format_duration((int64_t)ns, age));
}

static void print_filter(const struct ord_kube_filter *f, FILE *out)
{
	print_texts("name", &f->names, out);
	print_texts("namespace", &f->namespaces, out);
	print_word("namespaces with labels", f->namespace_selector, out);
	print_word("labels", f->selector, out);
	print_word("fields", f->field_selector, out);
	print_word("annotations", f->annotations, out);
	print_texts("owner", &f->owners, out);
	print_texts("node", &f->nodes, out);
	print_texts("zone", &f->zones, out);
	print_texts("phase", &f->phases, out);
	print_word("condition", f->condition, out);
	print_texts("container", &f->containers, out);
	print_age("at least so old:", f->older_ns, out);
	print_age("at most so old:", f->younger_ns, out);
}

static void print_share(const struct ord_target *t, FILE *out)
{
	static const char *const spreads[] = {[ORD_SPREAD_NONE] = "",
					      [ORD_SPREAD_NODE] = ", spread over nodes",
					      [ORD_SPREAD_ZONE] = ", spread over zones"};
	char percent[32];

	if (t->all)
		(void)fprintf(out, "all that match");
	else if (t->percent_ppm)
		(void)fprintf(out, "%s of those that match, rounded up",
			      ord_format_percent(t->percent_ppm, percent));
	else if (t->count)
		(void)fprintf(out, "%u of those that match", t->count);
	else
		(void)fprintf(out, "the one that matches");
	(void)fprintf(out, "%s%s\n", spreads[t->kube->spread],
		      t->kube->follow ? "; pods that come to match meanwhile are hit too" : "");
}

void print_cluster_target(const char *label, const struct ord_target *t, FILE *out)
{
	const struct ord_kube_target *k = t->kube;

	(void)fprintf(out, "    %-11s%s", label, ord_target_kind_name(t->kind));
	if (*k->kind)
		(void)fprintf(out, " (%s)", k->kind);
	(void)fprintf(out, ": ");
	print_share(t, out);
	print_filter(&k->match, out);
	if (k->has_exclude) {
		(void)fprintf(out, "    but not\n");
		print_filter(&k->exclude, out);
	}
}

void print_cluster_place(const struct ord_resolved *r, FILE *out)
{
	const struct ord_cluster_place *p = r->place.cluster;

	(void)fprintf(out, "    now        ");
	if (p->n > 1)
		(void)fprintf(out, "%zu: ", p->n);
	for (size_t i = 0; i < p->n; i++) {
		if (i == 8) {
			(void)fprintf(out, ", and %zu more", p->n - i);
			break;
		}
		(void)fprintf(out, "%s%s %s%s%s", i ? ", " : "", p->v[i].kind, p->v[i].ns,
			      *p->v[i].ns ? "/" : "", p->v[i].name);
	}
	if (!p->n)
		(void)fprintf(out, "nothing yet; what comes to match is hit");
	(void)fprintf(out, "\n    resolved   %.16s\n", r->hash);
}
