/* The method and its limits, and how to run it again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/member.h"
#include "reports/write/html.h"
#include "reports/write/policy.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define PHASES_MAX 40
#define ONSETS_MAX 40

/* The command again, and what makes it the same. */
void ord_html_replay(const struct ord_analysis *a, FILE *out)
{
	ord_autofree char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	ord_write_replay(a, f);
	if (fclose(f))
		return;
	(void)fputs("<pre tabindex=\"0\" aria-label=\"Command\">", out);
	ord_xml_text(out, text);
	(void)fprintf(out,
		      "</pre><p class=\"small dim\" style=\"margin-top:8px\">Seed %" PRId64
		      ", plan <code>",
		      ord_member_int(a->t->plan, "seed", 0));
	ord_xml_text(out, ord_member_text(a->t->plan, "hash", ""));
	(void)fputs("</code>. The same spec and seed give the same plan.</p>", out);
}

/* Both onsets where they differ, and both recoveries where the series show an onset. */
static void onsets_of(const struct ord_analysis *a, FILE *out)
{
	char rule[ORD_TEXT], segments[ORD_TEXT];
	unsigned n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_rep *r = &a->reps[i];

		if (!r->onset_segmented.known)
			continue;
		if (n++ == ONSETS_MAX) {
			(void)fputs(" The others stand in report.json.", out);
			return;
		}
		(void)fprintf(out, " Repetition %u: ", i);
		if (r->onset == ORD_ONSET_DIFFERS)
			(void)fprintf(out, "onset %s by the rule, %s by segmentation; ",
				      ord_text_instant(&r->impact, r->zero, rule),
				      ord_text_instant(&r->onset_segmented, r->zero, segments));
		(void)fprintf(out, "recovery %s by the rule, %s by segmentation.",
			      ord_text_instant(&r->recovered, r->zero, rule),
			      ord_text_instant(&r->recovered_segmented, r->zero, segments));
	}
}

/* The onset by the rule beside the one by segmentation, over the repetitions. */
static void onset(const struct ord_analysis *a, FILE *out)
{
	size_t agrees = 0, differs = 0, alone = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		switch (a->reps[i].onset) {
		case ORD_ONSET_AGREES:
			agrees++;
			break;
		case ORD_ONSET_DIFFERS:
			differs++;
			break;
		case ORD_ONSET_ONLY_RULE:
		case ORD_ONSET_ONLY_SEGMENTS:
			alone++;
			break;
		case ORD_ONSET_NOT_COMPARED:
		case ORD_ONSET_NEITHER:
			break;
		}
	if (!(agrees + differs + alone))
		return;
	(void)fprintf(
		out,
		"<li>The onset by segmentation of the series, which knows no limits, agrees with "
		"the first bad sample within two periods in %zu, differs in %zu, and is seen by "
		"one of the two alone in %zu repetitions.",
		agrees, differs, alone);
	onsets_of(a, out);
	(void)fputs("</li>\n", out);
}

static void phases(const struct ord_analysis *a, FILE *out)
{
	unsigned n = 0;
	char text[ORD_TEXT];

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_rep *r = &a->reps[i];

		if (!r->phase.known || n == PHASES_MAX)
			continue;
		if (!n++)
			(void)fprintf(
				out,
				"<li>Before each fault a seeded random wait within %s, so that it "
				"does not fall on the same phase of scrapes and evaluations: ",
				ord_text_duration(r->phase_over, text));
		(void)fprintf(out, "%s%s", n > 1 ? ", " : "",
			      ord_text_duration(r->phase_wait, text));
	}
	(void)fputs(n ? ".</li>\n" : "", out);
}

static void skipped(const struct ord_analysis *a, FILE *out)
{
	size_t n = 0, all = 0;

	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		for (size_t p = 0; p < a->t->n_probes * ORD_PARTS; p++) {
			const struct ord_part *part = &a->reps[i].parts[p];

			all += part->good + part->bad + part->unknown;
			n += part->by_outcome[ORD_TL_SKIPPED];
		}
	(void)fprintf(out,
		      "<li>Skipped slots: %zu of %zu in all; they are unknown, neither good nor "
		      "bad.</li>\n",
		      n, all);
}

static void probes(const struct ord_timeline *t, FILE *out)
{
	char text[ORD_TEXT];

	(void)fputs("<li>Probes run "
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
}

/* What was read, and by what it was written. */
static void timeline(const struct ord_timeline *t, FILE *out)
{
	const json_t *host = json_object_get(t->run, "host");

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
		      "page can be rebuilt byte for byte.</li>\n",
		      ord_member_int(host, "cpus", 0), t->n_samples, t->lines);
}

void ord_html_method(const struct ord_analysis *a, FILE *out)
{
	const struct ord_timeline *t = a->t;
	char text[ORD_TEXT];

	(void)fputs("<div class=\"card\"><ul>\n", out);
	probes(t, out);
	(void)fprintf(out,
		      ".</li>\n<li>Recovered means good for %s on every user probe, counted from "
		      "the first good sample.</li>\n",
		      ord_text_duration(a->hold, text));
	(void)fputs("<li>A watch that ended without it is censored: “at least”, never a time to "
		    "recover.</li>\n",
		    out);
	skipped(a, out);
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
	onset(a, out);
	phases(a, out);
	ord_html_policies(a, out);
	ord_html_cluster(a, out);
	timeline(t, out);
	(void)fputs("</ul></div>\n", out);
}

void ord_html_footer(const struct ord_analysis *a, FILE *out)
{
	(void)fputs("<footer>Run ", out);
	ord_xml_text(out, ord_member_text(a->t->run, "run", ""));
	(void)fputs(", made by ordeal ", out);
	ord_xml_text(out, ord_member_text(a->t->run, "ordeal", ""));
	(void)fputs(" from run.jsonl.</footer>\n", out);
}
