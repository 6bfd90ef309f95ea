/*
 * What must be allowed for a plan, as a set: one entry a verb, each once, none that another covers.
 */
#include "scheduler/cluster/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define RULES_MAX 20000

void ord_rules_done(struct ord_rules *r)
{
	free(r->v);
	free(r->texts);
	*r = (struct ord_rules){0};
}

void rules_drop(struct rule_drafts *d)
{
	free(d->v);
	*d = (struct rule_drafts){0};
}

static bool same_call(const struct rule_draft *a, const struct rule_draft *b)
{
	return !strcmp(a->group, b->group) && !strcmp(a->resource, b->resource) &&
	       !strcmp(a->subresource, b->subresource) && !strcmp(a->verb, b->verb);
}

/* Whether b allows all that a does. */
static bool covers(const struct rule_draft *b, const struct rule_draft *a)
{
	return same_call(a, b) && (!*b->ns || !strcmp(a->ns, b->ns)) &&
	       (!*b->name || !strcmp(a->name, b->name)) && (!b->optional || a->optional);
}

/* Reasons are joined by ", ", each once. */
static void add_why(struct rule_draft *to, const char *why)
{
	while (*why) {
		const char *end = strstr(why, ", ");
		size_t n = end ? (size_t)(end - why) : strlen(why), at = strlen(to->why);
		char one[sizeof to->why];

		(void)snprintf(one, sizeof one, "%.*s", (int)n, why);
		if (!strstr(to->why, one))
			(void)snprintf(to->why + at, sizeof to->why - at, "%s%s", at ? ", " : "",
				       one);
		why += n + (end ? 2 : 0);
	}
}

static int add(struct rule_drafts *d, const struct rule_draft *rule, struct ord_err *err)
{
	for (size_t i = 0; i < d->n; i++)
		if (covers(&d->v[i], rule)) {
			add_why(&d->v[i], rule->why);
			return 0;
		}
	if (d->n == RULES_MAX)
		return ord_fail(err, ORD_USAGE, "more than %d permissions would be needed",
				RULES_MAX);
	if (d->n == d->room) {
		size_t room = d->room ? 2 * d->room : 64;
		struct rule_draft *v = reallocarray(d->v, room, sizeof *v);

		if (!v)
			return ord_fail_nomem(err);
		d->v = v;
		d->room = room;
	}
	d->v[d->n++] = *rule;
	return 0;
}

int rules_need(struct rule_drafts *d, const struct rule_draft *what, const char *verbs,
	       struct ord_err *err)
{
	struct rule_draft rule = *what;

	while (*verbs) {
		size_t n = strcspn(verbs, ",");

		(void)snprintf(rule.verb, sizeof rule.verb, "%.*s", (int)n, verbs);
		if (add(d, &rule, err))
			return -1;
		verbs += n + (verbs[n] == ',');
	}
	return 0;
}

/* What came first may be covered by what came later. */
static void drop_covered(struct rule_drafts *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		size_t by = 0;

		while (by < d->n && (by == i || !covers(&d->v[by], &d->v[i])))
			by++;
		if (by == d->n)
			d->v[kept++] = d->v[i];
		else if (by > i)
			add_why(&d->v[by], d->v[i].why);
	}
	d->n = kept;
}

static int compare(const void *x, const void *y)
{
	const struct rule_draft *a = x, *b = y;
	int by = strcmp(a->ns, b->ns);

	by = by ? by : strcmp(a->group, b->group);
	by = by ? by : strcmp(a->resource, b->resource);
	by = by ? by : strcmp(a->subresource, b->subresource);
	by = by ? by : strcmp(a->name, b->name);
	return by ? by : strcmp(a->verb, b->verb);
}

static size_t size_of(const struct rule_draft *r)
{
	return strlen(r->group) + strlen(r->resource) + strlen(r->subresource) + strlen(r->verb) +
	       strlen(r->ns) + strlen(r->name) + strlen(r->why) + 7;
}

static const char *keep(char **to, const char *text)
{
	size_t size = strlen(text) + 1;
	char *at = *to;

	memcpy(at, text, size);
	*to += size;
	return at;
}

int rules_pack(struct rule_drafts *d, struct ord_rules *ret, struct ord_err *err)
{
	struct ord_rules r = {0};
	size_t size = 1;
	char *to;

	/* Quadratic, but of a few dozen: sorted, so that the same plan gives the same list. */
	drop_covered(d);
	if (d->n)
		qsort(d->v, d->n, sizeof *d->v, compare);
	for (size_t i = 0; i < d->n; i++)
		size += size_of(&d->v[i]);
	r.v = calloc(d->n + 1, sizeof *r.v);
	r.texts = to = malloc(size);
	if (!r.v || !r.texts) {
		ord_rules_done(&r);
		return ord_fail_nomem(err);
	}
	for (size_t i = 0; i < d->n; i++)
		r.v[r.n++] = (struct ord_rule){.group = keep(&to, d->v[i].group),
					       .resource = keep(&to, d->v[i].resource),
					       .subresource = keep(&to, d->v[i].subresource),
					       .verb = keep(&to, d->v[i].verb),
					       .ns = keep(&to, d->v[i].ns),
					       .name = keep(&to, d->v[i].name),
					       .why = keep(&to, d->v[i].why),
					       .optional = d->v[i].optional};
	*ret = r;
	return 0;
}

static int add_all(struct rule_drafts *d, const struct ord_rules *from, struct ord_err *err)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct ord_rule *r = &from->v[i];
		struct rule_draft rule = {.optional = r->optional};

		(void)snprintf(rule.group, sizeof rule.group, "%s", r->group);
		(void)snprintf(rule.resource, sizeof rule.resource, "%s", r->resource);
		(void)snprintf(rule.subresource, sizeof rule.subresource, "%s", r->subresource);
		(void)snprintf(rule.ns, sizeof rule.ns, "%s", r->ns);
		(void)snprintf(rule.name, sizeof rule.name, "%s", r->name);
		(void)snprintf(rule.why, sizeof rule.why, "%s", r->why);
		if (rules_need(d, &rule, r->verb, err))
			return -1;
	}
	return 0;
}

int ord_rules_join(struct ord_rules *into, const struct ord_rules *more, struct ord_err *err)
{
	struct rule_drafts d = {0};
	struct ord_rules all = {0};
	int rc = -1;

	if (!add_all(&d, into, err) && !add_all(&d, more, err))
		rc = rules_pack(&d, &all, err);
	rules_drop(&d);
	if (rc)
		return -1;
	ord_rules_done(into);
	*into = all;
	return 0;
}
