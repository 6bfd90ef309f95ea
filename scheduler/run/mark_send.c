/* `ordeal mark` and `ordeal note`: hand a word to a run that lasts. */
#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/desk.h"
#include "base/json.h"
#include "ordeal/fault.h"
#include "ordeal/run.h"
#include "scheduler/run/mark_words.h"

#define PATIENCE_MS 5000

const struct ord_desk_kind mark_desk = {
	.socket = ORD_MARK_SOCKET,
	.what = "the run",
	.nobody = "the run is not running: what is marked now would be no instant of it; what "
		  "became known later belongs in its post-mortem",
	.others = "only root and the user who runs it may mark a run",
};

static const char *const whats[] = {"detected", "acknowledged", "mitigated", "resolved"};

bool mark_what_ok(const char *what)
{
	for (size_t i = 0; i < ORD_COUNT(whats); i++)
		if (!strcmp(what, whats[i]))
			return true;
	return false;
}

bool mark_role_ok(const char *role)
{
	size_t n = strspn(role, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && n < ORD_NAME_MAX && !role[n] && *role != '-' && role[n - 1] != '-';
}

bool mark_note_ok(const char *note)
{
	for (const char *p = note; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return *note && strlen(note) <= ORD_NOTE_MAX;
}

static int check(const char *what, const char *by, const char *note, struct ord_err *err)
{
	const char *near;

	if (what && !mark_what_ok(what)) {
		near = ord_nearest(what, whats, ORD_COUNT(whats));
		return ord_fail(err, ORD_USAGE, "'%.40s' is not what a mark says; %s%s%s", what,
				near ? "did you mean '" : "there are ",
				near ? near : "detected, acknowledged, mitigated and resolved",
				near ? "'?" : "");
	}
	if (by && !mark_role_ok(by))
		return ord_fail(err, ORD_USAGE,
				"--by takes a role, as in 'on-call', of small letters, digits and "
				"dashes, not '%.60s'; a person's name does not belong in a report",
				by);
	if (note && !mark_note_ok(note))
		return ord_fail(err, ORD_USAGE,
				"a note is one line of 1 to %d bytes, without control characters",
				ORD_NOTE_MAX);
	return 0;
}

static int say(const char *dir, const char *const words[3], unsigned patience_ms, int *ret_fd,
	       struct ord_err *err)
{
	ord_auto(json) json_t *message = NULL;

	if (check(words[0], words[1], words[2], err))
		return -1;
	message =
		json_pack("{s:s*, s:s*, s:s*}", "what", words[0], "by", words[1], "note", words[2]);
	if (!message)
		return ord_fail(err, ORD_USAGE, "a note is a text in UTF-8");
	return ord_desk_call(dir, &mark_desk, message, patience_ms, ret_fd, err);
}

int ord_mark_begin(const char *dir, const char *what, const char *by, const char *note, int *ret_fd,
		   struct ord_err *err)
{
	return say(dir, (const char *const[]){what, by, note}, 0, ret_fd, err);
}

int ord_mark_end(int *fd, struct ord_err *err)
{
	int r = ord_desk_hear(*fd, &mark_desk, err);

	ord_close(fd);
	return r;
}

int ord_mark(const char *dir, const char *what, const char *by, const char *note,
	     struct ord_err *err)
{
	int fd;

	if (say(dir, (const char *const[]){what, by, note}, PATIENCE_MS, &fd, err))
		return -1;
	return ord_mark_end(&fd, err);
}
