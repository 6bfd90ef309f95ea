/* Lines of a session for people: what happened, when, and who said it. */
#include <string.h>

#include "base/auto.h"
#include "base/printable.h"
#include "scheduler/gameday/module/event.h"

#define SHOWN 700

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

/* "  text", fit for a terminal. */
static void put(FILE *out, const char *before, const char *text)
{
	char shown[SHOWN];

	if (*text)
		(void)fprintf(out, "%s%s", before, ord_printable(text, sizeof shown, shown));
}

static const char *title(const json_t *head, json_int_t step)
{
	return text_of(json_array_get(json_object_get(head, "steps"), (size_t)step - 1), "name");
}

static void say_head(const json_t *line, FILE *out)
{
	const json_t *steps = json_object_get(line, "steps"), *step;
	size_t i;

	(void)fprintf(out, "game day %s, session %s\n", text_of(line, "name"), text_of(line, "id"));
	put(out, "\n", text_of(line, "briefing"));
	(void)fputs("\n\n", out);
	json_array_foreach (steps, i, step) {
		(void)fprintf(out, "  %zu", i + 1);
		put(out, ". ", text_of(step, "name"));
		(void)fputs(json_is_true(json_object_get(step, "hidden")) ? " (hidden)\n" : "\n",
			    out);
	}
}

static void say_reveal(const json_t *line, FILE *out)
{
	ord_autofree char *faults = strdup(text_of(line, "faults"));
	char *rest = NULL;

	put(out, ": ", text_of(line, "experiment"));
	for (char *f = faults ? strtok_r(faults, "\n", &rest) : NULL; f;
	     f = strtok_r(NULL, "\n", &rest))
		put(out, "\n           ", f);
	put(out, "\n           expected impact: ", text_of(line, "impact"));
	put(out, "\n           expected response: ", text_of(line, "response"));
	put(out, "\n           ", text_of(line, "verdict"));
}

static const struct {
	const char *e, *words;
} plain[] = {
	{"checks", "is looked at"},
	{"ready", "READY: go or hold?"},
	{"go", "GO"},
	{"hold", "HELD"},
	{"skip", "SKIPPED"},
	{"run", "RUNNING"},
	{"phase", "  phase"},
	{"abort", "ABORT"},
	{"ended", "ENDED; the steady state is waited for"},
	{"left", "goes on; the steady state was not waited for"},
	{"interrupted", "INTERRUPTED: who held the session had died"},
	{"resumed", "the session goes on"},
	{"reveal", "REVEALED"},
	{"note", "note"},
	{"mark", "mark"},
	{"end", "THE GAME DAY IS OVER"},
};

static void say_words(const char *e, const json_t *line, FILE *out)
{
	for (size_t i = 0; i < ORD_COUNT(plain); i++)
		if (!strcmp(plain[i].e, e))
			(void)fputs(plain[i].words, out);
	if (!strcmp(e, "check"))
		(void)fprintf(out, "  %-13s %-7s", text_of(line, "check"), text_of(line, "result"));
	if (!strcmp(e, "steady"))
		(void)fputs(!strcmp(text_of(line, "result"), "fail") ? "not steady yet"
								     : "RETURNED",
			    out);
}

void day_say(const json_t *line, const json_t *head, FILE *out)
{
	const char *e = text_of(line, "e"), *at = text_of(line, "at");
	json_int_t step = json_integer_value(json_object_get(line, "step"));

	if (!strcmp(e, "session")) {
		say_head(line, out);
		return;
	}
	/* "2026-11-22T00:12:13.456Z" */
	(void)fprintf(out, "%.8s  ", strlen(at) > 19 ? at + 11 : at);
	if (step)
		(void)fprintf(out, "step %d ", (int)step);
	if (step && (!strcmp(e, "checks") || !strcmp(e, "go") || !strcmp(e, "ready"))) {
		put(out, "'", title(head, step));
		(void)fputs("' ", out);
	}
	say_words(e, line, out);
	put(out, " ", text_of(line, "what"));
	if (json_is_true(json_object_get(line, "overrule")))
		(void)fputs(" although a check failed", out);
	put(out, " by ", text_of(line, "by"));
	put(out, !strcmp(e, "check") ? "" : ": ", text_of(line, "text"));
	if (!strcmp(e, "reveal"))
		say_reveal(line, out);
	if (json_is_true(json_object_get(line, "untold")))
		(void)fputs(" (in the session alone: no run lasted)", out);
	(void)fputc('\n', out);
}
