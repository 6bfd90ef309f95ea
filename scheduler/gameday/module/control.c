#include "scheduler/gameday/module/control.h"

#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/desk.h"
#include "base/json.h"

#define PATIENCE_MS 10000

static const struct ord_desk_kind session_desk = {
	.socket = "control",
	.what = "the session",
	.nobody = "nobody holds the session; 'ordeal gameday resume' goes on with it",
	.others = "only root and the user who holds the session may do that",
};

struct control {
	struct ord_desk *desk;
	sd_event_source *source;
	control_do *work;
	void *arg;
};

static int take(void *arg, const json_t *message, struct ord_err *err)
{
	struct control *c = arg;
	struct command command;

	return command_read(message, &command, err) || c->work(c->arg, &command, err) ? -1 : 0;
}

static int on_desk(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct control *c = arg;

	(void)source;
	(void)fd;
	(void)events;
	ord_desk_turn(c->desk);
	return 0;
}

int control_open(int dir, sd_event *loop, control_do *work, void *arg, struct control **ret,
		 struct ord_err *err)
{
	struct control *c = calloc(1, sizeof *c);
	int e;

	if (!c)
		return ord_fail_nomem(err);
	c->work = work;
	c->arg = arg;
	if (ord_desk_open(dir, &session_desk, take, c, &c->desk, err) < 0)
		goto fail;
	e = sd_event_add_io(loop, &c->source, ord_desk_fd(c->desk), EPOLLIN, on_desk, c);
	if (e < 0) {
		errno = -e;
		(void)ord_fail_sys(err, "event loop");
		goto fail;
	}
	*ret = c;
	return 0;
fail:
	control_close(c);
	return -1;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	(void)sd_event_source_disable_unref(c->source);
	ord_desk_close(c->desk);
	free(c);
}

/* What was said is right, and there is such a session: it does not go as things are. */
static int as_things_are(int r, struct ord_err *err)
{
	if (r && (err->code == ORD_USAGE || !err->sys_errno))
		err->code = ORD_GUARD;
	return r;
}

int control_ask(const char *folder, const struct command *c, unsigned patience_ms, int *ret_fd,
		struct ord_err *err)
{
	ord_auto(json) json_t *message = command_json(c);

	if (!message)
		return ord_fail(err, ORD_USAGE, "a note is a text in UTF-8");
	return as_things_are(
		ord_desk_call(folder, &session_desk, message, patience_ms, ret_fd, err), err);
}

int control_answer(int fd, struct ord_err *err)
{
	return as_things_are(ord_desk_hear(fd, &session_desk, err), err);
}

int control_tell(const char *folder, const struct command *c, struct ord_err *err)
{
	ord_autoclose int fd = -1;

	return control_ask(folder, c, PATIENCE_MS, &fd, err) || control_answer(fd, err) ? -1 : 0;
}
