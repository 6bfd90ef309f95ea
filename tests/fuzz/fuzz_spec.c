/*
 * Experiments: any bytes are read or refused with a reason, in the order of the text; what is read
 * makes a plan, twice the same. Lines "--set PATH=VALUE" at the start are overrides.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/plan.h"

#define SETS_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_mistakes(const struct ord_mistakes *m, int rc)
{
	size_t errors = m->more;

	for (size_t i = 0; i < m->n; i++) {
		errors += !m->v[i].warning;
		if (!m->v[i].text || !*m->v[i].text || (!m->v[i].line && m->v[i].column))
			abort();
		if (i && (m->v[i].line < m->v[i - 1].line || (m->v[i].line == m->v[i - 1].line &&
							      m->v[i].column < m->v[i - 1].column)))
			abort();
	}
	if ((rc != 0) != (errors != 0) && !m->more)
		abort();
}

static void plan_twice(const struct ord_spec *spec)
{
	struct ord_plan a = {0}, b = {0};
	ord_autofree char *x = NULL, *y = NULL, *text = NULL;
	struct ord_err err;
	size_t n;
	FILE *f;

	if (ord_plan_build(spec, 42, &a, &err) || ord_plan_build(spec, 42, &b, &err))
		abort(); /* what the spec's checks let through, the plan's must */
	x = json_dumps(a.json, JSON_COMPACT | JSON_SORT_KEYS);
	y = json_dumps(b.json, JSON_COMPACT | JSON_SORT_KEYS);
	if (!x || !y || strcmp(x, y) != 0 || strcmp(a.hash, b.hash) != 0)
		abort();
	f = open_memstream(&text, &n);
	if (f) {
		ord_plan_text(&a, NULL, NULL, NULL, f);
		(void)fclose(f);
	}
	ord_plan_done(&a);
	ord_plan_done(&b);
}

/* Takes the overrides off the start; the copy is cut in place. */
static char *take_sets(char *text, struct ord_override *sets, size_t *n)
{
	while (*n < SETS_MAX && !strncmp(text, "--set ", 6)) {
		char *eq = strchr(text, '='), *end = strchr(text, '\n');

		if (!eq || !end || eq > end)
			break;
		*eq = *end = '\0';
		sets[(*n)++] = (struct ord_override){text + 6, eq + 1};
		text = end + 1;
	}
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_override sets[SETS_MAX];
	ord_autofree char *copy = malloc(size + 1);
	struct ord_mistakes m = {0};
	static struct ord_spec spec;
	size_t n = 0;
	char *text;
	int rc;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	text = take_sets(copy, sets, &n);
	rc = ord_spec_parse(text, size - (size_t)(text - copy), sets, n, &spec, &m);
	check_mistakes(&m, rc);
	ord_mistakes_done(&m);
	if (rc)
		return 0;
	plan_twice(&spec);
	ord_spec_done(&spec);
	return 0;
}
