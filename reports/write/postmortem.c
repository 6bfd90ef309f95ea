/* A post-mortem: which section has which heading in whose house. */
#include "reports/write/postmortem.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/write/html.h"
#include "reports/write/pm.h"
#include "reports/write/text.h"

#define PARTS_MAX 6

struct section {
	unsigned level;
	const char *heading;
	ord_pm_part *parts[PARTS_MAX]; /* NULL-ended */
	const char *id, *question;     /* of a place for people below them; NULL: none */
};

static const struct section google_sre[] = {
	{2, "Authors", {0}, "authors", "Who wrote this?"},
	{2, "Status", {ord_pm_meta}, NULL, NULL},
	{2, "Summary", {ord_pm_summary, ord_pm_promises}, NULL, NULL},
	{2, "Impact", {ord_pm_impact}, NULL, NULL},
	{2, "Root Causes", {ord_pm_cause}, NULL, NULL},
	{2, "Trigger", {ord_pm_trigger}, NULL, NULL},
	{2, "Resolution", {ord_pm_recovery, ord_pm_response}, NULL, NULL},
	{2, "Detection", {ord_pm_detection}, NULL, NULL},
	{2, "Action Items", {ord_pm_actions}, NULL, NULL},
	{2, "Lessons Learned", {0}, NULL, NULL},
	{3, "What went well", {ord_pm_well}, NULL, NULL},
	{3, "What went wrong", {ord_pm_wrong}, NULL, NULL},
	{3, "Where we got lucky", {ord_pm_lucky}, NULL, NULL},
	{2, "Timeline", {ord_pm_timeline}, NULL, NULL},
	{2, "Supporting information", {ord_pm_support}, NULL, NULL},
	{0},
};

static const struct section pagerduty[] = {
	{2, "Postmortem Owner", {ord_pm_meta}, "owner", "Who owns this post-mortem?"},
	{2, "Meeting Scheduled For", {0}, "meeting", "When is it talked about?"},
	{2, "Call Recording", {0}, "recording", "Where is the recording of the call?"},
	{2, "Overview", {ord_pm_summary, ord_pm_promises}, NULL, NULL},
	{2, "What Happened", {ord_pm_trigger, ord_pm_detection, ord_pm_response}, NULL, NULL},
	{2, "Contributing Factors", {ord_pm_cause}, NULL, NULL},
	{2, "Resolution", {ord_pm_recovery}, NULL, NULL},
	{2, "Impact", {ord_pm_impact}, NULL, NULL},
	{2,
	 "Responders",
	 {0},
	 "responders",
	 "Which roles took part: incident commander, scribe, others?"},
	{2, "Timeline", {ord_pm_timeline}, NULL, NULL},
	{2, "How'd We Do?", {0}, NULL, NULL},
	{3, "What Went Well?", {ord_pm_well}, NULL, NULL},
	{3, "What Didn't Go So Well?", {ord_pm_wrong, ord_pm_lucky}, NULL, NULL},
	{2, "Action Items", {ord_pm_actions, ord_pm_support}, NULL, NULL},
	{2, "Messaging", {0}, NULL, NULL},
	{3, "Internal Email", {0}, "internal", "What is told inside?"},
	{3, "External Message", {0}, "external", "Summary, what happened, what is done about it?"},
	{0},
};

static const struct section atlassian[] = {
	{2, "Incident summary", {ord_pm_meta, ord_pm_summary, ord_pm_promises}, NULL, NULL},
	{2, "Leadup", {0}, "leadup", "What had changed before? How did the system stand then?"},
	{2, "Fault", {ord_pm_trigger}, NULL, NULL},
	{2, "Impact", {ord_pm_impact}, NULL, NULL},
	{2, "Detection", {ord_pm_detection}, NULL, NULL},
	{2, "Response", {ord_pm_response}, NULL, NULL},
	{2, "Recovery", {ord_pm_recovery}, NULL, NULL},
	{2, "Timeline", {ord_pm_timeline}, NULL, NULL},
	{2,
	 "Root cause identification: The Five Whys",
	 {0},
	 "whys",
	 "How did each step come from the one before it, five times?"},
	{2, "Root cause", {ord_pm_cause}, NULL, NULL},
	{2, "Backlog check", {0}, "backlog", "What in the backlog would have made a difference?"},
	{2, "Recurrence", {0}, "recurrence", "Has this been seen before? How often?"},
	{2, "Lessons learned", {ord_pm_well, ord_pm_wrong, ord_pm_lucky}, NULL, NULL},
	{2, "Corrective actions", {ord_pm_actions, ord_pm_support}, NULL, NULL},
	{0},
};

static const struct {
	const char *name;
	const struct section *sections;
} styles[] = {
	{"google-sre", google_sre},
	{"pagerduty", pagerduty},
	{"atlassian", atlassian},
};

static const struct section *find(const char *name)
{
	for (size_t i = 0; i < ORD_COUNT(styles); i++)
		if (!strcmp(styles[i].name, name))
			return styles[i].sections;
	return NULL;
}

int ord_postmortem_style_check(const char *style, struct ord_err *err)
{
	if (find(style))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"'%.32s' is not a style; there are google-sre, pagerduty and atlassian",
			style);
}

static void html_head(const struct ord_pm *pm)
{
	(void)fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
		    "name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta "
		    "name=\"referrer\" content=\"no-referrer\"><title>Post-mortem: ",
		    pm->out);
	ord_xml_text(pm->out, pm->main->t->name);
	(void)fputs(" · ordeal</title>\n<style>\n", pm->out);
	for (size_t i = 0; ord_html_style[i]; i++)
		(void)fputs(ord_html_style[i], pm->out);
	(void)fputs(
		"</style></head><body>\n<a class=\"skip\" href=\"#main\">Skip to the text</a>\n",
		pm->out);
}

/* The title, and a way to each section. */
static void html_contents(const struct ord_pm *pm, const char *title, const struct section *s)
{
	(void)fputs("<header>", pm->out);
	ord_pm_heading(pm, 1, title, "top");
	(void)fputs("</header>\n<nav aria-label=\"On this page\"><ul>", pm->out);
	for (size_t i = 0; s[i].level; i++)
		if (s[i].level == 2)
			(void)fprintf(pm->out, "<li><a href=\"#s%zu\">%s</a></li>", i,
				      s[i].heading);
	(void)fputs("</ul></nav>\n<main id=\"main\" tabindex=\"-1\">\n", pm->out);
}

static void write_all(const struct ord_pm *pm, const struct section *s)
{
	char title[200], id[24];

	(void)snprintf(title, sizeof title, "Post-mortem: %.150s", pm->main->t->name);
	if (pm->html) {
		html_head(pm);
		html_contents(pm, title, s);
	} else
		ord_pm_heading(pm, 1, title, "top");
	for (size_t k = 0; s[k].level; k++) {
		(void)snprintf(id, sizeof id, "s%zu", k);
		ord_pm_heading(pm, s[k].level, s[k].heading, id);
		if (s[k].id)
			ord_pm_blank(pm, s[k].id, s[k].question);
		for (size_t i = 0; i < PARTS_MAX && s[k].parts[i]; i++)
			s[k].parts[i](pm);
	}
	(void)fputs(pm->html ? "</main>\n<footer>" : "", pm->out);
	ord_pm_covered(pm);
	(void)fputs(pm->html ? "</footer></body></html>\n" : "", pm->out);
}

void ord_postmortem_name(const struct ord_analysis *a, char out[static ORD_POSTMORTEM_NAME])
{
	char when[32];

	ord_format_utc((uint64_t)a->t->wall_ns, when);
	(void)snprintf(out, ORD_POSTMORTEM_NAME, "%.10s-%.80s", when, a->t->name);
	for (char *p = out; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
			    *p))
			*p = '-';
}

int ord_write_postmortem(const struct ord_analysis *const *runs, size_t n,
			 const struct ord_postmortem_options *options, bool html, const char *old,
			 FILE *out, struct ord_err *err)
{
	struct ord_pm pm = {.out = out,
			    .html = html,
			    .old = old,
			    .runs = runs,
			    .n = n,
			    .main = runs[0],
			    .rep = ord_html_most_telling(runs[0]),
			    .options = options};

	if (ord_postmortem_style_check(options->style, err))
		return -1;
	write_all(&pm, find(options->style));
	return 0;
}
