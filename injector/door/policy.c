#include "injector/door/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"

/* Where the reader of the lines is. */
struct reader {
	const struct door_lines *lines;
	size_t at;
	const struct door_names *names;
	struct ord_err *err;
};

static const struct door_entry *peek(const struct reader *r)
{
	return r->at < r->lines->n ? &r->lines->v[r->at] : NULL;
}

static int wrong(const struct reader *r, const struct door_entry *e, const char *what)
{
	return ord_fail(r->err, ORD_USAGE, "line %u: %s", e->line, what);
}

/* Whether e belongs to what the key of `of` holds: deeper, or a list right below its key. */
static bool below(const struct door_entry *e, const struct door_entry *of)
{
	return e && (e->column > of->inner || (e->item && !e->key && e->column == of->inner));
}

static int list_read(struct reader *r, const struct door_entry *of, struct door_list *ret)
{
	const struct door_entry *first = peek(r), *e;

	if (of->value)
		return wrong(r, of, "this takes a list: [a, b]");
	if (!below(first, of))
		return wrong(r, of, "this takes a list that is not empty");
	for (e = first; below(e, of); r->at++, e = peek(r)) {
		if (!e->item || e->key || e->column != first->column || e->flow != first->flow)
			return wrong(r, e, "a list's items stand below each other, a text each");
		if (ret->n == DOOR_ITEMS_MAX)
			return wrong(r, e, "more items than a list takes here (32)");
		ret->v[ret->n++] = e->value;
	}
	return 0;
}

/* A user or a group, by its name or its number. */
static int name_find(const struct reader *r, bool group, const char *name, unsigned *ret,
		     const struct door_entry *of)
{
	int64_t id;

	if (ord_parse_int(name, 0, UINT32_MAX - 1, &id, NULL) == 0) {
		*ret = (unsigned)id;
		return 0;
	}
	if ((group ? r->names->group : r->names->user)(name, ret) == 0)
		return 0;
	return ord_fail(r->err, ORD_USAGE,
			"line %u: there is no %s '%.64s' in /etc/%s; one that is kept elsewhere is "
			"written as its number",
			of->line, group ? "group" : "user", name, group ? "group" : "passwd");
}

static int who_read(struct reader *r, const struct door_entry *of, struct door_rule *rule)
{
	if (list_read(r, of, &rule->who_text) < 0)
		return -1;
	for (size_t i = 0; i < rule->who_text.n; i++) {
		const char *text = rule->who_text.v[i];
		struct door_who *w = &rule->who[i];

		w->group = strncmp(text, "group:", 6) == 0;
		if (!w->group && strncmp(text, "user:", 5) != 0)
			return ord_fail(r->err, ORD_USAGE,
					"line %u: '%.64s' is neither user:NAME nor group:NAME",
					of->line, text);
		if (name_find(r, w->group, strchr(text, ':') + 1, &w->id, of) < 0)
			return -1;
	}
	return 0;
}

/* "net.*" is for the faults of this program; a name that none has would never permit anything. */
static int faults_read(struct reader *r, const struct door_entry *of, struct door_rule *rule)
{
	if (list_read(r, of, &rule->faults) < 0)
		return -1;
	for (size_t i = 0; i < rule->faults.n; i++) {
		const char *text = rule->faults.v[i];
		const struct ord_fault *fault = ord_fault_find(text);

		if (!strchr(text, '*') && (!fault || fault->program != ORD_PROGRAM_HOST))
			return ord_fail(r->err, ORD_USAGE,
					"line %u: this machine's injector has no fault '%.64s'",
					of->line, text);
	}
	return 0;
}

static int targets_read(struct reader *r, const struct door_entry *of, struct door_rule *rule)
{
	static const char *const kinds[] = {"unit:", "user:", "netns:"};
	unsigned id;

	if (list_read(r, of, &rule->targets) < 0)
		return -1;
	for (size_t i = 0; i < rule->targets.n; i++) {
		const char *text = rule->targets.v[i];
		bool known = strcmp(text, "host") == 0;

		for (size_t k = 0; k < ORD_COUNT(kinds); k++)
			known = known || (strncmp(text, kinds[k], strlen(kinds[k])) == 0 &&
					  text[strlen(kinds[k])]);
		if (!known)
			return ord_fail(r->err, ORD_USAGE,
					"line %u: '%.64s' is none of host, unit:NAME, user:NAME, "
					"netns:NAME",
					of->line, text);
		if (strncmp(text, "user:", 5) == 0 && name_find(r, false, text + 5, &id, of) < 0)
			return -1;
	}
	return 0;
}

static int hours_read(struct reader *r, const struct door_entry *of, struct door_rule *rule)
{
	if (list_read(r, of, &rule->hours_text) < 0)
		return -1;
	for (size_t i = 0; i < rule->hours_text.n; i++)
		if (door_hours_parse(rule->hours_text.v[i], &rule->hours[i], r->err) < 0)
			return ord_wrap(r->err, "line %u", of->line);
	return 0;
}

static int may_read(struct reader *r, const struct door_entry *of, struct door_rule *rule)
{
	static const char *const words[] = {"status", "halt", "resume", "rescue"};

	if (list_read(r, of, &rule->may_text) < 0)
		return -1;
	for (size_t i = 0; i < rule->may_text.n; i++) {
		size_t w = 0;

		while (w < ORD_COUNT(words) && strcmp(words[w], rule->may_text.v[i]) != 0)
			w++;
		if (w == ORD_COUNT(words))
			return wrong(r, of, "may: status, halt, resume, rescue");
		rule->may |= 1u << w;
	}
	return 0;
}

static bool has_peak(enum ord_param_type type)
{
	return type == ORD_PARAM_DURATION || type == ORD_PARAM_PERCENT || type == ORD_PARAM_SIZE ||
	       type == ORD_PARAM_RATE || type == ORD_PARAM_COUNT;
}

/* "net.delay.delay: 500ms" */
static int peak_read(struct reader *r, const struct door_entry *e, struct door_rule *rule)
{
	static struct ord_args args; /* large */
	struct door_peak *peak = &rule->peaks[rule->n_peaks];
	const char *dot = strrchr(e->key, '.');
	const struct ord_fault *fault;
	char name[64];

	if (!dot || dot == e->key || (size_t)(dot - e->key) >= sizeof name)
		return wrong(r, e, "atMost: a fault's parameter, as in net.delay.delay");
	(void)snprintf(name, sizeof name, "%.*s", (int)(dot - e->key), e->key);
	fault = ord_fault_find(name);
	if (!fault || fault->program != ORD_PROGRAM_HOST)
		return ord_fail(r->err, ORD_USAGE,
				"line %u: this machine's injector has no fault '%s'", e->line,
				name);
	if (rule->n_peaks == DOOR_PEAKS_MAX)
		return wrong(r, e, "more limits of parameters than a rule takes (16)");
	for (size_t i = 0; i < fault->n_params; i++) {
		if (strcmp(fault->params[i].name, dot + 1) != 0)
			continue;
		if (!has_peak(fault->params[i].type))
			return wrong(r, e, "this parameter is no number, so it has no limit");
		ord_args_init(&args, fault);
		if (ord_args_set(&args, dot + 1, e->value, r->err) < 0)
			return ord_wrap(r->err, "line %u", e->line);
		*peak = (struct door_peak){fault, i, args.v[i].i, e->value};
		rule->n_peaks++;
		return 0;
	}
	return ord_fail(r->err, ORD_USAGE, "line %u: %s has no parameter '%.64s'", e->line, name,
			dot + 1);
}

static int limit_read(struct reader *r, const struct door_entry *e, struct door_rule *rule)
{
	int bad = 0;

	if (strcmp(e->key, "duration") == 0) {
		bad = ord_parse_duration(e->value, &rule->duration_ns, r->err);
		if (!bad && (rule->duration_ns < 1 || rule->duration_ns > (int64_t)INJ_HOLD_MAX_NS))
			return wrong(r, e, "duration: above 0, at most 24h");
	} else if (strcmp(e->key, "targets") == 0) {
		bad = ord_parse_int(e->value, 1, ORD_PROCS_MAX, &rule->max_targets, r->err);
	} else if (strcmp(e->key, "leases") == 0) {
		bad = ord_parse_int(e->value, 1, DOOR_LEASES_MAX, &rule->leases, r->err);
	} else if (strcmp(e->key, "wholeHost") == 0) {
		rule->whole_host = strcmp(e->value, "true") == 0;
		if (!rule->whole_host && strcmp(e->value, "false") != 0)
			return wrong(r, e, "wholeHost: true or false");
	} else {
		return wrong(r, e, "limits: duration, targets, leases, wholeHost");
	}
	return bad < 0 ? ord_wrap(r->err, "line %u: %s", e->line, e->key) : 0;
}

/* Lines of `key: value` below a key, each with its reader. */
static int map_read(struct reader *r, const struct door_entry *of, struct door_rule *rule,
		    int (*each)(struct reader *r, const struct door_entry *e,
				struct door_rule *rule))
{
	const struct door_entry *first = peek(r), *e;
	size_t begin = r->at;

	if (of->value || !below(first, of))
		return wrong(r, of, "this takes lines below it, as in 'duration: 10m'");
	for (e = first; below(e, of); r->at++, e = peek(r)) {
		if (e->item || !e->value || e->column != first->column)
			return wrong(r, e, "a line each, as in 'duration: 10m'");
		for (size_t i = begin; i < r->at; i++)
			if (strcmp(r->lines->v[i].key, e->key) == 0)
				return wrong(r, e, "this key stands here twice");
		if (each(r, e, rule) < 0)
			return -1;
	}
	return 0;
}

static int limits_read(struct reader *r, const struct door_entry *of, struct door_rule *rule)
{
	return map_read(r, of, rule, limit_read);
}

static int peaks_read(struct reader *r, const struct door_entry *of, struct door_rule *rule)
{
	return map_read(r, of, rule, peak_read);
}

static const struct {
	const char *key;
	int (*read)(struct reader *r, const struct door_entry *of, struct door_rule *rule);
} rule_keys[] = {
	{"who", who_read},     {"faults", faults_read}, {"targets", targets_read},
	{"hours", hours_read}, {"limits", limits_read}, {"atMost", peaks_read},
	{"may", may_read},
};

/* One that could permit more than was meant, since something was left out, is refused. */
static int rule_finish(const struct reader *r, const struct door_rule *rule,
		       const struct door_entry *first)
{
	if (!rule->who_text.n)
		return wrong(r, first, "a rule says who may: who: [group:ordeal]");
	if (!rule->faults.n && !rule->may)
		return wrong(r, first, "a rule says what is allowed: faults or may");
	if (rule->faults.n && (!rule->targets.n || !rule->duration_ns || !rule->max_targets))
		return wrong(r, first,
			     "a rule for faults has targets, limits.duration and limits.targets");
	if (!rule->faults.n && (rule->targets.n || rule->duration_ns || rule->n_peaks ||
				rule->max_targets || rule->hours_text.n))
		return wrong(r, first, "targets, hours, limits and atMost are for faults");
	return 0;
}

static int rule_read(struct reader *r, const struct door_entry *first, struct door_rule *rule)
{
	const struct door_entry *e = first;
	unsigned seen = 0;

	*rule = (struct door_rule){.line = first->line, .leases = 1};
	do {
		size_t k = 0;

		while (k < ORD_COUNT(rule_keys) && strcmp(rule_keys[k].key, e->key) != 0)
			k++;
		if (k == ORD_COUNT(rule_keys))
			return wrong(r, e,
				     "a rule has who, faults, targets, hours, limits, atMost, may");
		if (seen >> k & 1)
			return wrong(r, e, "this key stands here twice");
		seen |= 1u << k;
		r->at++;
		if (rule_keys[k].read(r, e, rule) < 0)
			return -1;
		e = peek(r);
	} while (e && !e->item && e->column == first->inner);
	if (e && !e->item && e->column)
		return wrong(r, e, "this stands too deep, or not deep enough");
	return rule_finish(r, rule, first);
}

static int rules_read(struct reader *r, struct door_policy *ret)
{
	const struct door_entry *first = peek(r), *e;

	for (e = first; e && e->item; e = peek(r)) {
		if (!e->key || e->column != first->column)
			return wrong(r, e, "a rule begins with '- who:', each in the same column");
		if (ret->n == DOOR_RULES_MAX)
			return wrong(r, e, "more rules than there may be (32)");
		if (rule_read(r, e, &ret->rules[ret->n]) < 0)
			return -1;
		ret->n++;
	}
	return 0;
}

static int file_read(struct reader *r, struct door_policy *ret)
{
	bool version = false, rules = false;

	for (const struct door_entry *e = peek(r); e; e = peek(r)) {
		if (e->column || e->item || !e->key)
			return wrong(r, e, "this stands too deep, or not deep enough");
		r->at++;
		if (!version && strcmp(e->key, "version") == 0) {
			if (!e->value || strcmp(e->value, "1") != 0)
				return wrong(r, e, "version: 1 is the only one there is");
			version = true;
		} else if (!rules && strcmp(e->key, "rules") == 0) {
			if (e->value)
				return wrong(r, e, "the rules stand below it, a '- who:' each");
			rules = true;
			if (rules_read(r, ret) < 0)
				return -1;
		} else {
			return wrong(r, e, "a policy has version and rules, each once");
		}
	}
	return version ? 0 : ord_fail(r->err, ORD_USAGE, "it does not begin with 'version: 1'");
}

int door_policy_parse(const char *path, char *text, size_t size, const struct door_names *names,
		      struct door_policy *ret, struct ord_err *err)
{
	static struct door_lines lines; /* large */
	struct reader r = {.lines = &lines, .names = names, .err = err};

	*ret = (struct door_policy){.path = path};
	if (door_lines_read(text, size, &lines, err) < 0 || file_read(&r, ret) < 0) {
		ret->n = 0;
		return ord_wrap(err, "%s", path);
	}
	return 0;
}
