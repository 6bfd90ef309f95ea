/*
 * When the folder changes: after a while of quiet, since a `git pull` changes much one after
 * another. A name that inotify tells of is read again; what it cannot name (a link that was put in
 * the place of another, as Kubernetes does with ..data; events that were lost) means all.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/inotify.h"
#include "scheduler/serve/serve.h"

#define QUIET_NS (200 * ORD_MS)
#define BOUND_NS (2 * ORD_S) /* where it is never quiet */
#define LOOK_NS \
	(30 * ORD_S) /* what nobody tells of: targets of links elsewhere, network file systems */
#define SPARE 20     /* times as long as a look took is none, so that it costs little */
#define CHANGES                                                                             \
	(IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | \
	 IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

struct watch {
	struct ord_serve *s;
	int fd, wd;
	sd_event_source *told, *quiet;
	json_t *names; /* owned; NULL: all */
	uint64_t since_ns, looked_ns, began_ns, took_ns;
	dev_t dev; /* the folder that is watched */
	ino_t ino;
	bool gone;
};

void watch_looked(struct watch *w, const struct ord_err *err)
{
	w->took_ns = ord_boot_ns() - w->began_ns;
	if (!err) {
		if (w->gone)
			serve_say(w->s, "%s: is there again", w->s->dir);
		w->gone = false;
	} else if (!w->gone) {
		serve_say(w->s, "%s; what was there goes on", err->msg);
		w->gone = true;
	}
}

static void wait_for_quiet(struct watch *w)
{
	uint64_t now = ord_now_ns(), at = now + QUIET_NS;

	if (!w->since_ns)
		w->since_ns = now;
	if (at > w->since_ns + BOUND_NS)
		at = w->since_ns + BOUND_NS;
	(void)sd_event_source_set_time(w->quiet, at / ORD_US);
	(void)sd_event_source_set_enabled(w->quiet, SD_EVENT_ONESHOT);
}

/* One look after the other: what is told of meanwhile is the next one's. */
static void look(struct watch *w)
{
	struct ord_err err;
	json_t *names;

	w->since_ns = 0;
	if (w->s->look) {
		wait_for_quiet(w);
		return;
	}
	names = ord_steal_ptr(w->names);
	w->names = json_object();
	w->began_ns = ord_boot_ns();
	if (!names)
		w->looked_ns = w->began_ns;
	if (store_look(w->s, names, &err) < 0)
		watch_looked(w, &err);
	else if (!w->s->look)
		watch_looked(w, NULL);
	json_decref(names);
}

static int on_quiet(sd_event_source *source, uint64_t at, void *arg)
{
	(void)source;
	(void)at;
	look(arg);
	return 0;
}

static void want_all(struct watch *w)
{
	json_decref(w->names);
	w->names = NULL;
}

static void take_event(void *arg, const struct inotify_event *e)
{
	struct watch *w = arg;

	if (e->wd != w->wd && !(e->mask & IN_Q_OVERFLOW))
		return;
	if (e->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) || !e->len ||
	    !strncmp(e->name, "..", 2)) {
		want_all(w);
	} else if (!store_takes(e->name)) {
		return; /* an editor's own files, and .git */
	} else if (w->names) {
		(void)json_object_set_new(w->names, e->name, json_true());
	}
	wait_for_quiet(w);
}

static int on_told(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)events;
	ord_inotify_each(fd, take_event, arg);
	return 0;
}

/* A folder that is put in the place of another is watched in its stead. */
static void watch_folder(struct watch *w)
{
	struct stat st;

	if (w->wd >= 0)
		(void)inotify_rm_watch(w->fd, w->wd);
	w->wd = inotify_add_watch(w->fd, w->s->dir, CHANGES | IN_ONLYDIR);
	w->dev = 0;
	w->ino = 0;
	if (w->wd >= 0 && stat(w->s->dir, &st) == 0) {
		w->dev = st.st_dev;
		w->ino = st.st_ino;
	}
}

void watch_check(struct watch *w)
{
	struct stat st;
	bool there = stat(w->s->dir, &st) == 0;

	if (there && (st.st_dev != w->dev || st.st_ino != w->ino)) {
		watch_folder(w);
		want_all(w);
		look(w);
	} else if (!there && !w->gone) {
		want_all(w);
		look(w);
	} else if (there && ord_boot_ns() - w->looked_ns > LOOK_NS + SPARE * w->took_ns) {
		want_all(w);
		look(w);
	}
}

int watch_open(struct ord_serve *s, struct watch **ret, struct ord_err *err)
{
	struct watch *w = calloc(1, sizeof *w);
	int e;

	if (!w)
		return ord_fail_nomem(err);
	w->s = s;
	w->wd = -1;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	e = w->fd < 0 ? -errno : sd_event_add_io(s->loop, &w->told, w->fd, EPOLLIN, on_told, w);
	if (e >= 0)
		e = sd_event_add_time(s->loop, &w->quiet, CLOCK_MONOTONIC, 0, 1000, on_quiet, w);
	if (e >= 0)
		e = sd_event_source_set_enabled(w->quiet, SD_EVENT_OFF);
	if (e >= 0) {
		/* Watched first, so that nothing is missed while it is read. */
		watch_folder(w);
		w->looked_ns = ord_boot_ns();
		if (store_look(s, NULL, err) == 0) {
			w->names = json_object();
			*ret = w;
			return 0;
		}
	} else {
		errno = -e;
		(void)ord_fail_sys(err, "watch '%s'", s->dir);
	}
	watch_close(w);
	return -1;
}

void watch_all(struct watch *w)
{
	want_all(w);
	look(w);
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	(void)sd_event_source_disable_unref(w->told);
	(void)sd_event_source_disable_unref(w->quiet);
	json_decref(w->names);
	ord_close(&w->fd);
	free(w);
}
