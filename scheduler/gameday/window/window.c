/* The folder of sessions: those that there are, those that come, those that go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/inotify.h"
#include "base/clock.h"
#include "base/file.h"
#include "scheduler/gameday/module/session.h"
#include "scheduler/gameday/window/seen.h"

#define TICK_US	    1000000
#define HOME_EVENTS (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)
#define SEEN_EVENTS (IN_MODIFY | IN_CREATE | IN_DELETE | IN_ONLYDIR)

void seen_log(struct ord_days *w, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (w->options.log)
		w->options.log(w->options.arg, text);
}

static size_t place_of(const struct ord_days *w, const char *id)
{
	size_t i = 0;

	while (i < w->n && strcmp(w->all[i]->id, id) != 0)
		i++;
	return i;
}

struct seen *seen_find(const struct ord_days *w, const char *id)
{
	size_t i = place_of(w, id);

	return i < w->n ? w->all[i] : NULL;
}

struct seen *seen_must(const struct ord_days *w, const char *id, struct ord_err *err)
{
	struct seen *s = seen_find(w, id);

	if (s && s->head)
		return s;
	(void)ord_fail(err, ORD_USAGE, "there is no session '%.100s'", id);
	return NULL;
}

static void remove_at(struct ord_days *w, size_t i)
{
	if (w->all[i]->wd >= 0)
		(void)inotify_rm_watch(w->notify, w->all[i]->wd);
	seen_free(w->all[i]);
	memmove(&w->all[i], &w->all[i + 1], (--w->n - i) * sizeof *w->all);
}

static const char *began_at(const struct seen *s)
{
	const char *at = json_string_value(json_object_get(s->head, "at"));

	return at ? at : "";
}

/* The oldest that is over goes; false: there is none. */
static bool make_place(struct ord_days *w)
{
	size_t oldest = w->n;

	for (size_t i = 0; i < w->n; i++)
		if (w->all[i]->summary &&
		    (oldest == w->n || strcmp(began_at(w->all[i]), began_at(w->all[oldest])) < 0))
			oldest = i;
	if (oldest == w->n)
		return false;
	remove_at(w, oldest);
	return true;
}

static bool make_room(struct ord_days *w)
{
	struct seen **more;

	if (w->n >= SEEN_MAX && !make_place(w))
		return false;
	if (w->n < w->room)
		return true;
	more = realloc(w->all, (2 * w->room + 16) * sizeof(struct seen *));
	if (!more)
		return false;
	w->all = more;
	w->room = 2 * w->room + 16;
	return true;
}

struct seen *seen_take(struct ord_days *w, const char *id)
{
	struct seen *s = seen_find(w, id);
	char path[ORD_PATH_MAX + ORD_DAYS_ID_MAX];
	struct stat st;

	if (!s) {
		if (session_id_check(id, NULL) || fstatat(w->home, id, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISDIR(st.st_mode) || !make_room(w))
			return NULL;
		s = calloc(1, sizeof *s);
		if (!s)
			return NULL;
		s->w = w;
		(void)snprintf(s->id, sizeof s->id, "%s", id);
		(void)snprintf(path, sizeof path, "%s/%s", w->path, id);
		s->wd = inotify_add_watch(w->notify, path, SEEN_EVENTS);
		w->all[w->n++] = s;
	}
	seen_read(s);
	if (!s->now && s->live)
		seen_pulse(s);
	seen_look(s);
	return s;
}

/* Another folder in the place of the one that was watched, or events that were lost. */
static void look_through(struct ord_days *w)
{
	const struct dirent *e;
	struct ord_err ignored;
	DIR *d;

	ord_close(&w->home);
	if (w->wd >= 0)
		(void)inotify_rm_watch(w->notify, w->wd);
	(void)ord_mkdirs(w->path, 0755, &ignored);
	w->wd = inotify_add_watch(w->notify, w->path, HOME_EVENTS);
	w->home = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = w->n; i-- > 0;)
		if (faccessat(w->home, w->all[i]->id, F_OK, 0))
			remove_at(w, i);
	d = opendir(w->path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			(void)seen_take(w, e->d_name);
	if (d)
		(void)closedir(d);
}

static void take_event(void *arg, const struct inotify_event *e)
{
	struct ord_days *w = arg;
	size_t i;

	if (e->mask & IN_Q_OVERFLOW || (e->wd == w->wd && e->mask & IN_IGNORED)) {
		look_through(w);
		return;
	}
	if (e->wd != w->wd) {
		for (i = 0; i < w->n && w->all[i]->wd != e->wd; i++)
			;
		if (i < w->n && e->mask & IN_IGNORED)
			w->all[i]->wd = -1;
		else if (i < w->n && e->len && !strcmp(e->name, SESSION_LIVE))
			seen_pulse(w->all[i]);
		else if (i < w->n)
			(void)seen_take(w, w->all[i]->id);
		return;
	}
	if (!e->len)
		return;
	i = place_of(w, e->name);
	if (e->mask & (IN_CREATE | IN_MOVED_TO))
		(void)seen_take(w, e->name);
	else if (i < w->n)
		remove_at(w, i);
}

static int on_notified(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)events;
	ord_inotify_each(fd, take_event, arg);
	return 0;
}

/* As long as it is open here nothing tells that it was removed. */
static bool home_is_gone(const struct ord_days *w)
{
	struct stat st;

	return w->home < 0 || fstat(w->home, &st) || !st.st_nlink;
}

/* Nothing tells that who held a session has died. */
static int on_tick(sd_event_source *source, uint64_t usec, void *arg)
{
	struct ord_days *w = arg;

	if (home_is_gone(w))
		look_through(w);
	for (size_t i = 0; i < w->n; i++)
		if (w->all[i]->live)
			seen_look(w->all[i]);
	(void)sd_event_source_set_time(source, usec + TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int open_all(struct ord_days *w, struct ord_err *err)
{
	if (!w->options.home && session_home(w->path, err))
		return -1;
	if (w->options.home)
		(void)snprintf(w->path, sizeof w->path, "%.4000s", w->options.home);
	w->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->notify < 0)
		return ord_fail_sys(err, "inotify");
	if (sd_event_add_io(w->loop, &w->notified, w->notify, EPOLLIN, on_notified, w) < 0 ||
	    sd_event_add_time(w->loop, &w->tick, CLOCK_MONOTONIC, ord_now_ns() / ORD_US + TICK_US,
			      TICK_US / 4, on_tick, w) < 0)
		return ord_fail(err, ORD_SYS, "game days do not get onto the event loop");
	w->silent = true;
	look_through(w);
	w->silent = false;
	if (w->home >= 0)
		return 0;
	return ord_fail(err, ORD_SYS, "'%.300s' cannot be opened", w->path);
}

int ord_days_open(sd_event *loop, const struct ord_days_options *options, struct ord_days **ret,
		  struct ord_err *err)
{
	struct ord_days *w = calloc(1, sizeof *w);

	if (!w)
		return ord_fail_nomem(err);
	w->options = *options;
	w->loop = loop;
	w->home = w->notify = w->wd = -1;
	if (open_all(w, err)) {
		ord_days_close(w);
		return -1;
	}
	*ret = w;
	return 0;
}

void ord_days_close(struct ord_days *w)
{
	if (!w)
		return;
	ord_days_hush(w);
	(void)sd_event_source_disable_unref(w->notified);
	(void)sd_event_source_disable_unref(w->tick);
	for (size_t i = 0; i < w->n; i++)
		seen_free(w->all[i]);
	free(w->all);
	ord_close(&w->notify);
	ord_close(&w->home);
	free(w);
}

static int newest_first(const void *a, const void *b)
{
	const struct seen *const *x = a, *const *y = b;
	int r = strcmp(began_at(*y), began_at(*x));

	return r ? r : strcmp((*y)->id, (*x)->id);
}

json_t *ord_days_list(struct ord_days *w)
{
	json_t *list = json_array();

	if (w->n)
		qsort(w->all, w->n, sizeof(struct seen *), newest_first);
	for (size_t i = 0; i < w->n; i++) {
		struct seen *s = w->all[i];

		if (s->live)
			seen_look(s);
		if (s->head)
			(void)json_array_append_new(list, seen_summary(s));
	}
	return list;
}

bool ord_days_has(const struct ord_days *w, const char *id)
{
	const struct seen *s = seen_find(w, id);

	return s && s->head;
}

bool ord_days_is_over(const struct ord_days *w, const char *id)
{
	const struct seen *s = seen_find(w, id);

	return s && s->summary;
}

bool ord_days_hides(struct ord_days *w, const char *id, const char *step)
{
	const struct seen *s = seen_find(w, id);
	char *end;
	unsigned long n = strtoul(step, &end, 10);

	if (!s || s->summary)
		return false;
	/* What cannot be told is kept. */
	return !s->live || *end || !n || n > s->live->state.n || seen_is_hidden(s, n - 1);
}

bool ord_days_hides_run(struct ord_days *w, const char *run)
{
	for (size_t k = 0; k < w->n; k++) {
		const struct seen *s = w->all[k];

		for (size_t i = 0; s->live && i < s->live->state.n; i++)
			if (!strcmp(s->live->steps[i].run, run) && seen_is_hidden(s, i))
				return true;
	}
	return false;
}

int ord_days_file(struct ord_days *w, const char *id, const char *name, int *ret_fd,
		  struct ord_err *err)
{
	const struct seen *s = seen_must(w, id, err);
	char path[ORD_DAYS_ID_MAX + 64];
	ord_autoclose int fd = -1;
	struct stat st;

	if (!s)
		return -1;
	(void)snprintf(path, sizeof path, "%s/%.60s", s->id, name);
	fd = openat(w->home, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return ord_fail(err, ORD_USAGE, "the session '%.100s' has no %.60s (yet)", id,
				name);
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}
