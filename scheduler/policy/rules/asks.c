/* What a rule asks of a fault that it speaks of. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "scheduler/policy/rules/judging.h"

char *patterns_words(const struct patterns *p, char out[static WORDS_MAX])
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < p->n && n < WORDS_MAX; i++)
		n += (size_t)snprintf(out + n, WORDS_MAX - n, "%s%s",
				      !i	     ? ""
				      : i + 1 < p->n ? ", "
						     : " and ",
				      p->v[i]);
	return out;
}

static void judge_faults(struct judging *j, const struct rule *rule, const struct subject *s)
{
	const struct names *names = &rule->faults;
	unsigned line = rule->line_of[ASKS_FAULTS];
	char words[WORDS_MAX];

	if (names->allow.n && !patterns_take(&names->allow, s->what))
		judge_refuse(j, line, rule, "fault '%s' is %s, and allowed are %s", s->name,
			     s->what, patterns_words(&names->allow, words));
	if (patterns_take(&names->deny, s->what))
		judge_refuse(j, line, rule, "fault '%s' is %s, and denied are %s", s->name, s->what,
			     patterns_words(&names->deny, words));
}

static void judge_namespaces(struct judging *j, const struct rule *rule, const struct subject *s)
{
	const struct names *names = &rule->namespaces;
	unsigned line = rule->line_of[ASKS_NAMESPACES];
	char words[WORDS_MAX];

	if (!s->ns && names->allow.n)
		judge_refuse(j, line, rule,
			     "the target of fault '%s' is in no namespace, and allowed are %s",
			     s->name, patterns_words(&names->allow, words));
	if (!s->ns)
		return;
	if (names->allow.n && !patterns_cover(&names->allow, s->ns))
		judge_refuse(j, line, rule,
			     "the target of fault '%s' may be in namespace '%s', and allowed are "
			     "%s; name the namespaces in the experiment",
			     s->name, s->ns, patterns_words(&names->allow, words));
	if (patterns_meet(&names->deny, s->ns))
		judge_refuse(j, line, rule,
			     "the target of fault '%s' may be in namespace '%s', and denied are %s",
			     s->name, s->ns, patterns_words(&names->deny, words));
}

/* "2026-11-21T16:59:00", as clocks show it there. */
static char *shown(const struct ord_zone *zone, int64_t utc_s, char out[static 32])
{
	int64_t local_s = utc_s + ord_zone_offset(zone, utc_s);

	ord_format_utc((uint64_t)local_s * ORD_S, out);
	out[sizeof "2026-11-21T16:59:00" - 1] = '\0';
	return out;
}

static void judge_hours(struct judging *j, const struct rule *rule)
{
	int64_t from = (int64_t)(j->now_ns / ORD_S),
		to = (int64_t)((j->now_ns + j->longest_ns + ORD_S - 1) / ORD_S), next = ORD_NEVER;
	char begin[32], end[32], fits[32], lasts[32];

	if (ord_schedule_covers(&rule->hours, rule->zone, from, to, &next))
		return;
	(void)shown(rule->zone, from, begin);
	(void)shown(rule->zone, to, end);
	if (next == ORD_NEVER)
		judge_refuse(j, rule->line_of[ASKS_HOURS], rule,
			     "it is %s (%s), it may take %s, and no window of the hours is that "
			     "long",
			     begin, rule->hours.zone,
			     ord_human_duration((int64_t)j->longest_ns, lasts));
	else
		judge_refuse(j, rule->line_of[ASKS_HOURS], rule,
			     "it is %s (%s), and it may take until %s, which is not all within the "
			     "hours; it fits from %s on",
			     begin, rule->hours.zone, end, shown(rule->zone, next, fits));
}

static void judge_labels(struct judging *j, const struct rule *rule)
{
	const json_t *labels = json_object_get(j->plan, "labels");
	unsigned line = rule->line_of[ASKS_LABELS];

	for (size_t i = 0; i < rule->n_labels; i++) {
		const struct label_rule *l = &rule->labels[i];
		const char *value = json_string_value(json_object_get(labels, l->key));

		if (!value)
			judge_refuse(j, line, rule,
				     "the experiment lacks the label '%s'; write it in "
				     "metadata.labels, with a value such as '%s' takes",
				     l->key, l->pattern);
		else if (!*value || !pattern_takes(l->pattern, value))
			judge_refuse(j, line, rule, "the label '%s' is '%.80s', and it must be %s",
				     l->key, value, l->pattern);
	}
}

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(object, key));

	return v > 0 ? (uint64_t)v : 0;
}

static void judge_span(struct judging *j, const struct rule *rule, const char *what, uint64_t is,
		       uint64_t most)
{
	char a[32], b[32];

	if (most && is > most)
		judge_refuse(j, rule->line_of[ASKS_LIMITS], rule,
			     "%s %s, and at most %s is allowed", what,
			     ord_format_duration((int64_t)is, a),
			     ord_format_duration((int64_t)most, b));
}

static void judge_count(struct judging *j, const struct rule *rule, const char *what, uint64_t is,
			uint64_t most)
{
	if (most && is > most)
		judge_refuse(j, rule->line_of[ASKS_LIMITS], rule,
			     "%s %" PRIu64 ", and at most %" PRIu64 " %s allowed", what, is, most,
			     most == 1 ? "is" : "are");
}

static void judge_limits(struct judging *j, const struct rule *rule, const struct subject *s)
{
	const json_t *limits = json_object_get(j->plan, "limits");
	const struct limits *l = &rule->limits;
	uint64_t share = json_is_true(json_object_get(s->target, "all"))
				 ? ORD_PPM
				 : number(s->target, "percent_ppm");
	char a[32], b[32];

	judge_span(j, rule, "limits.duration is", number(limits, "duration_ns"), l->duration_ns);
	judge_span(j, rule, "the run may take", j->longest_ns, l->run_ns);
	judge_count(j, rule, "the repetitions are", number(j->plan, "repetitions"), l->repetitions);
	judge_count(j, rule, "limits.targets is", number(limits, "targets"), l->targets);
	judge_count(j, rule, "the targets found now are", number(s->resolved, "targets"),
		    l->targets);
	if (l->percent_ppm && share > l->percent_ppm)
		judge_refuse(j, rule->line_of[ASKS_LIMITS], rule,
			     "fault '%s' takes %s of those that match, and at most %s is allowed",
			     s->name, ord_format_percent((int64_t)share, a),
			     ord_format_percent((int64_t)l->percent_ppm, b));
}

static char *amount(const struct ord_param *p, int64_t v, char out[static 40])
{
	char text[32];

	if (p->type == ORD_PARAM_DURATION)
		(void)snprintf(out, 40, "%s", ord_format_duration(v, text));
	else if (p->type == ORD_PARAM_PERCENT)
		(void)snprintf(out, 40, "%s", ord_format_percent(v, text));
	else if (p->type == ORD_PARAM_SIZE)
		(void)snprintf(out, 40, "%s", ord_format_size(v, text));
	else if (p->type == ORD_PARAM_RATE)
		(void)snprintf(out, 40, "%s/s", ord_format_size(v, text));
	else
		(void)snprintf(out, 40, "%" PRId64, v);
	return out;
}

static void judge_bounds(struct judging *j, const struct rule *rule, const struct subject *s,
			 bool most)
{
	const struct bounds *bounds = most ? &rule->at_most : &rule->at_least;
	unsigned line = rule->line_of[most ? ASKS_AT_MOST : ASKS_AT_LEAST];
	const json_t *args = json_object_get(s->fault, "args");

	for (size_t i = 0; i < bounds->n; i++) {
		const struct bound *b = &bounds->v[i];
		const json_t *arg = json_object_get(args, b->param->name);
		json_int_t v = json_integer_value(arg);
		char is[40], may[40];

		if (strcmp(b->fault->name, s->what) != 0)
			continue;
		(void)amount(b->param, b->value, may);
		if (!json_is_integer(arg))
			judge_refuse(j, line, rule,
				     "fault '%s' does not say its '%s', which must be %s %s",
				     s->name, b->param->name, most ? "at most" : "at least", may);
		else if (most ? v > b->value : v < b->value)
			judge_refuse(j, line, rule, "'%s' of fault '%s' is %s, and %s %s is %s",
				     b->param->name, s->name, amount(b->param, v, is),
				     most ? "at most" : "at least", may,
				     most ? "allowed" : "asked for");
	}
}

void asks_judge(struct judging *j, const struct rule *rule, const struct subject *s)
{
	if (rule->line_of[ASKS_HOURS])
		judge_hours(j, rule);
	if (j->hours_alone)
		return;
	if (rule->deny)
		judge_refuse(j, rule->line_of[ASKS_DENY], rule, "fault '%s' (%s) is denied: %s",
			     s->name, s->what, rule->deny);
	judge_faults(j, rule, s);
	judge_namespaces(j, rule, s);
	judge_labels(j, rule);
	judge_limits(j, rule, s);
	judge_bounds(j, rule, s, true);
	judge_bounds(j, rule, s, false);
}
