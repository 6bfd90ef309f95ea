#include "scheduler/gameday/module/command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"
#include "ordeal/fault.h"
#include "ordeal/gameday.h"
#include "ordeal/run.h"
#include "scheduler/run/mark_words.h"

static const char *const verbs[] = {
	[COMMAND_GO] = "go",	     [COMMAND_HOLD] = "hold",	[COMMAND_SKIP] = "skip",
	[COMMAND_CHECK] = "check",   [COMMAND_LEAVE] = "leave", [COMMAND_ABORT] = "abort",
	[COMMAND_REVEAL] = "reveal", [COMMAND_NOTE] = "note",	[COMMAND_MARK] = "mark",
	[COMMAND_WAIT] = "wait",     [COMMAND_PAUSE] = "pause", [COMMAND_BOARD] = "board",
	[COMMAND_HELP] = "help",     [COMMAND_QUIT] = "quit",
};

static const char help[] =
	"  go                 run the step; 'go overrule' although a check failed\n"
	"  hold               not now; 'check' looks again\n"
	"  skip               leave the step out\n"
	"  abort              end the step that runs, and take back what it did; 'abort day'\n"
	"  leave              do not wait for the steady state any longer\n"
	"  note TEXT          write it down; 'note ROLE: TEXT' for who said it\n"
	"  mark WHAT ROLE     WHAT is detected, acknowledged, mitigated or resolved\n"
	"  reveal             tell everybody what the step does; 'reveal N'\n"
	"  board              how all steps stand\n"
	"  quit               leave the session; it can be resumed\n"
	"  Ctrl-C             abort the step; once more: leave\n"
	"In a script also: wait ready|running|injected|returning|over, pause 2s.\n";

const char *command_help(void)
{
	return help;
}

int command_verb_find(const char *name, enum command_verb *ret, struct ord_err *err)
{
	const char *near;

	for (size_t i = 0; i < ORD_COUNT(verbs); i++)
		if (!strcmp(verbs[i], name)) {
			*ret = (enum command_verb)i;
			return 0;
		}
	near = ord_nearest(name, verbs, ORD_COUNT(verbs));
	return ord_fail(err, ORD_USAGE, "'%.40s' is no command%s%s%s", name,
			near ? "; did you mean '" : "; 'help' lists them", near ? near : "",
			near ? "'?" : "");
}

/* Takes a word off; *rest is what follows it. */
static void word(const char *text, char *out, size_t size, const char **rest)
{
	size_t n;

	text += strspn(text, " \t");
	n = strcspn(text, " \t");
	(void)snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), text);
	text += n;
	*rest = text + strspn(text, " \t");
}

/* "note on-call: the pager rang" */
static int parse_note(const char *rest, struct command *c, struct ord_err *err)
{
	size_t n = strcspn(rest, ":");
	char role[ORD_NAME_MAX];

	if (rest[n] && n < sizeof role) {
		(void)snprintf(role, sizeof role, "%.*s", (int)n, rest);
		if (mark_role_ok(role)) {
			memcpy(c->by, role, sizeof role);
			rest += n + 1;
			rest += strspn(rest, " \t");
		}
	}
	if (!mark_note_ok(rest))
		return ord_fail(err, ORD_USAGE, "note: one line of 1 to %d bytes", ORD_NOTE_MAX);
	(void)snprintf(c->text, sizeof c->text, "%s", rest);
	return 0;
}

static int check_mark(const struct command *c, struct ord_err *err)
{
	if (!mark_what_ok(c->what))
		return ord_fail(err, ORD_USAGE,
				"mark: '%s' is not what a mark says; there are detected, "
				"acknowledged, mitigated and resolved",
				c->what);
	if (!mark_role_ok(c->by))
		return ord_fail(err, ORD_USAGE,
				"mark: who says it is missing: a role, as in 'mark %s on-call'",
				c->what);
	if (*c->text && !mark_note_ok(c->text))
		return ord_fail(err, ORD_USAGE, "mark: a note is one line of at most %d bytes",
				ORD_NOTE_MAX);
	return 0;
}

static int parse_wait(const char *rest, struct command *c, struct ord_err *err)
{
	static const char *const states[] = {"ready", "running", "injected", "returning", "over"};

	for (size_t i = 0; i < ORD_COUNT(states); i++)
		if (!strcmp(rest, states[i])) {
			(void)snprintf(c->what, sizeof c->what, "%s", rest);
			return 0;
		}
	return ord_fail(err, ORD_USAGE,
			"wait: for what? ready, running, injected, returning or over");
}

static int parse_pause(const char *rest, struct command *c, struct ord_err *err)
{
	int64_t ns;

	if (ord_parse_duration(rest, &ns, err))
		return ord_wrap(err, "pause");
	c->pause_ns = ns > 0 ? (uint64_t)ns : 0;
	return 0;
}

static int parse_rest(const char *rest, struct command *c, struct ord_err *err)
{
	int64_t n = 0;

	if (c->verb == COMMAND_NOTE)
		return parse_note(rest, c, err);
	if (c->verb == COMMAND_MARK) {
		word(rest, c->what, sizeof c->what, &rest);
		word(rest, c->by, sizeof c->by, &rest);
		(void)snprintf(c->text, sizeof c->text, "%.511s", rest);
		return check_mark(c, err);
	}
	if (c->verb == COMMAND_WAIT)
		return parse_wait(rest, c, err);
	if (c->verb == COMMAND_PAUSE)
		return parse_pause(rest, c, err);
	if (c->verb == COMMAND_REVEAL && *rest) {
		if (ord_parse_int(rest, 1, ORD_GAMEDAY_STEPS_MAX, &n, err))
			return ord_wrap(err, "reveal");
		c->step = (size_t)n;
	} else if (c->verb == COMMAND_GO && !strcmp(rest, "overrule")) {
		c->overrule = true;
	} else if (c->verb == COMMAND_ABORT && !strcmp(rest, "day")) {
		c->whole_day = true;
	} else if (*rest) {
		return ord_fail(err, ORD_USAGE, "'%.60s' is too much behind '%s'", rest,
				verbs[c->verb]);
	}
	return 0;
}

int command_parse(const char *line, const char *by, struct command *ret, struct ord_err *err)
{
	struct command c = {.verb = COMMAND_NOTHING};
	char verb[40], trimmed[COMMAND_MAX];
	const char *rest;
	size_t n = strlen(line);

	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	if (n >= sizeof trimmed)
		return ord_fail(err, ORD_USAGE, "a line of more than %d bytes", COMMAND_MAX - 1);
	memcpy(trimmed, line, n);
	trimmed[n] = '\0';
	(void)snprintf(c.by, sizeof c.by, "%s", by);
	word(trimmed, verb, sizeof verb, &rest);
	if (*verb && *verb != '#' &&
	    (command_verb_find(verb, &c.verb, err) || parse_rest(rest, &c, err)))
		return -1;
	*ret = c;
	return 0;
}

json_t *command_json(const struct command *c)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:I}", "do", verbs[c->verb], "by", c->by,
			 "what", c->what, "text", c->text, "overrule", c->overrule ? 1 : 0, "day",
			 c->whole_day ? 1 : 0, "step", (json_int_t)c->step);
}

static const char *text_of(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text ? text : "";
}

int command_say(struct command *c, const char *by, const char *what, const char *text,
		struct ord_err *err)
{
	if (strlen(by) >= sizeof c->by || strlen(what) >= sizeof c->what ||
	    strlen(text) >= sizeof c->text)
		return ord_fail(err, ORD_USAGE, "a role has at most %zu bytes, and what is said %d",
				sizeof c->by - 1, ORD_NOTE_MAX);
	memcpy(c->by, by, strlen(by) + 1);
	memcpy(c->what, what, strlen(what) + 1);
	memcpy(c->text, text, strlen(text) + 1);
	return 0;
}

int command_check(const struct command *c, struct ord_err *err)
{
	if (c->verb > COMMAND_LAST_TOLD)
		return ord_fail(err, ORD_USAGE, "this is for the terminal alone");
	if (!mark_role_ok(c->by))
		return ord_fail(err, ORD_USAGE,
				"who says it is missing: a role, as in '--by on-call'");
	if (c->verb == COMMAND_MARK && check_mark(c, err))
		return -1;
	if (*c->text && !mark_note_ok(c->text))
		return ord_fail(err, ORD_USAGE, "a note is one line of 1 to %d bytes",
				ORD_NOTE_MAX);
	if (c->verb == COMMAND_NOTE && !*c->text)
		return ord_fail(err, ORD_USAGE, "a note without a text");
	return 0;
}

int command_read(const json_t *message, struct command *ret, struct ord_err *err)
{
	struct command c = {.overrule = json_is_true(json_object_get(message, "overrule")),
			    .whole_day = json_is_true(json_object_get(message, "day"))};
	json_int_t step = json_integer_value(json_object_get(message, "step"));

	if (command_verb_find(text_of(message, "do"), &c.verb, err))
		return -1;
	if (step < 0 || step > ORD_GAMEDAY_STEPS_MAX)
		return ord_fail(err, ORD_USAGE, "there is no such step");
	c.step = (size_t)step;
	if (command_say(&c, text_of(message, "by"), text_of(message, "what"),
			text_of(message, "text"), err))
		return -1;
	if (command_check(&c, err))
		return -1;
	*ret = c;
	return 0;
}
