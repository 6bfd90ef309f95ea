#include "scheduler/run/marks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/desk.h"
#include "base/json.h"
#include "ordeal/run.h"
#include "scheduler/run/mark_words.h"

#define LINES_MAX 10000 /* of one run */

struct run_marks {
	struct ord_desk *desk;
	sd_event_source *source;
	run_marks_line *line;
	void *arg;
	unsigned n_lines;
};

/* NULL: it is well formed, and *ret_line is its line, of type *ret_e; else what is wrong. */
static const char *read_words(const json_t *json, const char **ret_e, json_t **ret_line)
{
	const char *what = json_string_value(json_object_get(json, "what"));
	const char *by = json_string_value(json_object_get(json, "by"));
	const char *note = json_string_value(json_object_get(json, "note"));

	if (note && !mark_note_ok(note))
		return "this is no mark";
	if (by && !mark_role_ok(by))
		return "this is no role";
	if (!what) {
		if (!note)
			return "a note without a text";
		*ret_e = "note";
		*ret_line = json_pack("{s:s, s:s*}", "text", note, "by", by);
		return NULL;
	}
	if (!mark_what_ok(what) || !by)
		return "this is no mark";
	*ret_e = "mark";
	*ret_line = json_pack("{s:s, s:s, s:s, s:s*}", "channel", "mark", "what", what, "by", by,
			      "note", note);
	return NULL;
}

static int take(void *arg, const json_t *message, struct ord_err *err)
{
	struct run_marks *m = arg;
	const char *e = NULL, *wrong;
	json_t *line = NULL;

	if (m->n_lines >= LINES_MAX)
		return ord_fail(err, ORD_USAGE, "this run has been marked too often");
	wrong = read_words(message, &e, &line);
	if (wrong)
		return ord_fail(err, ORD_USAGE, "%s", wrong);
	if (!line)
		return ord_fail_nomem(err);
	m->n_lines++;
	m->line(m->arg, e, line);
	return 0;
}

static int on_desk(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct run_marks *m = arg;

	(void)source;
	(void)fd;
	(void)events;
	ord_desk_turn(m->desk);
	return 0;
}

int run_marks_open(int dir, sd_event *loop, run_marks_line *line, void *arg, struct run_marks **ret,
		   struct ord_err *err)
{
	struct run_marks *m = calloc(1, sizeof *m);
	int e;

	if (!m)
		return ord_fail_nomem(err);
	m->line = line;
	m->arg = arg;
	if (ord_desk_open(dir, &mark_desk, take, m, &m->desk, err) < 0)
		goto fail;
	e = sd_event_add_io(loop, &m->source, ord_desk_fd(m->desk), EPOLLIN, on_desk, m);
	if (e < 0) {
		errno = -e;
		(void)ord_fail_sys(err, "event loop");
		goto fail;
	}
	*ret = m;
	return 0;
fail:
	run_marks_close(m);
	return -1;
}

void run_marks_close(struct run_marks *m)
{
	if (!m)
		return;
	(void)sd_event_source_disable_unref(m->source);
	ord_desk_close(m->desk);
	free(m);
}
