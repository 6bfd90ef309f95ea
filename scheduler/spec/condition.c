#include "scheduler/spec/condition.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define WORD_MAX 96

/* The sentence as far as it was read, and the last word. */
struct scan {
	const char *text, *p;
	char word[WORD_MAX];
	size_t at; /* of the word */
	struct language_mistake *mistake;
};

static int wrong_at(struct scan *s, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int wrong_at(struct scan *s, size_t at, const char *fmt, ...)
{
	va_list ap;

	s->mistake->at = at;
	va_start(ap, fmt);
	(void)vsnprintf(s->mistake->text, sizeof s->mistake->text, fmt, ap);
	va_end(ap);
	return -1;
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._-:%/", c)) || (unsigned char)c >= 0x80;
}

/* The next word: letters and the like, or operator signs, or one other sign. "" at the end. */
static const char *next(struct scan *s)
{
	size_t n = 0;

	while (isspace((unsigned char)*s->p))
		s->p++;
	s->at = (size_t)(s->p - s->text);
	if (in_word(*s->p))
		while (in_word(s->p[n]))
			n++;
	else if (*s->p && strchr("<>=!", *s->p))
		n = strspn(s->p, "<>=!");
	else if (*s->p)
		n = 1;
	(void)snprintf(s->word, sizeof s->word, "%.*s", (int)n, s->p);
	s->p += n;
	return s->word;
}

static const char *shown(const struct scan *s)
{
	return *s->word ? s->word : "the end";
}

/* A word that must come now. */
static int expect(struct scan *s, const char *word, const char *form)
{
	if (!strcmp(next(s), word))
		return 0;
	return wrong_at(s, s->at, "'%s' is wanted here, not %s%s%s; write %s", word,
			*s->word ? "'" : "", shown(s), *s->word ? "'" : "", form);
}

static int duration(struct scan *s, const char *what, int64_t min, int64_t max, uint64_t *ret)
{
	char lo[32], hi[32];
	struct ord_err err;
	int64_t ns;

	if (!*next(s))
		return wrong_at(s, s->at, "%s is missing, as in '5s'", what);
	if (ord_parse_duration(s->word, &ns, &err))
		return wrong_at(s, s->at, "%s: %.200s", what, err.msg);
	if (ns < min || ns > max)
		return wrong_at(s, s->at, "%s: '%s' is not within %s to %s", what, s->word,
				ord_format_duration(min, lo), ord_format_duration(max, hi));
	*ret = (uint64_t)ns;
	return 0;
}

static int no_more(struct scan *s)
{
	if (!*next(s))
		return 0;
	return wrong_at(s, s->at, "nothing may follow here, but '%s' does", s->word);
}

/* As written, white space folded; a copy that was cut would not be what was asked. */
static int fold(struct scan *s, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = s->text; *p; p++) {
		if (isspace((unsigned char)*p)) {
			if (n && out[n - 1] != ' ')
				out[n++] = ' ';
		} else {
			out[n++] = *p;
		}
		if (n >= size)
			return wrong_at(s, 0, "longer than %zu characters", size - 1);
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return 0;
}

/* Channels and sources that later versions build. */
static bool is_later(const char *word)
{
	static const char *const prefixes[] = {
		"prometheus:", "alertmanager:", "log:", "journal:", "prom:", "kube:"};

	for (size_t i = 0; i < ORD_COUNT(prefixes); i++)
		if (!strncmp(word, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static int metric(struct scan *s, const char *name, size_t at, enum ord_metric *ret)
{
	static const char *const names[] = {
		[ORD_METRIC_OK_RATIO] = "ok_ratio", [ORD_METRIC_P50] = "latency.p50",
		[ORD_METRIC_P90] = "latency.p90",   [ORD_METRIC_P95] = "latency.p95",
		[ORD_METRIC_P99] = "latency.p99",   [ORD_METRIC_MAX] = "latency.max",
	};
	const char *near;

	for (size_t i = 0; i < ORD_COUNT(names); i++)
		if (!strcmp(name, names[i])) {
			*ret = (enum ord_metric)i;
			return 0;
		}
	near = ord_nearest(name, names, ORD_COUNT(names));
	return wrong_at(s, at, "unknown metric '%.40s'; %s%s%s", name,
			near ? "did you mean '" : "there are ",
			near ? near : "ok_ratio, latency.p50, .p90, .p95, .p99 and .max",
			near ? "'?" : "");
}

static const char condition_form[] = "it as in 'orders.ok_ratio >= 0.99 over 5s'";

static int subject(struct scan *s, struct ord_condition *c, struct language_probe *probe)
{
	const char *dot;
	size_t n;

	if (!in_word(*next(s)))
		return wrong_at(s, s->at, "a condition starts with a probe and a metric; write %s",
				condition_form);
	if (is_later(s->word) || !strncmp(s->word, "kubernetes:", 11))
		return wrong_at(
			s, s->at,
			"'%s': conditions on other sources are not in this version; name a probe",
			s->word);
	dot = strchr(s->word, '.');
	if (!dot || !dot[1])
		return wrong_at(s, s->at,
				"'%s' lacks a metric, as in '%s%sok_ratio' or '%s%slatency.p95'",
				s->word, s->word, dot ? "" : ".", s->word, dot ? "" : ".");
	n = (size_t)(dot - s->word);
	if (n >= sizeof probe->name)
		return wrong_at(s, s->at, "the probe's name is longer than %d characters",
				ORD_NAME_MAX - 1);
	memcpy(probe->name, s->word, n);
	probe->name[n] = '\0';
	probe->at = s->at;
	return metric(s, dot + 1, s->at + n + 1, &c->metric);
}

static int operator(struct scan *s, struct ord_condition *c)
{
	static const char *const ops[] = {
		[ORD_OP_LT] = "<", [ORD_OP_LE] = "<=", [ORD_OP_GT] = ">", [ORD_OP_GE] = ">="};

	next(s);
	for (size_t i = 0; i < ORD_COUNT(ops); i++)
		if (!strcmp(s->word, ops[i])) {
			c->op = (enum ord_op)i;
			return 0;
		}
	return wrong_at(s, s->at,
			"%s%s%s is not a comparison; write <, <=, > or >=", *s->word ? "'" : "",
			shown(s), *s->word ? "'" : "");
}

static int value(struct scan *s, struct ord_condition *c)
{
	struct ord_err err;
	int rc;

	if (!*next(s))
		return wrong_at(s, s->at, "a value is missing; write %s", condition_form);
	rc = c->metric == ORD_METRIC_OK_RATIO ? ord_parse_ratio(s->word, &c->value, &err)
					      : ord_parse_duration(s->word, &c->value, &err);
	if (rc)
		return wrong_at(s, s->at, "%.240s", err.msg);
	if (c->metric == ORD_METRIC_OK_RATIO && c->value > ORD_PPM)
		return wrong_at(s, s->at,
				"'%s' is more than all; a ratio is between 0 and 1, or a "
				"percentage as in '99%%'",
				s->word);
	return 0;
}

int condition_parse(const char *text, struct ord_condition *ret, struct language_probe *ret_probe,
		    struct language_mistake *ret_mistake)
{
	struct scan s = {.text = text, .p = text, .mistake = ret_mistake};
	struct ord_condition c = {0};
	struct language_probe probe = {0};

	if (fold(&s, c.text, sizeof c.text) || subject(&s, &c, &probe))
		return -1;
	*ret_probe = probe;
	if (operator(&s, &c) || value(&s, &c) || expect(&s, "over", condition_form) ||
	    duration(&s, "the window", (int64_t)ORD_MS, 3600 * (int64_t)ORD_S, &c.window_ns) ||
	    no_more(&s))
		return -1;
	*ret = c;
	return 0;
}

static const char detect_form[] = "it as in 'detect(breaker) within 2s'";
static const char recover_form[] = "it as in 'recover(self) within 10s hold 3s'";

static const char kubernetes[] = "kubernetes:";

/* As far as the bracket: globs and '=' are no letters of other words. */
static int kube_channel(struct scan *s, struct ord_objective *o)
{
	const char *from = s->text + s->at;
	size_t n = strcspn(from, " \t)");
	struct ord_that_mistake m;

	if (n >= sizeof o->channel)
		return wrong_at(s, s->at, "a channel of more than %zu bytes",
				sizeof o->channel - 1);
	(void)snprintf(o->channel, sizeof o->channel, "%.*s", (int)n, from);
	if (ord_channel_parse(o->channel, &o->kube, &m))
		return wrong_at(s, s->at + m.at, "%s", m.text);
	s->p = from + n;
	return 0;
}

static int channel(struct scan *s, struct ord_objective *o, struct language_probe *probe)
{
	o->kind = ORD_OBJECTIVE_DETECT;
	if (!in_word(*next(s)))
		return wrong_at(s, s->at, "the probe that detects is missing; write %s",
				detect_form);
	if (!strncmp(s->word, kubernetes, sizeof kubernetes - 1))
		return kube_channel(s, o);
	if (is_later(s->word) || !strcmp(s->word, "mark"))
		return wrong_at(s, s->at,
				"the channel '%s' is not in this version; name a probe whose role "
				"is signal",
				s->word);
	if (strlen(s->word) >= sizeof probe->name)
		return wrong_at(s, s->at, "the probe's name is longer than %d characters",
				ORD_NAME_MAX - 1);
	probe->at = s->at;
	memcpy(probe->name, s->word, strlen(s->word) + 1);
	return 0;
}

static int mode(struct scan *s, struct ord_objective *o)
{
	static const char *const modes[] = {"self", "after_rollback"};
	const char *near;

	if (!in_word(*next(s)))
		return wrong_at(s, s->at, "recover() needs 'self' or 'after_rollback'; write %s",
				recover_form);
	for (size_t i = 0; i < ORD_COUNT(modes); i++)
		if (!strcmp(s->word, modes[i])) {
			o->kind = i ? ORD_OBJECTIVE_RECOVER_AFTER : ORD_OBJECTIVE_RECOVER_SELF;
			return 0;
		}
	near = ord_nearest(s->word, modes, ORD_COUNT(modes));
	return wrong_at(s, s->at, "'%s' is not a recovery; %s%s%s", s->word,
			near ? "did you mean '" : "there are ",
			near ? near : "self (the fault still in force) and after_rollback",
			near ? "'?" : "");
}

static int verb(struct scan *s, bool *ret_detect)
{
	static const char *const verbs[] = {"detect", "recover"};
	static const char *const later[] = {"no_regression", "full_recovery", "acknowledge",
					    "mitigate",	     "degradation",   "budget"};
	const char *near;

	if (!in_word(*next(s)))
		return wrong_at(s, s->at, "an objective starts with detect or recover; write %s",
				detect_form);
	for (size_t i = 0; i < ORD_COUNT(later); i++)
		if (!strcmp(s->word, later[i]))
			return wrong_at(s, s->at,
					"'%s' is not in this version; there are detect and recover",
					s->word);
	*ret_detect = !strcmp(s->word, "detect");
	if (*ret_detect || !strcmp(s->word, "recover"))
		return 0;
	near = ord_nearest(s->word, verbs, ORD_COUNT(verbs));
	return wrong_at(s, s->at, "unknown objective '%s'; %s%s%s", s->word,
			near ? "did you mean '" : "there are ", near ? near : "detect and recover",
			near ? "'?" : "");
}

/* [hold T], recover alone. */
static int hold(struct scan *s, struct ord_objective *o)
{
	if (!*next(s)) {
		o->hold_ns = o->kind == ORD_OBJECTIVE_DETECT ? 0 : ORD_S;
		return 0;
	}
	if (strcmp(s->word, "hold") != 0)
		return wrong_at(s, s->at, "nothing but 'hold' may follow here, and '%s' does",
				s->word);
	if (o->kind == ORD_OBJECTIVE_DETECT)
		return wrong_at(s, s->at,
				"'hold' belongs to recover; what was detected once is detected");
	if (duration(s, "the hold", 0, 3600 * (int64_t)ORD_S, &o->hold_ns))
		return -1;
	return no_more(s);
}

int objective_parse(const char *text, struct ord_objective *ret, struct language_probe *ret_probe,
		    struct language_mistake *ret_mistake)
{
	struct scan s = {.text = text, .p = text, .mistake = ret_mistake};
	struct language_probe probe = {0};
	struct ord_objective o = {0};
	const char *form;
	bool detect = false;

	if (fold(&s, o.text, sizeof o.text) || verb(&s, &detect))
		return -1;
	form = detect ? detect_form : recover_form;
	if (expect(&s, "(", form) || (detect ? channel(&s, &o, &probe) : mode(&s, &o)) ||
	    expect(&s, ")", form))
		return -1;
	*ret_probe = probe;
	if (expect(&s, "within", form) ||
	    duration(&s, "the time", (int64_t)ORD_MS, 24 * 3600 * (int64_t)ORD_S, &o.within_ns) ||
	    hold(&s, &o))
		return -1;
	*ret = o;
	return 0;
}

static void condition_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, 1u << SCALAR_TEXT);
	struct language_mistake m;
	struct language_probe probe;

	if (text && condition_parse(text, base, &probe, &m))
		sink_add_within(r->sink, node, m.at, "%s", m.text);
}

static void objective_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, 1u << SCALAR_TEXT);
	struct language_mistake m;
	struct language_probe probe;

	if (text && objective_parse(text, base, &probe, &m))
		sink_add_within(r->sink, node, m.at, "%s", m.text);
}

const struct type type_condition = {"a condition, as in 'orders.ok_ratio >= 0.99 over 5s'",
				    condition_read, schema_type_condition};
const struct type type_objective = {"an objective, as in 'detect(breaker) within 2s'",
				    objective_read, schema_type_objective};
