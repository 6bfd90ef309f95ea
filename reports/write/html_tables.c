/* Samples and latency; the faults. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

static void latency(FILE *out, const char *label, const struct ord_part *p, int64_t v)
{
	char text[ORD_TEXT], marked[ORD_TEXT + 8];

	if (v < 0) {
		ord_html_cell(out, label, "num dim", "–");
		return;
	}
	(void)snprintf(marked, sizeof marked, "%s%s", ord_text_duration(v, text),
		       p->unknown ? " *" : "");
	ord_html_cell(out, label, "num", marked);
}

static void part_row(const struct ord_tl_probe *probe, const char *when, const struct ord_part *p,
		     FILE *out)
{
	char text[ORD_TEXT], name[96];
	size_t used = 0;
	char why[200] = "";

	for (int o = 1; o < ORD_TL_OUTCOMES; o++)
		if (p->by_outcome[o] && used < sizeof why - 40)
			used += (size_t)snprintf(why + used, sizeof why - used, "%s%zu %s",
						 used ? ", " : "", p->by_outcome[o],
						 ord_tl_outcome_name((enum ord_tl_outcome)o));
	(void)snprintf(name, sizeof name, "%.64s, %s", probe->name, when);
	(void)fputs("<tr role=\"row\">", out);
	ord_html_cell(out, "probe", "lead", name);
	ord_html_cell(out, probe->is_signal ? "notices" : "good", "num",
		      ord_text_share(p->good, p->good + p->bad, text));
	(void)snprintf(text, sizeof text, "%zu", p->good + p->bad);
	ord_html_cell(out, "samples", "num", text);
	ord_html_cell(out, "not good", why[0] && !probe->is_signal ? "" : "empty",
		      probe->is_signal ? "" : why);
	latency(out, "p50", p, p->p50);
	latency(out, "p95", p, p->p95);
	latency(out, "p99", p, p->p99);
	latency(out, "max", p, p->max);
	(void)fputs("</tr>\n", out);
}

void ord_html_parts(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	static const char *const heads[] = {"Probe", "#Good", "#Samples", "Not good", "#p50",
					    "#p95",  "#p99",  "#Max",	  NULL};
	static const char *const when[ORD_PARTS] = {"before", "during", "after"};
	bool unknown = false;

	ord_html_table(out, "stack", "Samples and latency", heads);
	for (size_t p = 0; p < a->t->n_probes; p++)
		for (unsigned k = 0; k < ORD_PARTS; k++) {
			const struct ord_part *part = &r->parts[p * ORD_PARTS + k];

			unknown |= part->unknown > 0;
			if (part->good || part->bad || part->unknown)
				part_row(&a->t->probes[p],
					 k == ORD_PART_DURING && !r->cleared.known
						 ? "from the fault on"
						 : when[k],
					 part, out);
		}
	ord_html_table_end(out);
	(void)fputs("<p class=\"small dim\" style=\"margin-top:8px\">A p95 "
		    "needs 20 samples, a p99 100. ",
		    out);
	if (unknown)
		(void)fputs("* Slots are unknown here, so the percentiles are not valid: what was "
			    "not sent might have been slow. ",
			    out);
	if (r->noise)
		(void)fprintf(out, "%zu isolated failures are excused as background. ", r->noise);
	(void)fputs("“Good” of a signal means that it notices.</p>\n", out);
}

void ord_html_json(const json_t *j, const char *between, FILE *out)
{
	const json_t *e;
	size_t i;
	bool any = false;

	if (json_is_string(j))
		ord_xml_text(out, json_string_value(j));
	json_array_foreach (j, i, e) {
		if (!json_is_string(e))
			continue;
		if (any)
			(void)fputs(between, out);
		ord_xml_text(out, json_string_value(e));
		any = true;
	}
}

static void kv(FILE *out, const char *key, const json_t *value)
{
	if (!json_array_size(value) && !json_string_length(value))
		return;
	(void)fprintf(out, "<dt>%s</dt><dd>", key);
	ord_html_json(value, "<br>", out);
	(void)fputs("</dd>\n", out);
}

static void kv_text(FILE *out, const char *key, const char *value)
{
	if (!*value)
		return;
	(void)fprintf(out, "<dt>%s</dt><dd>", key);
	ord_xml_text(out, value);
	(void)fputs("</dd>\n", out);
}

/* {"delay":200000000,"to":[":5432"]} as it stands in the plan, compact. */
static void kv_compact(FILE *out, const char *key, const json_t *value)
{
	char *text = value && json_object_size(value)
			     ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS)
			     : NULL;

	if (!text)
		return;
	(void)fprintf(out, "<dt>%s</dt><dd class=\"mono\">", key);
	ord_xml_text(out, text);
	(void)fputs("</dd>\n", out);
	free(text);
}

static const char *promise_of(const char *guarantee)
{
	static const struct {
		const char *name, *text;
	} table[] = {
		{"kernel", "kernel: the kernel takes the effect away when its process goes"},
		{"guardian", "guardian: a second process takes the effect away if the first dies"},
		{"journal", "journal: rescue takes it away at the next start"},
		{"none", "none: it cannot be undone"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(guarantee, table[i].name))
			return table[i].text;
	return guarantee;
}

static void fault_row(const struct ord_analysis *a, const struct ord_rep *r,
		      const struct ord_fault_result *f, FILE *out)
{
	char text[ORD_TEXT], ended[300];
	struct ord_span held = ord_span_between(&f->in_force, &f->reverting);
	char *figures = f->figures ? json_dumps(f->figures, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	(void)a;
	(void)snprintf(text, sizeof text, "%u", r->number);
	(void)fputs("<tr role=\"row\">", out);
	ord_html_cell(out, "repetition", "lead", text);
	ord_html_cell(out, "in force", "num",
		      f->in_force.known ? ord_text_relative(f->in_force.value, r->zero, text)
					: "no");
	ord_html_cell(out, "for", "num",
		      held.state == ORD_SPAN_KNOWN ? ord_text_duration(held.value, text) : "–");
	if (*f->by)
		(void)snprintf(ended, sizeof ended, "taken back by %.100s", f->by);
	else if (f->over.state != ORD_SPAN_NONE)
		(void)snprintf(ended, sizeof ended, "%.100s; stood %s past its end", f->cause,
			       ord_text_duration(f->over.value, text));
	else
		(void)snprintf(ended, sizeof ended, "%s",
			       f->failed || f->lost ? f->message : f->cause);
	ord_html_cell(out, "ended by", "", ended);
	if (f->has_residue && f->residue >= 0)
		(void)snprintf(text, sizeof text, "%" PRId64, f->residue);
	else
		(void)snprintf(text, sizeof text, "not applicable");
	ord_html_cell(out, "residue", "num", text);
	(void)fputs("<td role=\"cell\" class=\"mono\" data-l=\"figures\">", out);
	ord_xml_text(out, figures ? figures : "");
	if (json_array_size(f->left)) {
		(void)fputs("<br>left: ", out);
		ord_html_json(f->left, "<br>", out);
	}
	if (json_array_size(f->kept)) {
		(void)fputs("<br>kept, another's change: ", out);
		ord_html_json(f->kept, "<br>", out);
	}
	(void)fputs("</td></tr>\n", out);
	free(figures);
}

static void one_fault(const struct ord_analysis *a, size_t k, FILE *out)
{
	static const char *const heads[] = {"#",	"#In force", "#For", "Ended by",
					    "#Residue", "Figures",   NULL};
	const struct ord_tl_fault *f = &a->t->faults[k];
	const struct ord_fault_result *some = &a->reps[1].faults[k];
	unsigned rows = 0;

	(void)fputs("<div class=\"card\"><h3>", out);
	ord_xml_text(out, f->name);
	(void)fputs("</h3><dl class=\"kv\">\n", out);
	kv_text(out, "fault", f->fault);
	kv_text(out, "class", promise_of(some->guarantee));
	kv_text(out, "engine", some->engine);
	kv_compact(out, "parameters", json_object_get(f->json, "args"));
	kv_compact(out, "target", json_object_get(f->json, "target"));
	kv_text(out, "who feels it", ord_member_text(f->json, "blast", ""));
	kv(out, "made", some->objects);
	kv(out, "notes", some->notes);
	(void)fputs("</dl>\n", out);
	for (uint32_t i = 1; i <= a->t->repetitions && rows < ORD_HTML_REPS_MAX; i++) {
		if (!a->reps[i].faults[k].requested.known)
			continue;
		if (!rows++)
			ord_html_table(out, "stack", "In each repetition", heads);
		fault_row(a, &a->reps[i], &a->reps[i].faults[k], out);
	}
	if (rows)
		ord_html_table_end(out);
	(void)fputs("</div>\n", out);
}

bool ord_html_has_faults(const struct ord_analysis *a)
{
	return a->t->n_faults > 0;
}

void ord_html_faults(const struct ord_analysis *a, FILE *out)
{
	for (size_t k = 0; k < a->t->n_faults; k++)
		one_fault(a, k, out);
}
