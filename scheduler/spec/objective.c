/* Objectives: what the system must achieve, a sentence each. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "ordeal/alert.h"
#include "scheduler/spec/detection.h"
#include "scheduler/spec/scan.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define DAY (24 * 3600 * (int64_t)ORD_S)

static const char detect_form[] = "it as in 'detect(breaker) within 2s'";
static const char recover_form[] = "it as in 'recover(self) within 10s hold 3s'";
static const char budget_form[] = "it as in 'budget(99.9%, 30d) < 1%'";
static const char regression_form[] = "it as in 'no_regression(ttr) margin 25% against main'";

/* As far as the bracket: globs and '=' are no letters of other words. */
static int kube_channel(struct scan *s, struct ord_objective *o)
{
	const char *from = s->text + s->at;
	struct ord_that_mistake m;

	o->source = ORD_CHANNEL_KUBERNETES;
	if (scan_take(s, strcspn(from, " \t)"), o->channel, sizeof o->channel, "a channel"))
		return -1;
	if (ord_channel_parse(o->channel, &o->kube, &m))
		return scan_wrong(s, s->at + m.at, "%s", m.text);
	return 0;
}

static int alert_channel(struct scan *s, struct ord_objective *o)
{
	struct ord_alert alert;

	if (scan_alert(s, &alert, o->channel))
		return -1;
	o->source = alert.alertmanager ? ORD_CHANNEL_ALERTMANAGER : ORD_CHANNEL_PROMETHEUS;
	return 0;
}

static bool name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && n < ORD_NAME_MAX && !name[n] && *name != '-' && name[n - 1] != '-';
}

/* "log:NAME", "mark", "mark:ROLE"; the name begins at `skip`. */
static int named_channel(struct scan *s, struct ord_objective *o, size_t skip, const char *what)
{
	const char *name = s->word + skip;

	if (!name_ok(name))
		return scan_wrong(s, s->at + skip,
				  "'%.60s' is not the name of %s: small letters, digits and dashes "
				  "between them",
				  name, what);
	(void)snprintf(o->channel, sizeof o->channel, "%s", s->word);
	return 0;
}

static int log_channel(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	o->source = ORD_CHANNEL_LOG;
	if (named_channel(s, o, 4, "a log"))
		return -1;
	probe->at = s->at + 4;
	(void)snprintf(probe->name, sizeof probe->name, "%.63s", s->word + 4);
	return 0;
}

static int mark_channel(struct scan *s, struct ord_objective *o)
{
	o->source = ORD_CHANNEL_MARK;
	if (!strcmp(s->word, "mark")) {
		(void)snprintf(o->channel, sizeof o->channel, "mark");
		return 0;
	}
	return named_channel(s, o, 5, "a role");
}

static int probe_channel(struct scan *s, struct language_probe *probe)
{
	static const char *const sources[] = {
		"prometheus:", "alertmanager:", "kubernetes:", "log:", "mark:"};
	const char *colon = strchr(s->word, ':'), *near = NULL;
	char source[SCAN_WORD_MAX];

	if (colon) {
		(void)snprintf(source, sizeof source, "%.*s", (int)(colon - s->word) + 1, s->word);
		near = ord_nearest(source, sources, ORD_COUNT(sources));
		return scan_wrong(s, s->at, "unknown channel '%.60s'; %s%s%s", s->word,
				  near ? "did you mean '" : "there are ",
				  near ? near
				       : "a probe's name, prometheus:, alertmanager:, "
					 "kubernetes:, log: and mark",
				  near ? "'?" : "");
	}
	if (strlen(s->word) >= sizeof probe->name)
		return scan_wrong(s, s->at, "the probe's name is longer than %d characters",
				  ORD_NAME_MAX - 1);
	probe->at = s->at;
	memcpy(probe->name, s->word, strlen(s->word) + 1);
	return 0;
}

/* The channel that begins with the last word. */
static int channel_of(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	if (!strncmp(s->word, "kubernetes:", 11))
		return kube_channel(s, o);
	if (!strncmp(s->word, "prometheus:", 11) || !strncmp(s->word, "alertmanager:", 13))
		return alert_channel(s, o);
	if (!strncmp(s->word, "log:", 4))
		return log_channel(s, o, probe);
	if (!strcmp(s->word, "mark") || !strncmp(s->word, "mark:", 5))
		return mark_channel(s, o);
	return probe_channel(s, probe);
}

static int channel(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	if (!scan_in_word(*scan_next(s)))
		return scan_wrong(s, s->at, "the probe that detects is missing; write %s",
				  detect_form);
	return channel_of(s, o, probe);
}

static int mode(struct scan *s, struct ord_objective *o)
{
	static const char *const modes[] = {"self", "after_rollback", "full"};
	static const enum ord_objective_kind kinds[] = {ORD_OBJECTIVE_RECOVER_SELF,
							ORD_OBJECTIVE_RECOVER_AFTER,
							ORD_OBJECTIVE_RECOVER_FULL};
	const char *near;

	if (!scan_in_word(*scan_next(s)))
		return scan_wrong(s, s->at,
				  "recover() needs 'self', 'after_rollback' or 'full'; write %s",
				  recover_form);
	for (size_t i = 0; i < ORD_COUNT(modes); i++)
		if (!strcmp(s->word, modes[i])) {
			o->kind = kinds[i];
			return 0;
		}
	near = ord_nearest(s->word, modes, ORD_COUNT(modes));
	return scan_wrong(
		s, s->at, "'%s' is not a recovery; %s%s%s", s->word,
		near ? "did you mean '" : "there are ",
		near ? near
		     : "self (the fault still in force), after_rollback and full (fullRecovery)",
		near ? "'?" : "");
}

/* [hold T], recover alone. */
static int hold(struct scan *s, struct ord_objective *o)
{
	if (!*scan_next(s)) {
		o->hold_ns = o->kind == ORD_OBJECTIVE_DETECT ? 0 : ORD_S;
		return 0;
	}
	if (strcmp(s->word, "hold") != 0)
		return scan_wrong(s, s->at, "nothing but 'hold' may follow here, and '%s' does",
				  s->word);
	if (o->kind == ORD_OBJECTIVE_DETECT)
		return scan_wrong(s, s->at,
				  "'hold' belongs to recover; what was detected once is detected");
	if (scan_duration(s, "the hold", 0, 3600 * (int64_t)ORD_S, &o->hold_ns))
		return -1;
	return scan_no_more(s);
}

/* "within T [hold T]" */
static int times(struct scan *s, struct ord_objective *o, const char *form)
{
	if (scan_expect(s, "within", form) ||
	    scan_duration(s, "the time", (int64_t)ORD_MS, DAY, &o->within_ns))
		return -1;
	return hold(s, o);
}

static int detect(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	o->kind = ORD_OBJECTIVE_DETECT;
	if (scan_expect(s, "(", detect_form) || channel(s, o, probe) ||
	    scan_expect(s, ")", detect_form))
		return -1;
	return times(s, o, detect_form);
}

static int recover(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	(void)probe;
	if (scan_expect(s, "(", recover_form) || mode(s, o) || scan_expect(s, ")", recover_form))
		return -1;
	return times(s, o, recover_form);
}

/* A share of at most `most`, at least `least`, in parts per million. */
static int share(struct scan *s, const char *what, int64_t least, int64_t most, uint32_t *ret)
{
	char lo[32], hi[32], meant[SHARE_MEANT];
	struct ord_err err;
	int64_t ppm;

	if (!*scan_next(s))
		return scan_wrong(s, s->at, "%s is missing, as in '25%%'", what);
	if (ord_parse_ratio(s->word, &ppm, &err))
		return scan_wrong(s, s->at, "%s: %.200s", what, err.msg);
	if (ppm < least || ppm > most)
		return scan_wrong(s, s->at, "%s: '%s' is not within %s to %s%s", what, s->word,
				  ord_format_percent(least, lo), ord_format_percent(most, hi),
				  share_meant(s->word, ppm, most, meant));
	*ret = (uint32_t)ppm;
	return 0;
}

static int budget(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	(void)probe;
	o->kind = ORD_OBJECTIVE_BUDGET;
	if (scan_expect(s, "(", budget_form) ||
	    share(s, "the target", 1, ORD_PPM - 1, &o->target_ppm) ||
	    scan_expect(s, ",", budget_form) ||
	    scan_duration(s, "the period", 3600 * (int64_t)ORD_S, 366 * DAY, &o->window_ns) ||
	    scan_expect(s, ")", budget_form) || scan_expect(s, "<", budget_form) ||
	    share(s, "the share of the budget", 1, ORD_PPM, &o->below_ppm))
		return -1;
	return scan_no_more(s);
}

/* "ttr", "ttd", "ttd:CHANNEL" ... */
static int figure(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	static const char *const figures[] = {"ttr", "ttr_self", "ttr_after", "ttd", "impact"};
	struct ord_objective of = {0};
	const char *near;
	char *from;

	if (!scan_in_word(*scan_next(s)))
		return scan_wrong(s, s->at, "the figure is missing; write %s", regression_form);
	for (size_t i = 0; i < ORD_COUNT(figures); i++)
		if (!strcmp(s->word, figures[i])) {
			(void)snprintf(o->metric, sizeof o->metric, "%s", s->word);
			return 0;
		}
	if (strncmp(s->word, "ttd:", 4) != 0) {
		near = ord_nearest(s->word, figures, ORD_COUNT(figures));
		return scan_wrong(s, s->at, "unknown figure '%s'; %s%s%s", s->word,
				  near ? "did you mean '" : "there are ",
				  near ? near
				       : "ttr, ttr_self, ttr_after, ttd, ttd:CHANNEL and impact",
				  near ? "'?" : "");
	}
	/* The channel is read as detect() reads it. */
	from = s->word + 4;
	memmove(s->word, from, strlen(from) + 1);
	s->at += 4;
	if (!*s->word)
		return scan_wrong(s, s->at, "the channel is missing, as in 'ttd:breaker'");
	if (channel_of(s, &of, probe))
		return -1;
	o->source = of.source;
	o->kube = of.kube;
	(void)snprintf(o->channel, sizeof o->channel, "%s", of.channel);
	(void)snprintf(o->metric, sizeof o->metric, "ttd:%.*s", ORD_CHANNEL_MAX - 1,
		       *of.channel ? of.channel : probe->name);
	return 0;
}

static int against(struct scan *s, struct ord_objective *o)
{
	scan_next(s);
	if (!*s->word)
		return scan_wrong(s, s->at,
				  "what it is held against is missing: a run's folder, a file or a "
				  "tag; write %s",
				  regression_form);
	if (scan_take(s, strcspn(s->text + s->at, " \t\r\n\f\v"), o->against, sizeof o->against,
		      "a file or a tag"))
		return -1;
	return scan_no_more(s);
}

static int no_regression(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	o->kind = ORD_OBJECTIVE_NO_REGRESSION;
	if (scan_expect(s, "(", regression_form) || figure(s, o, probe) ||
	    scan_expect(s, ")", regression_form) || scan_expect(s, "margin", regression_form) ||
	    share(s, "the margin", 0, 10 * (int64_t)ORD_PPM, &o->margin_ppm) ||
	    scan_expect(s, "against", regression_form))
		return -1;
	return against(s, o);
}

static const struct verb {
	const char *word;
	int (*read)(struct scan *, struct ord_objective *, struct language_probe *);
} verbs[] = {
	{"detect", detect},
	{"recover", recover},
	{"budget", budget},
	{"no_regression", no_regression},
};

static const struct verb *verb(struct scan *s)
{
	static const char words[] = "detect, recover, budget and no_regression";
	const char *names[ORD_COUNT(verbs)], *near;

	if (!scan_in_word(*scan_next(s))) {
		(void)scan_wrong(s, s->at, "an objective starts with one of %s; write %s", words,
				 detect_form);
		return NULL;
	}
	for (size_t i = 0; i < ORD_COUNT(verbs); i++) {
		if (!strcmp(s->word, verbs[i].word))
			return &verbs[i];
		names[i] = verbs[i].word;
	}
	near = ord_nearest(s->word, names, ORD_COUNT(names));
	(void)scan_wrong(s, s->at, "unknown objective '%s'; %s%s%s", s->word,
			 near ? "did you mean '" : "there are ", near ? near : words,
			 near ? "'?" : "");
	return NULL;
}

int objective_parse(const char *text, struct ord_objective *ret, struct language_probe *ret_probe,
		    struct language_mistake *ret_mistake)
{
	struct scan s = {.text = text, .p = text, .mistake = ret_mistake};
	struct language_probe probe = {0};
	struct ord_objective o = {0};
	const struct verb *v;

	if (scan_fold(&s, o.text, sizeof o.text))
		return -1;
	v = verb(&s);
	if (!v || v->read(&s, &o, &probe))
		return -1;
	*ret_probe = probe;
	*ret = o;
	return 0;
}

/* Where it begins, of the word that a text ends with. */
static size_t last_word(const char *text, const char *word)
{
	size_t n = strlen(text);

	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	return n - strlen(word);
}

static void objective_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, 1u << SCALAR_TEXT);
	struct ord_objective *o = base;
	struct language_mistake m;
	struct language_probe probe;

	if (!text)
		return;
	if (objective_parse(text, o, &probe, &m))
		sink_add_within(r->sink, node, m.at, "%s", m.text);
	else if (o->kind == ORD_OBJECTIVE_NO_REGRESSION)
		o->against_at = place_within(node, last_word(text, o->against));
}

const struct type type_objective = {"an objective, as in 'detect(breaker) within 2s'",
				    objective_read, schema_type_objective};
