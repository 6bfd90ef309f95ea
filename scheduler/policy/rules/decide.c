#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/printable.h"
#include "scheduler/policy/rules/judging.h"

#define REASONS_MAX 32
#define REASON_MAX  900

static bool has_text(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (!strcmp(json_string_value(one), text))
			return true;
	return false;
}

static void note(struct judging *j, json_t *list, const char *text)
{
	if (!has_text(list, text) && json_array_append_new(list, json_string(text)))
		j->no_memory = true;
}

void judge_refuse(struct judging *j, unsigned line, const struct rule *rule, const char *fmt, ...)
{
	char why[REASON_MAX], all[REASON_MAX + 400], text[sizeof all];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	(void)snprintf(all, sizeof all, "%.200s:%u: %s%s%s%s", j->file, line, rule ? "rule '" : "",
		       rule ? rule->name : "", rule ? "': " : "", why);
	/* What it quotes may be cut within a character. */
	(void)ord_printable(all, sizeof text, text);
	if (json_array_size(j->reasons) < REASONS_MAX)
		note(j, j->reasons, text);
	else if (!has_text(j->reasons, text))
		j->more++;
}

/* Whether the rule speaks of the subject; *ret_all: of all that it can mean. */
static bool speaks(const struct judging *j, const struct rule *rule, const struct subject *s,
		   bool *ret_all)
{
	const struct where *w = &rule->where;
	bool in = !w->environments.n;

	for (size_t i = 0; i < j->rules->n_environments; i++)
		in = in ||
		     (s->in[i] && patterns_take(&w->environments, j->rules->environments[i].name));
	*ret_all = !w->namespaces.n || (s->ns && patterns_cover(&w->namespaces, s->ns));
	return in && (!w->faults.n || patterns_take(&w->faults, s->what)) &&
	       (!w->targets || w->targets & s->class) &&
	       (!w->namespaces.n || (s->ns && patterns_meet(&w->namespaces, s->ns)));
}

static void judge_subject(struct judging *j, const struct subject *s)
{
	bool spoken = j->rules->allow || j->hours_alone, all;
	char where[WORDS_MAX];

	for (size_t i = 0; i < j->rules->n_rules; i++) {
		const struct rule *rule = &j->rules->rules[i];

		if (!speaks(j, rule, s, &all))
			continue;
		spoken = spoken || all;
		note(j, j->spoken, rule->name);
		asks_judge(j, rule, s);
	}
	if (!spoken)
		judge_refuse(j, j->rules->default_line, NULL,
			     "default: no rule speaks of fault '%s' (%s, target %s%s%s%s) in %s, "
			     "and what none speaks of is denied; a rule whose 'where' has it "
			     "would allow it",
			     s->name, s->what,
			     json_string_value(json_object_get(s->target, "kind")),
			     s->ns ? " in namespace '" : "", s->ns ? s->ns : "", s->ns ? "'" : "",
			     subject_where(j, s, where));
}

static int decide(struct judging *j, json_t **ret, struct ord_err *err)
{
	char more[48];
	json_t *out;

	j->reasons = json_array();
	j->spoken = json_array();
	if (!j->reasons || !j->spoken)
		return ord_fail_nomem(err);
	if (subjects_each(j, judge_subject, err))
		return -1;
	if (j->more) {
		(void)snprintf(more, sizeof more, "and %zu more", j->more);
		note(j, j->reasons, more);
	}
	out = json_pack("{s:b, s:s, s:O, s:O}", "allow", !json_array_size(j->reasons), "default",
			j->rules->allow ? "allow" : "deny", "rules", j->spoken, "reasons",
			j->reasons);
	if (!out)
		return ord_fail_nomem(err);
	*ret = out;
	return 0;
}

static int begin(struct judging *j, json_t **ret, struct ord_err *err)
{
	int r;

	j->plan = json_object_get(j->question, "plan");
	r = decide(j, ret, err);
	json_decref(j->reasons);
	json_decref(j->spoken);
	return r;
}

int rules_decide(const struct rules *rules, const char *file, const json_t *question,
		 uint64_t now_ns, uint64_t longest_ns, json_t **ret, struct ord_err *err)
{
	struct judging j = {.rules = rules,
			    .file = file,
			    .question = question,
			    .now_ns = now_ns,
			    .longest_ns = longest_ns};

	return begin(&j, ret, err);
}

int rules_hours(const struct rules *rules, const char *file, const json_t *question,
		uint64_t now_ns, uint64_t longest_ns, json_t **ret, struct ord_err *err)
{
	struct judging j = {.rules = rules,
			    .file = file,
			    .question = question,
			    .now_ns = now_ns,
			    .longest_ns = longest_ns,
			    .hours_alone = true};

	return begin(&j, ret, err);
}
