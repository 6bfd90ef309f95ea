/* Samples and latency, the faults, the method and its limits. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define FAULT_ROWS_MAX 200

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
	for (uint32_t i = 1; i <= a->t->repetitions && rows < FAULT_ROWS_MAX; i++) {
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

void ord_html_faults(const struct ord_analysis *a, FILE *out)
{
	if (!a->t->n_faults)
		return;
	(void)fputs("<section><h2>Faults</h2>\n", out);
	for (size_t k = 0; k < a->t->n_faults; k++)
		one_fault(a, k, out);
	(void)fputs("</section>\n", out);
}

/* A word as a shell takes it: quoted where it needs to be. */
static void shell_word(const char *s, FILE *out)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%[]";

	if (*s && !s[strspn(s, plain)]) {
		ord_xml_text(out, s);
		return;
	}
	(void)fputc('\'', out);
	while (*s) {
		size_t n = strcspn(s, "'");
		char *piece = strndup(s, n);

		ord_xml_text(out, piece ? piece : "");
		free(piece);
		s += n;
		if (*s == '\'') {
			(void)fputs("'\\''", out);
			s++;
		}
	}
	(void)fputc('\'', out);
}

/* The command again, with the seed where it was drawn. */
static void replay(const struct ord_analysis *a, FILE *out)
{
	const json_t *argv = json_object_get(a->t->run, "argv"), *w;
	int64_t seed = ord_member_int(a->t->plan, "seed", 0);
	bool seeded = false;
	size_t i;

	(void)fputs("<h3>Run it again</h3><pre>ordeal", out);
	if (!json_array_size(argv))
		(void)fputs(" run EXPERIMENT.yaml", out);
	json_array_foreach (argv, i, w) {
		const char *s = json_string_value(w), *slash = s ? strrchr(s, '/') : NULL;

		if (!s)
			continue;
		if (!i && !strcmp(slash ? slash + 1 : s, "ordeal"))
			continue;
		seeded |= !strncmp(s, "spec.seed=", 10);
		(void)fputc(' ', out);
		shell_word(s, out);
	}
	if (!seeded)
		(void)fprintf(out, " --set spec.seed=%" PRId64, seed);
	(void)fprintf(out,
		      "</pre><p class=\"small dim\" style=\"margin-top:8px\">Seed %" PRId64
		      ", plan <code>",
		      seed);
	ord_xml_text(out, ord_member_text(a->t->plan, "hash", ""));
	(void)fputs("</code>. The same spec and seed give the same plan.</p>", out);
}

void ord_html_method(const struct ord_analysis *a, FILE *out)
{
	const struct ord_timeline *t = a->t;
	const json_t *host = json_object_get(t->run, "host");
	char text[ORD_TEXT];

	(void)fputs("<section><h2>Method and limits</h2><div class=\"card\"><ul>\n<li>Probes run "
		    "on an absolute schedule and do not wait for answers; an instant is no better "
		    "known than their period: ",
		    out);
	for (size_t p = 0; p < t->n_probes && !t->probes[p].is_channel; p++) {
		(void)fputs(p ? ", " : "", out);
		ord_xml_text(out, t->probes[p].name);
		(void)fprintf(out, " %s", ord_text_duration(t->probes[p].every, text));
		if (*t->probes[p].what) {
			(void)fputs(" (", out);
			ord_xml_text_n(out, t->probes[p].what, 160);
			(void)fputs(")", out);
		}
	}
	(void)fprintf(out,
		      ".</li>\n<li>Recovered means good for %s on every user probe, counted from "
		      "the first good sample.</li>\n",
		      ord_text_duration(a->hold, text));
	(void)fputs("<li>A watch that ended without it is censored: “at least”, never a time to "
		    "recover. Skipped slots are unknown, neither good nor bad.</li>\n",
		    out);
	(void)fprintf(
		out,
		"<li>Background: %zu isolated failures in %zu user samples without a fault.</li>\n",
		a->noise_bad, a->noise_total);
	(void)fputs("<li>One clock, CLOCK_MONOTONIC of this host; UTC is its anchor at the start "
		    "of the run, so a step of the wall clock moves no figure.</li>\n",
		    out);
	(void)fprintf(out,
		      "<li>n = %u%s; medians over repetitions, no means, nothing pooled over "
		      "experiments.</li>\n",
		      t->repetitions,
		      t->repetitions < 6 ? ", too few for an interval of the median" : "");
	ord_html_cluster(a, out);
	if (t->torn)
		(void)fputs("<li>The last line of the timeline was cut off and left out.</li>\n",
			    out);
	if (t->ignored)
		(void)fprintf(out,
			      "<li>%u lines of a type that this version does not know were left "
			      "out.</li>\n",
			      t->ignored);
	(void)fputs("<li>Run ", out);
	ord_xml_text(out, ord_member_text(t->run, "run", ""));
	(void)fputs(", ordeal ", out);
	ord_xml_text(out, ord_member_text(t->run, "ordeal", ""));
	(void)fputs(", kernel ", out);
	ord_xml_text(out, ord_member_text(host, "kernel", "unknown"));
	(void)fprintf(out,
		      ", %" PRId64 " CPUs; %zu samples on %u lines of run.jsonl, from which this "
		      "page can be rebuilt byte for byte.</li>\n</ul>",
		      ord_member_int(host, "cpus", 0), t->n_samples, t->lines);
	replay(a, out);
	(void)fputs("</div></section>\n", out);
}
