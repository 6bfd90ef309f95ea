#include "scheduler/monitor/read/route.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/pattern.h"
#include "scheduler/monitor/read/needs.h"
#include "scheduler/monitor/read/yaml.h"

#define DEPTH_MAX 32

struct mon_routes {
	yaml_document_t doc;
	yaml_node_t *root; /* of the routes */
};

enum answer { NO, YES, UNKNOWN };

int mon_routes_parse(const char *yaml, size_t size, struct mon_routes **ret, struct ord_err *err)
{
	struct mon_routes *r = calloc(1, sizeof *r);

	if (!r)
		return ord_fail_nomem(err);
	if (mon_yaml_parse(yaml, size, "Alertmanager", &r->doc, err)) {
		free(r);
		return -1;
	}
	r->root = mon_yaml_value(&r->doc, mon_yaml_root(&r->doc), "route");
	if (!r->root) {
		mon_routes_free(r);
		return ord_fail(err, ORD_SYS, "Alertmanager's configuration has no route");
	}
	*ret = r;
	return 0;
}

void mon_routes_free(struct mon_routes *r)
{
	if (!r)
		return;
	yaml_document_delete(&r->doc);
	free(r);
}

static enum answer matches_text(const char *pattern, bool regex, const char *value)
{
	char anchored[512];
	struct ord_err err;
	regex_t re;
	int found;

	if (!regex)
		return strcmp(pattern, value) ? NO : YES;
	/* RE2 there, POSIX here: what only the one knows, or takes ages for, is not known. */
	if (snprintf(anchored, sizeof anchored, "^(%s)$", pattern) >= (int)sizeof anchored ||
	    strpbrk(pattern, "\\{") || strstr(pattern, "(?") || strstr(pattern, "+?") ||
	    ord_pattern_compile(anchored, 0, &re, &err))
		return UNKNOWN;
	found = regexec(&re, value, 0, NULL, 0);
	regfree(&re);
	return found ? NO : YES;
}

/* A label that an alert lacks is an empty text to a matcher. */
static enum answer matches(const char *name, const char *pattern, bool regex, bool negated,
			   const json_t *labels, bool all)
{
	const char *value = json_string_value(json_object_get(labels, name));
	enum answer a;

	if (!value && !all)
		return UNKNOWN;
	a = matches_text(pattern, regex, value ? value : "");
	if (a == UNKNOWN || !negated)
		return a;
	return a == YES ? NO : YES;
}

static void trim(char *text)
{
	size_t n = strlen(text), from = strspn(text, " \t\"");

	while (n > from && strchr(" \t\"", text[n - 1]))
		n--;
	memmove(text, text + from, n - from);
	text[n - from] = '\0';
}

/* `severity="page"`, `team=~"a|b"` */
static enum answer matcher_text(const char *text, const json_t *labels, bool all)
{
	size_t n = strcspn(text, "=!");
	char name[128], value[384];
	bool negated = text[n] == '!', regex;
	const char *rest = text + n;

	if (!*rest || n >= sizeof name)
		return UNKNOWN;
	rest += negated;
	regex = *rest == '~' || (*rest == '=' && rest[1] == '~');
	rest += *rest == '=' ? 1 + regex : 1;
	if (strchr(rest, '\\') || strlen(rest) >= sizeof value)
		return UNKNOWN;
	(void)snprintf(name, sizeof name, "%.*s", (int)n, text);
	(void)snprintf(value, sizeof value, "%s", rest);
	trim(name);
	trim(value);
	return matches(name, value, regex, negated, labels, all);
}

static enum answer both(enum answer a, enum answer b)
{
	if (a == NO || b == NO)
		return NO;
	return a == YES && b == YES ? YES : UNKNOWN;
}

static enum answer old_matchers(const struct mon_routes *r, const yaml_node_t *map, bool regex,
				const json_t *labels, bool all)
{
	enum answer a = YES;

	if (!map || map->type != YAML_MAPPING_NODE)
		return a;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		const char *k = mon_yaml_text(mon_yaml_node(&r->doc, p->key)),
			   *v = mon_yaml_text(mon_yaml_node(&r->doc, p->value));

		a = both(a, k && v ? matches(k, v, regex, false, labels, all) : UNKNOWN);
	}
	return a;
}

static enum answer route_matches(const struct mon_routes *r, const yaml_node_t *route,
				 const json_t *labels, bool all)
{
	const yaml_node_t *list = mon_yaml_value(&r->doc, route, "matchers");
	enum answer a = both(
		old_matchers(r, mon_yaml_value(&r->doc, route, "match"), false, labels, all),
		old_matchers(r, mon_yaml_value(&r->doc, route, "match_re"), true, labels, all));

	if (!list || list->type != YAML_SEQUENCE_NODE)
		return list && mon_yaml_text(list)
			       ? both(a, matcher_text(mon_yaml_text(list), labels, all))
			       : a;
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		const char *text = mon_yaml_text(mon_yaml_node(&r->doc, *i));

		a = both(a, text ? matcher_text(text, labels, all) : UNKNOWN);
	}
	return a;
}

/* What a route says itself; the rest is its parent's. */
static void take(const struct mon_routes *r, const yaml_node_t *route, struct mon_route *into)
{
	const char *receiver = mon_yaml_text_at(&r->doc, route, "receiver");

	(void)mon_duration(mon_yaml_text_at(&r->doc, route, "group_wait"), &into->group_wait_ns);
	(void)mon_duration(mon_yaml_text_at(&r->doc, route, "group_interval"),
			   &into->group_interval_ns);
	(void)mon_duration(mon_yaml_text_at(&r->doc, route, "repeat_interval"), &into->repeat_ns);
	if (receiver)
		(void)snprintf(into->receiver, sizeof into->receiver, "%s", receiver);
}

/* The first child that the alert goes to; NULL: it stays where it is. */
static const yaml_node_t *child_of(const struct mon_routes *r, const yaml_node_t *route,
				   const json_t *labels, bool all, bool *sure)
{
	const yaml_node_t *list = mon_yaml_value(&r->doc, route, "routes");

	if (!list || list->type != YAML_SEQUENCE_NODE)
		return NULL;
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		const yaml_node_t *child = mon_yaml_node(&r->doc, *i);
		const char *goes_on = mon_yaml_text_at(&r->doc, child, "continue");
		enum answer a = route_matches(r, child, labels, all);

		*sure = *sure && a != UNKNOWN;
		if (a != YES)
			continue;
		*sure = *sure && (!goes_on || strcmp(goes_on, "true") != 0);
		return child;
	}
	return NULL;
}

struct mon_route mon_routes_find(const struct mon_routes *r, const json_t *labels, bool all)
{
	struct mon_route found = {.group_wait_ns = 30 * ORD_S,
				  .group_interval_ns = 300 * ORD_S,
				  .repeat_ns = 4 * 3600 * ORD_S,
				  .sure = true};
	const yaml_node_t *route = r->root;

	for (unsigned depth = 0; route && depth < DEPTH_MAX; depth++) {
		take(r, route, &found);
		route = labels ? child_of(r, route, labels, all, &found.sure) : NULL;
	}
	return found;
}

json_t *mon_route_json(const struct mon_route *r)
{
	return json_pack("{s:I, s:I, s:I, s:s, s:b}", "group_wait_ns", (json_int_t)r->group_wait_ns,
			 "group_interval_ns", (json_int_t)r->group_interval_ns, "repeat_ns",
			 (json_int_t)r->repeat_ns, "receiver", r->receiver, "sure", r->sure);
}
