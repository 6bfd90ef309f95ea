#include "cli/progress.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"

#define REDRAW_NS (100 * ORD_MS)

enum paint { PLAIN, GOOD, BAD, DIM };

void cli_progress_init(struct cli_progress *p, bool quiet, bool json)
{
	bool terminal = isatty(STDOUT_FILENO);
	const char *term = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");

	*p = (struct cli_progress){.reps = 1};
	if (json)
		p->mode = CLI_PROGRESS_JSON;
	else if (quiet)
		p->mode = CLI_PROGRESS_QUIET;
	else if (terminal && term && strcmp(term, "dumb"))
		p->mode = CLI_PROGRESS_VIEW;
	else
		p->mode = CLI_PROGRESS_LINES;
	p->colour = terminal && !(no_colour && *no_colour);
}

static const char *text(const json_t *line, const char *key)
{
	const char *s = json_string_value(json_object_get(line, key));

	return s ? s : "";
}

static void copy(char *out, size_t size, const char *from)
{
	(void)snprintf(out, size, "%.*s", (int)size - 1, from);
}

/* Lines of a view never wrap, or drawing over them would go wrong. */
__attribute__((format(printf, 3, 4))) static void put(struct cli_progress *p, enum paint paint,
						      const char *fmt, ...)
{
	static const char *const codes[] = {
		[PLAIN] = "", [GOOD] = "\033[32m", [BAD] = "\033[31m", [DIM] = "\033[2m"};
	struct winsize w = {0};
	char line[512];
	int columns;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	columns = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col > 10 ? w.ws_col - 1 : 99;
	(void)printf("%s%.*s%s\033[K\n", p->colour ? codes[paint] : "", columns, line,
		     p->colour && paint != PLAIN ? "\033[0m" : "");
	p->lines++;
}

static void put_probe(struct cli_progress *p, const struct cli_progress_probe *b)
{
	char latency[32];

	if (!b->n) {
		put(p, DIM, "  %-20s -", b->name);
		return;
	}
	/* A signal that is silent is no fault of the system. */
	put(p,
	    b->good > 0		       ? GOOD
	    : b->good < 0 || b->signal ? DIM
				       : BAD,
	    "  %-20s %-8s %10s  %s%" PRIu64 " of %" PRIu64, b->name,
	    b->signal ? (b->good > 0 ? "raised" : "silent") : b->outcome,
	    b->latency_ns > 0 ? ord_human_duration(b->latency_ns, latency) : "",
	    b->signal ? "silent " : "bad ", b->bad, b->n);
}

static void draw(struct cli_progress *p)
{
	char elapsed[32];

	if (p->lines)
		(void)printf("\033[%uA", p->lines);
	p->lines = 0;
	(void)snprintf(elapsed, sizeof elapsed, "%" PRId64 ".%" PRId64 " s",
		       p->t_ns / (int64_t)ORD_S,
		       p->t_ns % (int64_t)ORD_S / (100 * (int64_t)ORD_MS));
	if (p->rep)
		put(p, PLAIN, "%s  repetition %" PRId64 " of %" PRId64 "  %s  %s", p->name, p->rep,
		    p->reps, p->phase, elapsed);
	else
		put(p, PLAIN, "%s  placebo  %s  %s", p->name, p->phase, elapsed);
	for (size_t i = 0; i < p->n_probes; i++)
		put_probe(p, &p->probes[i]);
	for (size_t i = 0; i < p->n_faults; i++)
		put(p, !strcmp(p->faults[i].state, "injected") ? BAD : PLAIN, "  %-20s %-16s %s",
		    p->faults[i].name, p->faults[i].fault, p->faults[i].state);
	put(p, BAD, "%s", p->remark);
	(void)fflush(stdout);
	p->drawn_ns = ord_now_ns();
}

static void on_run(struct cli_progress *p, const json_t *line)
{
	const json_t *plan = json_object_get(line, "plan"), *item;
	size_t i;

	copy(p->name, sizeof p->name, text(plan, "name"));
	p->reps = json_integer_value(json_object_get(plan, "repetitions"));
	json_array_foreach (json_object_get(plan, "probes"), i, item) {
		struct cli_progress_probe *b = &p->probes[p->n_probes];

		if (p->n_probes == ORD_PROBES_MAX)
			break;
		copy(b->name, sizeof b->name, text(item, "name"));
		b->signal = !strcmp(text(item, "role"), "signal");
		p->n_probes++;
	}
	json_array_foreach (json_object_get(plan, "faults"), i, item) {
		struct cli_progress_fault *f = &p->faults[p->n_faults];

		if (p->n_faults == ORD_FAULTS_MAX)
			break;
		copy(f->name, sizeof f->name, text(item, "name"));
		copy(f->fault, sizeof f->fault, text(item, "fault"));
		copy(f->state, sizeof f->state, "-");
		p->n_faults++;
	}
}

/* {"t":123,"e":"sample",...: every line begins with these two. */
static bool is_sample(const char *line, size_t size)
{
	static const char e[] = ",\"e\":\"sample\"";
	const char *at = memchr(line, ',', size);

	return at && (size_t)(line + size - at) >= sizeof e && !memcmp(at, e, sizeof e - 1);
}

/* What stands behind `"key":`; "" where it is not there. */
static const char *behind(const char *line, size_t size, const char *key)
{
	const char *at = memmem(line, size, key, strlen(key));

	return at ? at + strlen(key) : "";
}

static bool is_quoted(const char *at, const char *word)
{
	return !strncmp(at, word, strlen(word)) && at[strlen(word)] == '"';
}

/* Samples are many, and written by hand: they are read by hand, too. Their texts come last, and
 * quotes in them are escaped. */
static void on_sample(struct cli_progress *p, const char *line, size_t size)
{
	const char *probe = behind(line, size, ",\"p\":\""), *o = behind(line, size, ",\"o\":\""),
		   *good = behind(line, size, ",\"good\":");

	p->t_ns = strtoll(behind(line, size, "{\"t\":"), NULL, 10);
	for (size_t i = 0; i < p->n_probes; i++) {
		struct cli_progress_probe *b = &p->probes[i];

		if (!is_quoted(probe, b->name))
			continue;
		b->n++;
		b->good = !*good ? -1 : *good == 't';
		b->bad += *good == 'f';
		b->latency_ns = strtoll(behind(line, size, ",\"done\":"), NULL, 10) -
				strtoll(behind(line, size, ",\"due\":"), NULL, 10);
		(void)snprintf(b->outcome, sizeof b->outcome, "%.*s", (int)strcspn(o, "\""), o);
		return;
	}
}

static void on_fault(struct cli_progress *p, const json_t *line)
{
	/* What it does while it is in force is no state of its own. */
	for (size_t i = 0; i < p->n_faults && strcmp(text(line, "state"), "acted") != 0; i++)
		if (!strcmp(p->faults[i].name, text(line, "fault")))
			copy(p->faults[i].state, sizeof p->faults[i].state, text(line, "state"));
	if (!strcmp(text(line, "state"), "failed"))
		(void)snprintf(p->remark, sizeof p->remark, "%.60s: %.180s", text(line, "fault"),
			       text(line, "message"));
}

static void on_abort(struct cli_progress *p, const json_t *line)
{
	const char *cause = text(line, "cause");

	if (!strcmp(cause, "signal")) {
		p->interrupted = true;
		copy(p->remark, sizeof p->remark,
		     "interrupted: aborting, the faults are being reverted");
	} else {
		p->interrupted = p->interrupted || !strcmp(cause, "halted");
		(void)snprintf(p->remark, sizeof p->remark,
			       "aborting, the faults are being reverted: %.180s",
			       *text(line, "text") ? text(line, "text") : cause);
	}
}

/* "kill: deleted Pod shop/orders-1: gone" */
static void say_acted(const char *t, const json_t *line)
{
	const json_t *o = json_object_get(line, "object");
	const char *kind = json_string_value(json_array_get(o, 1)),
		   *ns = json_string_value(json_array_get(o, 2)),
		   *name = json_string_value(json_array_get(o, 3)), *detail = text(line, "detail");

	(void)printf("%s  %s: %s %s %s%s%s%s%s\n", t, text(line, "fault"), text(line, "what"),
		     kind ? kind : "", ns ? ns : "", ns && *ns ? "/" : "", name ? name : "",
		     *detail ? ": " : "", detail);
}

/* "2 of 5 missed: rejected, no further repetition is run" */
static void say_sequential(char *out, size_t size, const json_t *line)
{
	const char *decision = text(line, "decision");

	(void)snprintf(out, size, "sequential test: %lld of %lld missed: %s%s",
		       (long long)json_integer_value(json_object_get(line, "missed")),
		       (long long)json_integer_value(json_object_get(line, "n")),
		       *decision ? decision : "not decided",
		       *decision ? ", no further repetition is run" : "");
}

/* Without a terminal: what changes, one line each. */
static void say(const struct cli_progress *p, const char *e, const json_t *line)
{
	char t[32];

	(void)snprintf(t, sizeof t, "%4" PRId64 ".%" PRId64 " s", p->t_ns / (int64_t)ORD_S,
		       p->t_ns % (int64_t)ORD_S / (100 * (int64_t)ORD_MS));
	if (!strcmp(e, "run"))
		(void)printf("%s  run %s\n", t, text(line, "run"));
	else if (!strcmp(e, "phase") && p->rep)
		(void)printf("%s  repetition %" PRId64 " of %" PRId64 ": %s\n", t, p->rep, p->reps,
			     p->phase);
	else if (!strcmp(e, "phase"))
		(void)printf("%s  placebo: %s\n", t, p->phase);
	else if (!strcmp(e, "fault") && !strcmp(text(line, "state"), "acted"))
		say_acted(t, line);
	else if (!strcmp(e, "fault"))
		(void)printf("%s  %s: %s%s%s\n", t, text(line, "fault"), text(line, "state"),
			     *text(line, "message") ? ": " : "", text(line, "message"));
	else if (!strcmp(e, "abort") || !strcmp(e, "sequential"))
		(void)printf("%s  %s\n", t, p->remark);
	else if (!strcmp(e, "note"))
		(void)printf("%s  note: %s\n", t, text(line, "text"));
	else
		return;
	(void)fflush(stdout);
}

static void update(struct cli_progress *p, const char *e, const json_t *line)
{
	const json_t *rep = json_object_get(line, "rep");

	if (json_is_integer(rep))
		p->rep = json_integer_value(rep);
	p->t_ns = json_integer_value(json_object_get(line, "t"));
	if (!strcmp(e, "run"))
		on_run(p, line);
	else if (!strcmp(e, "phase"))
		copy(p->phase, sizeof p->phase, text(line, "phase"));
	else if (!strcmp(e, "fault"))
		on_fault(p, line);
	else if (!strcmp(e, "abort"))
		on_abort(p, line);
	else if (!strcmp(e, "sequential"))
		say_sequential(p->remark, sizeof p->remark, line);
	else if (!strcmp(e, "note"))
		copy(p->remark, sizeof p->remark, text(line, "text"));
}

static void on_other(struct cli_progress *p, const char *data, size_t size)
{
	ord_auto(json) json_t *line = json_loadb(data, size, 0, NULL);
	const char *e = text(line, "e");

	if (!line)
		return;
	update(p, e, line);
	if (p->mode == CLI_PROGRESS_LINES)
		say(p, e, line);
	else if (p->mode == CLI_PROGRESS_VIEW)
		draw(p);
}

void cli_progress_line(void *arg, const char *line, size_t size)
{
	struct cli_progress *p = arg;
	bool sample = is_sample(line, size);

	if (p->mode == CLI_PROGRESS_JSON) {
		(void)fwrite(line, 1, size, stdout);
		/* Samples may be many: who reads along has them by and by. */
		if (!sample || ord_now_ns() - p->drawn_ns >= REDRAW_NS) {
			(void)fflush(stdout);
			p->drawn_ns = ord_now_ns();
		}
	}
	if (!sample) {
		on_other(p, line, size);
	} else if (p->mode == CLI_PROGRESS_VIEW) {
		on_sample(p, line, size);
		if (ord_now_ns() - p->drawn_ns >= REDRAW_NS)
			draw(p);
	}
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->mode == CLI_PROGRESS_VIEW && p->n_probes)
		draw(p);
	p->lines = 0;
	(void)fflush(stdout);
}
