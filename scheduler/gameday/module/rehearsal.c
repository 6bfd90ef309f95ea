#include "scheduler/gameday/module/rehearsal.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"

#define LEAST_HOLD (300 * ORD_MS)

static int add(struct rehearsal_args *args, const char *option, char *text)
{
	if (!text || args->n + 2 > REHEARSAL_ARGS_MAX) {
		free(text);
		return -1;
	}
	args->texts[args->n] = text;
	args->argv[args->n++] = option;
	args->argv[args->n++] = text;
	return 0;
}

static int set(struct rehearsal_args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int set(struct rehearsal_args *args, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return add(args, "--set", n < 0 ? NULL : text);
}

/* "orders.ok_ratio >= 0.99 over 5s" -> "orders.ok_ratio < 0.99 over 5s" */
void rehearsal_against(const struct ord_condition *c, char out[static ORD_SENTENCE_MAX])
{
	static const enum ord_op inverse[] = {
		[ORD_OP_LT] = ORD_OP_GE, [ORD_OP_LE] = ORD_OP_GT, [ORD_OP_GT] = ORD_OP_LE,
		[ORD_OP_GE] = ORD_OP_LT, [ORD_OP_EQ] = ORD_OP_NE, [ORD_OP_NE] = ORD_OP_EQ,
	};
	const char *op = ord_op_name(c->op), *at = strstr(c->text, op);

	if (!at)
		at = c->text + strlen(c->text);
	(void)snprintf(out, ORD_SENTENCE_MAX, "%.*s%s%s", (int)(at - c->text), c->text,
		       ord_op_name(inverse[c->op]), *at ? at + strlen(op) : "");
}

static int set_aborts(struct rehearsal_args *args, const struct ord_spec *spec)
{
	ord_auto(json) json_t *list = json_array();
	ord_autofree char *text = NULL;
	char sentence[ORD_SENTENCE_MAX];

	for (size_t i = 0; list && i < spec->n_steady; i++) {
		rehearsal_against(&spec->steady[i], sentence);
		(void)json_array_append_new(list, json_string(sentence));
	}
	text = list ? json_dumps(list, JSON_COMPACT) : NULL;
	return text ? set(args, "spec.abort=%s", text) : -1;
}

int rehearsal_args_make(const struct ord_spec *spec, uint64_t hold_ns, struct rehearsal_args *ret,
			struct ord_err *err)
{
	uint64_t ns = hold_ns > LEAST_HOLD ? hold_ns : LEAST_HOLD;
	uint64_t limit = ns > spec->limit_duration_ns ? ns : spec->limit_duration_ns;
	int r;

	*ret = (struct rehearsal_args){0};
	r = set(ret,
		"spec.faults=[{name: rehearsal, noop: {}, target: {host: true}, for: %" PRIu64
		"ns}]",
		ns);
	r = r ? r : set(ret, "spec.limits.duration=%" PRIu64 "ns", limit);
	/* A sequential test is of two or more. */
	r = r ? r : set(ret, "spec.repetitions=%d", spec->sequential.set ? 2 : 1);
	r = r ? r : set(ret, "spec.placebo=false");
	r = r ? r : set(ret, "spec.randomPhase=false");
	r = r ? r : set_aborts(ret, spec);
	if (!r && spec->sequential.set)
		r = set(ret, "spec.sequential={}");
	if (!r && add(ret, "--format", strdup("json")))
		r = -1;
	if (!r)
		ret->argv[ret->n++] = "--no-summary";
	return r ? ord_fail_nomem(err) : 0;
}

int run_args_make(const char *session, size_t step, bool hidden, struct rehearsal_args *ret,
		  struct ord_err *err)
{
	char *as = NULL;

	*ret = (struct rehearsal_args){0};
	if (hidden && (asprintf(&as, "gameday-step-%zu", step + 1) < 0 || add(ret, "--as", as)))
		return ord_fail_nomem(err);
	if (set(ret, "metadata.labels.gameday=\"%s\"", session) ||
	    set(ret, "metadata.labels.gameday-step=\"%zu\"", step + 1))
		return ord_fail_nomem(err);
	return 0;
}

int rehearsal_args_add(struct rehearsal_args *args, const char *const *more, struct ord_err *err)
{
	for (; more && *more; more++) {
		if (args->n >= REHEARSAL_ARGS_MAX)
			return ord_fail(err, ORD_USAGE, "too many arguments for one run");
		args->argv[args->n++] = *more;
	}
	return 0;
}

void rehearsal_args_done(struct rehearsal_args *args)
{
	for (size_t i = 0; i < REHEARSAL_ARGS_MAX; i++)
		free(args->texts[i]);
	*args = (struct rehearsal_args){0};
}

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

/* Adds to a list of words; what does not fit is left out. */
static void list(char out[static REHEARSAL_TEXT_MAX], const char *word)
{
	size_t n = strlen(out);

	if (!*word || strstr(out, word) || n + strlen(word) + 3 > REHEARSAL_TEXT_MAX)
		return;
	(void)snprintf(out + n, REHEARSAL_TEXT_MAX - n, "%s%s", n ? ", " : "", word);
}

void rehearsal_begin(struct rehearsal_seen *seen)
{
	*seen = (struct rehearsal_seen){.before = -1, .after = -1};
}

static void take_steady(struct rehearsal_seen *seen, const json_t *line)
{
	const json_t *conditions = json_object_get(line, "conditions"), *c;
	bool holds = json_is_true(json_object_get(line, "holds"));
	size_t i;

	if (!strcmp(text_of(line, "when"), "before"))
		seen->before = holds;
	else
		seen->after = holds;
	json_array_foreach (conditions, i, c)
		if (!json_is_true(json_object_get(c, "met")))
			list(seen->not_met, text_of(c, "text"));
}

static void take_fault(struct rehearsal_seen *seen, const json_t *line)
{
	const char *state = text_of(line, "state");
	int64_t t = json_integer_value(json_object_get(line, "t"));

	if (!strcmp(state, "injected")) {
		seen->injected = true;
		seen->injected_t = t;
	} else if (!strcmp(state, "reverting")) {
		seen->reverting_t = t;
	} else if (!strcmp(state, "reverted")) {
		seen->reverted = true;
		seen->reverted_t = t;
		seen->left_behind = json_integer_value(json_object_get(line, "residue")) > 0;
	} else if (!strcmp(state, "failed") || !strcmp(state, "lost")) {
		list(seen->why, text_of(line, "message"));
	}
}

static void take_channel(struct rehearsal_seen *seen, const json_t *line)
{
	const char *name = text_of(line, "channel");
	const json_t *state = json_object_get(line, "state");

	if (strncmp(name, "prometheus:", 11) != 0 && strncmp(name, "alertmanager:", 13) != 0)
		return;
	if (json_is_true(state))
		list(seen->firing, name);
	else if (json_is_null(state))
		list(seen->unasked, text_of(line, "message"));
}

static void take_clock(struct rehearsal_seen *seen, const json_t *line)
{
	const json_t *offset = json_object_get(line, "offset_ns");
	int64_t lo = json_integer_value(json_array_get(offset, 0));
	int64_t hi = json_integer_value(json_array_get(offset, 1));
	/* What is sure of it alone. */
	int64_t off = lo > 0 ? lo : hi < 0 ? -hi : 0;

	if (off > seen->clock_off_ns)
		seen->clock_off_ns = off;
}

void rehearsal_line(struct rehearsal_seen *seen, const char *text, size_t size)
{
	ord_auto(json) json_t *line = NULL;
	const char *e;

	/* Nearly all of them are samples. */
	if (memmem(text, size, "\"e\":\"sample\"", 12))
		return;
	line = json_loadb(text, size, 0, NULL);
	e = text_of(line, "e");
	if (!strcmp(e, "steady"))
		take_steady(seen, line);
	else if (!strcmp(e, "fault"))
		take_fault(seen, line);
	else if (!strcmp(e, "channel"))
		take_channel(seen, line);
	else if (!strcmp(e, "clock"))
		take_clock(seen, line);
	else if (!strcmp(e, "end")) {
		(void)snprintf(seen->cause, sizeof seen->cause, "%.31s", text_of(line, "cause"));
		list(seen->why, text_of(line, "text"));
	}
}
