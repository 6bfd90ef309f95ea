/* Whether an answer is what was expected. Pure but for the memory that regular expressions take. */
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/pattern.h"
#include "base/units.h"
#include "scheduler/probe/probe.h"

static int compile(regex_t *re, const char *text, const char *what, struct ord_err *err)
{
	if (!ord_pattern_compile(text, REG_NEWLINE, re, err))
		return 0;
	return ord_wrap(err, "%s '%.80s' cannot be used as a regular expression", what, text);
}

/* A value as JSON text, or else a bare string. */
static json_t *read_value(const char *text)
{
	json_t *v = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	return v ? v : json_string(text);
}

int prb_expect_open(struct prb_expect *x, const struct ord_expect *spec, struct ord_err *err)
{
	*x = (struct prb_expect){.spec = spec};
	if (spec->body) {
		if (compile(&x->body, spec->body, "expect.body", err) < 0)
			return -1;
		x->has_body = true;
	}
	if (spec->header_name) {
		if (compile(&x->header, spec->header ? spec->header : "", "expect.header", err) < 0)
			return -1;
		x->has_header = true;
	}
	if (spec->json_path && spec->json_value) {
		x->value = read_value(spec->json_value);
		if (!x->value)
			return ord_fail(err, ORD_USAGE, "expect.json: '%.80s' is not a value",
					spec->json_value);
	}
	return 0;
}

void prb_expect_close(struct prb_expect *x)
{
	if (x->has_body)
		regfree(&x->body);
	if (x->has_header)
		regfree(&x->header);
	json_decref(x->value);
	*x = (struct prb_expect){0};
}

bool prb_expect_wants_body(const struct ord_expect *spec)
{
	return spec->body || spec->json_path;
}

/* Follows "a.b[0].c" (a leading "$" is fine). Borrowed; NULL: there is no such place. */
static const json_t *follow(const json_t *at, const char *path)
{
	if (*path == '$')
		path++;
	while (at && *path) {
		if (*path == '[') {
			char *end;
			unsigned long i = strtoul(path + 1, &end, 10);

			if (end == path + 1 || *end != ']')
				return NULL;
			at = json_array_get(at, i);
			path = end + 1;
		} else {
			size_t n;

			path += *path == '.';
			n = strcspn(path, ".[");
			at = n ? json_object_getn(at, path, n) : NULL;
			path += n;
		}
	}
	return at;
}

static bool same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b))
		return !(json_number_value(a) < json_number_value(b)) &&
		       !(json_number_value(a) > json_number_value(b));
	return json_equal(a, b);
}

/* "" where it holds, else what does not. */
static void judge_json(const struct prb_expect *x, const struct prb_sample *s,
		       char why[ORD_WHY_MAX])
{
	json_error_t error;
	json_t *doc = json_loadb(s->body ? s->body : "", s->body_n, JSON_DECODE_ANY, &error);
	const json_t *at = doc ? follow(doc, x->spec->json_path) : NULL;

	if (!doc) {
		(void)snprintf(why, ORD_WHY_MAX, "the body is not JSON: %.100s", error.text);
	} else if (!at) {
		(void)snprintf(why, ORD_WHY_MAX, "there is no %.100s", x->spec->json_path);
	} else if (x->value && !same(at, x->value)) {
		ord_autofree char *text = json_dumps(at, JSON_COMPACT | JSON_ENCODE_ANY);

		(void)snprintf(why, ORD_WHY_MAX, "%.60s is %.40s, not %.40s", x->spec->json_path,
			       text ? text : "?", x->spec->json_value);
	}
	json_decref(doc);
}

static bool matches(const regex_t *re, const char *text, size_t n)
{
	regmatch_t m = {.rm_so = 0, .rm_eo = (regoff_t)n};

	return regexec(re, text ? text : "", 1, &m, REG_STARTEND) == 0;
}

static void judge_http(const struct prb_expect *x, const struct prb_sample *s,
		       char why[ORD_WHY_MAX])
{
	unsigned lo = x->spec->status_lo, hi = x->spec->status_hi;

	if (lo && (s->s.status < lo || s->s.status > hi)) {
		if (lo == hi)
			(void)snprintf(why, ORD_WHY_MAX, "status %u, not %u", s->s.status, lo);
		else
			(void)snprintf(why, ORD_WHY_MAX, "status %u, not %u-%u", s->s.status, lo,
				       hi);
	} else if (!lo && s->s.status >= 400) {
		(void)snprintf(why, ORD_WHY_MAX, "status %u", s->s.status);
	} else if (x->has_header && (!s->header || !*s->header)) {
		(void)snprintf(why, ORD_WHY_MAX, "no header %.100s", x->spec->header_name);
	} else if (x->has_header && !matches(&x->header, s->header, strlen(s->header))) {
		(void)snprintf(why, ORD_WHY_MAX, "header %.60s is '%.60s'", x->spec->header_name,
			       s->header);
	}
}

void prb_judge(const struct ord_probe_spec *spec, const struct prb_expect *x, struct prb_sample *s)
{
	uint64_t took = s->s.done - s->s.due;
	char a[32], b[32];
	char *why = s->s.why;

	why[0] = '\0';
	if (spec->kind == ORD_PROBE_HTTP)
		judge_http(x, s, why);
	else if (spec->kind == ORD_PROBE_EXEC && s->exit_status != x->spec->exit_status)
		(void)snprintf(why, ORD_WHY_MAX, "exit status %d, not %d", s->exit_status,
			       x->spec->exit_status);
	if (!*why && x->has_body && !matches(&x->body, s->body, s->body_n))
		(void)snprintf(why, ORD_WHY_MAX, "the body does not match");
	if (!*why && x->spec->json_path)
		judge_json(x, s, why);
	if (!*why && x->spec->within_ns && took > x->spec->within_ns)
		(void)snprintf(why, ORD_WHY_MAX, "took %s, not within %s",
			       ord_human_duration((int64_t)took, a),
			       ord_format_duration((int64_t)x->spec->within_ns, b));
	s->s.outcome = *why ? ORD_OUTCOME_WRONG : ORD_OUTCOME_OK;
}
