/* A session is read as its holder writes it: whole lines alone, each once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/gameday/module/session.h"
#include "scheduler/gameday/window/seen.h"

#define READ_MAX  (64u << 20) /* as who holds it reads */
#define PULSE_MAX (1u << 18)

static int open_file(const struct seen *s, const char *name)
{
	char path[ORD_DAYS_ID_MAX + 32];

	(void)snprintf(path, sizeof path, "%s/%s", s->id, name);
	return openat(s->w->home, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* The first line: what the session is of. */
static bool take_head(struct seen *s, json_t *line)
{
	const char *e = json_string_value(json_object_get(line, "e"));
	const json_t *steps = json_object_get(line, "steps"), *step;
	size_t n = json_array_size(steps), i;

	if (!e || strcmp(e, "session") != 0 || !n || n > ORD_GAMEDAY_STEPS_MAX ||
	    !json_is_string(json_object_get(line, "name")) ||
	    !json_is_string(json_object_get(line, "at")))
		return false;
	json_array_foreach (steps, i, step)
		if (!json_is_string(json_object_get(step, "name")))
			return false;
	s->live = calloc(1, sizeof *s->live);
	if (!s->live)
		return false;
	day_session_init(&s->live->state, n);
	s->live->card = seen_card(s->w, s->id);
	json_decref(s->head);
	s->head = json_incref(line);
	return true;
}

static void keep(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%.*s", (int)size - 1, text ? text : "");
}

/* What the machine has no place for. */
static void take_more(struct seen_step *step, const struct day_event *e)
{
	if (e->kind == DAY_E_RUN)
		keep(step->run, sizeof step->run, e->run);
	else if (e->kind == DAY_E_PHASE)
		keep(step->phase, sizeof step->phase, e->text);
	else if (e->kind == DAY_E_ENDED)
		step->phase[0] = '\0';
	else if (e->kind == DAY_E_CHECKS)
		json_object_clear(step->checks);
	if (e->kind != DAY_E_CHECK || !e->text)
		return;
	if (!step->checks)
		step->checks = json_object();
	(void)json_object_set_new(step->checks, ord_gameday_check_name(e->check),
				  json_string(e->text));
}

/* False: it could not have happened here. */
static bool take_event(struct seen_live *live, const json_t *line)
{
	struct day_session *state = &live->state;
	enum day_state before = DAY_PLANNED;
	struct day_event e;

	if (day_event_read(line, state->n, &e) || e.kind == DAY_E_SESSION || day_refuses(state, &e))
		return false;
	if (e.step < state->n)
		before = state->steps[e.step].state;
	day_apply(state, &e);
	if (e.step >= state->n)
		return true;
	if (state->steps[e.step].state != before)
		live->steps[e.step].since_ns = e.at_ns;
	take_more(&live->steps[e.step], &e);
	return true;
}

/* Of session.jsonl. */
static void take_log(struct seen *s, json_t *line)
{
	if (s->log.n == 1) {
		if (!take_head(s, line))
			seen_log(s->w, "game day %s: its first line is no session's", s->id);
	} else if (s->live && !s->live->broken && !take_event(s->live, line)) {
		s->live->broken = true;
		seen_log(s->w, "game day %s: line %llu could not have happened there", s->id,
			 (unsigned long long)s->log.n);
	}
}

static void take_line(struct seen *s, bool view, const char *text, size_t n)
{
	ord_auto(json) json_t *line = json_loadb(text, n, 0, NULL);
	struct seen_file *f = view ? &s->view : &s->log;

	f->n++;
	f->at += n + 1;
	if (!view)
		take_log(s, line);
	if (line && !s->w->silent && s->w->options.line)
		s->w->options.line(s->w->options.arg, s->id, view, f->n, line);
}

/* What is whole of the rest of the file. */
static void read_file(struct seen *s, const char *name, bool view)
{
	struct seen_file *f = view ? &s->view : &s->log;
	ord_autoclose int fd = open_file(s, name);
	ord_autofree char *text = NULL;
	const char *end, *p;
	struct stat st;
	size_t size;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size <= f->at)
		return;
	size = (size_t)((uint64_t)st.st_size - f->at);
	text = size <= READ_MAX ? malloc(size) : NULL;
	n = text ? pread(fd, text, size, (off_t)f->at) : -1;
	for (p = text; n > 0 && (end = memchr(p, '\n', (size_t)(text + n - p))); p = end + 1)
		take_line(s, view, p, (size_t)(end - p));
}

/* Whoever holds it has a lock on it, which is looked at and never taken. */
static bool is_held(const struct seen *s)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	ord_autoclose int fd = open_file(s, SESSION_LOG);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* What is over changes no more: its line in the list is all that is kept of it. */
static void settle(struct seen *s)
{
	if (!s->live || !s->live->state.over)
		return;
	json_decref(s->summary);
	s->summary = seen_summary(s);
	seen_rest(s);
	if (s->wd >= 0)
		(void)inotify_rm_watch(s->w->notify, s->wd);
	s->wd = -1;
}

void seen_read(struct seen *s)
{
	read_file(s, SESSION_LOG, false);
	read_file(s, SESSION_VIEW, true);
	settle(s);
}

void seen_look(struct seen *s)
{
	bool held = s->live && is_held(s);

	if (held == s->held)
		return;
	s->held = held;
	if (!s->w->silent && s->w->options.changed)
		s->w->options.changed(s->w->options.arg, s->id, seen_state(s));
}

int seen_load(struct seen *s, struct ord_err *err)
{
	struct seen_file log = s->log, view = s->view;
	json_t *summary = s->summary;
	bool silent = s->w->silent;

	if (s->live)
		return 0;
	s->log = s->view = (struct seen_file){0};
	s->summary = NULL;
	s->w->silent = true;
	read_file(s, SESSION_LOG, false);
	s->w->silent = silent;
	s->log = log;
	s->view = view;
	s->summary = summary;
	return s->live ? 0 : ord_fail(err, ORD_USAGE, "the session '%.100s' cannot be read", s->id);
}

bool seen_now_is_hidden(const struct seen *s)
{
	json_int_t step = json_integer_value(json_object_get(s->now, "step"));

	return !s->live || step < 1 || (size_t)step > s->live->state.n ||
	       seen_is_hidden(s, (size_t)step - 1);
}

void seen_pulse(struct seen *s)
{
	const struct ord_days_options *o = &s->w->options;
	ord_autoclose int fd = open_file(s, SESSION_LIVE);
	ord_autofree char *text = fd >= 0 ? malloc(PULSE_MAX) : NULL;
	ssize_t n = text ? pread(fd, text, PULSE_MAX, 0) : 0;
	json_t *now = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;

	/* A part of one is none: the next is whole. */
	if (fd >= 0 && !json_is_object(now)) {
		json_decref(now);
		return;
	}
	json_decref(s->now);
	s->now = now;
	if (now && !s->w->silent && o->pulse)
		o->pulse(o->arg, s->id, now, seen_now_is_hidden(s));
}

static void live_free(struct seen *s)
{
	struct seen_live *live = s->live;

	for (size_t i = 0; live && i < ORD_GAMEDAY_STEPS_MAX; i++)
		json_decref(live->steps[i].checks);
	if (live)
		json_decref(live->card);
	free(live);
	s->live = NULL;
}

void seen_rest(struct seen *s)
{
	if (s->summary)
		live_free(s);
}

void seen_free(struct seen *s)
{
	live_free(s);
	json_decref(s->head);
	json_decref(s->summary);
	json_decref(s->now);
	free(s);
}
