/* `ordeal mark` and `ordeal note`: hand a word to a run that lasts. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/fault.h"
#include "ordeal/run.h"
#include "scheduler/run/mark_words.h"

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

void mark_address(int dir, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/" MARK_SOCKET, dir);
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

static int reach(const char *dir, struct ord_err *err)
{
	const struct timeval patience = {.tv_sec = 5};
	struct sockaddr_un at;
	ord_autoclose int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ord_autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (folder < 0)
		return ord_fail_sys(err, "'%.200s'", dir);
	if (fd < 0)
		return ord_fail_sys(err, "socket");
	mark_address(folder, &at);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return ord_steal_fd(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return ord_fail(err, ORD_USAGE,
				"the run is not running: what is marked now would be no instant of "
				"it; what became known later belongs in its post-mortem");
	if (errno == EACCES || errno == EPERM)
		return ord_fail(err, ORD_USAGE,
				"only root and the user who runs it may mark a run");
	return ord_fail_sys(err, "reach the run");
}

int ord_mark(const char *dir, const char *what, const char *by, const char *note,
	     struct ord_err *err)
{
	ord_auto(json) json_t *words =
		json_pack("{s:s*, s:s*, s:s*}", "what", what, "by", by, "note", note);
	ord_auto(json) json_t *reply = NULL;
	ord_autofree char *text = words ? json_dumps(words, JSON_COMPACT) : NULL;
	ord_autoclose int fd = -1;
	char said[512];
	ssize_t n;

	if (check(what, by, note, err))
		return -1;
	if (!text)
		return ord_fail(err, ORD_USAGE, "a note is a text in UTF-8");
	fd = reach(dir, err);
	if (fd < 0)
		return -1;
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return ord_fail_sys(err, "tell the run");
	n = recv(fd, said, sizeof said, 0);
	if (n < 0)
		return ord_fail_sys(err, "the run did not answer");
	reply = json_loadb(said, (size_t)n, 0, NULL);
	if (json_is_true(json_object_get(reply, "written")))
		return 0;
	if (json_is_string(json_object_get(reply, "error")))
		return ord_fail(err, ORD_USAGE, "the run refuses: %.200s",
				json_string_value(json_object_get(reply, "error")));
	return ord_fail(err, ORD_SYS, "the run ended before it could write it");
}
