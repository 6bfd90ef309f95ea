/* What people say of a run: handed to it, and told when it has written it down. The loop goes on
 * meanwhile: a run that hangs costs nobody but him who asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/auto.h"
#include "ordeal/run.h"
#include "scheduler/serve/serve.h"

#define PATIENCE_US 5000000

struct words {
	struct words *next, **at;
	struct ord_serve *s;
	sd_event_source *io, *timer;
	int fd; /* what was begun; readable when the run has answered */
	bool is_mark;
	char name[ORD_NAME_MAX], who[96];
	json_t *told; /* owned: what it comes to */
	ord_serve_said *said;
	void *arg;
};

static void words_free(struct words *w)
{
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	(void)sd_event_source_disable_unref(w->io);
	(void)sd_event_source_disable_unref(w->timer);
	ord_close(&w->fd);
	json_decref(w->told);
	free(w);
}

/* err: NULL where it was written. */
static void end(struct words *w, const struct ord_err *err)
{
	if (!err) {
		serve_record(w->s, w->is_mark ? "mark" : "note", w->name, w->who);
		serve_emit(w->s, w->is_mark ? "mark" : "note", json_incref(w->told));
	}
	w->said(w->arg, err ? NULL : w->told, err);
	words_free(w);
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct words *w = arg;
	struct ord_err err = {0};

	(void)source;
	(void)fd;
	(void)events;
	end(w, ord_mark_end(&w->fd, &err) ? &err : NULL);
	return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *arg)
{
	struct ord_err err;

	(void)source;
	(void)usec;
	(void)ord_fail(&err, ORD_SYS, "the run did not answer within %d s", PATIENCE_US / 1000000);
	end(arg, &err);
	return 0;
}

static int wait_for(struct words *w, struct ord_err *err)
{
	int e = sd_event_add_io(w->s->loop, &w->io, w->fd, EPOLLIN, on_answer, w);

	if (e >= 0)
		e = sd_event_add_time_relative(w->s->loop, &w->timer, CLOCK_MONOTONIC, PATIENCE_US,
					       PATIENCE_US / 100, on_patience, w);
	errno = -e;
	return e < 0 ? ord_fail_sys(err, "event loop") : 0;
}

static int begin(struct ord_serve *s, const struct ord_serve_order *o, struct words *w,
		 struct ord_err *err)
{
	const struct run *r = run_find(s, o->name, err);

	if (!r)
		return -1;
	if (!*r->dir)
		return ord_fail(err, ORD_USAGE, "'%s' has no timeline yet", o->name);
	w->told = json_pack("{s:s,s:s,s:s?,s:s?,s:s?}", "run", strrchr(r->dir, '/') + 1, "name",
			    r->name, "what", o->what, "by", o->by, "note", o->note);
	if (!w->told)
		return ord_fail_nomem(err);
	return ord_mark_begin(r->dir, o->what, o->by, o->note, &w->fd, err) || wait_for(w, err) ? -1
												: 0;
}

int ord_serve_say(struct ord_serve *s, const struct ord_serve_order *o, ord_serve_said *said,
		  void *arg, struct ord_err *err)
{
	struct words *w = calloc(1, sizeof *w);

	if (!w)
		return ord_fail_nomem(err);
	*w = (struct words){.next = s->words,
			    .at = &s->words,
			    .s = s,
			    .fd = -1,
			    .is_mark = o->verb == ORD_SERVE_MARK,
			    .said = said,
			    .arg = arg};
	(void)snprintf(w->name, sizeof w->name, "%s", o->name ? o->name : "");
	(void)snprintf(w->who, sizeof w->who, "%s", o->who ? o->who : "");
	if (w->next)
		w->next->at = &w->next;
	s->words = w;
	if (!begin(s, o, w, err))
		return 0;
	words_free(w);
	return -1;
}

void ord_serve_hush(struct ord_serve *s)
{
	struct ord_err err;

	(void)ord_fail(&err, ORD_SKIP, "the daemon ends");
	while (s->words)
		end(s->words, &err);
}
