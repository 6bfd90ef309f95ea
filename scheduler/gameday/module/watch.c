/* A session as others see it: from its files alone, whoever holds it. */
#include "scheduler/gameday/module/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "scheduler/gameday/module/session.h"

#define LINE_MOST (1u << 20)
#define LOOK_NS	  (100 * ORD_MS)

/* -1 ORD_USAGE where the session has no such role. */
static int role_knows(const json_t *head, const char *role, bool *ret, struct ord_err *err)
{
	const json_t *roles = json_object_get(head, "roles"), *r;
	const char *name;
	size_t i;

	json_array_foreach (roles, i, r) {
		name = json_string_value(json_object_get(r, "name"));
		if (name && !strcmp(name, role)) {
			*ret = json_is_true(json_object_get(r, "knows"));
			return 0;
		}
	}
	return ord_fail(err, ORD_USAGE, "the game day has no role '%.64s'", role);
}

static int read_head(const char *folder, json_t **ret, struct ord_err *err)
{
	ord_autofree char *path = NULL, *line = NULL;
	ord_autofclose FILE *f = NULL;
	size_t room = 0;

	if (asprintf(&path, "%s/" SESSION_VIEW, folder) < 0) {
		path = NULL;
		return ord_fail_nomem(err);
	}
	f = fopen(path, "re");
	if (!f)
		return ord_fail_sys(err, "open '%.300s'", path);
	if (getline(&line, &room, f) > 0)
		*ret = json_loads(line, 0, NULL);
	return *ret ? 0 : ord_fail(err, ORD_USAGE, "'%.300s' has not begun", path);
}

/* Says a line; true: it was the last. */
static bool say(const char *text, size_t n, const json_t *head, FILE *out)
{
	ord_auto(json) json_t *line = json_loadb(text, n, 0, NULL);
	const char *e = json_string_value(json_object_get(line, "e"));

	if (!e)
		return false;
	day_say(line, head, out);
	return !strcmp(e, "end");
}

/* What is whole of the text is said; returns how much that was. */
static size_t say_lines(const char *text, size_t size, const json_t *head, FILE *out,
			bool *ret_over)
{
	size_t done = 0;
	const char *end;

	while ((end = memchr(text + done, '\n', size - done))) {
		*ret_over = say(text + done, (size_t)(end - text) - done, head, out) || *ret_over;
		done = (size_t)(end - text) + 1;
	}
	(void)fflush(out);
	return done;
}

static int follow(int fd, const json_t *head, bool wait, FILE *out, struct ord_err *err)
{
	const struct timespec look = ord_timespec(LOOK_NS);
	ord_autofree char *text = malloc(LINE_MOST);
	size_t used = 0, done;
	bool over = false;
	ssize_t n;

	if (!text)
		return ord_fail_nomem(err);
	while (!over) {
		n = read(fd, text + used, LINE_MOST - used);
		if (n < 0 && errno != EINTR)
			return ord_fail_sys(err, "read the session");
		if (n <= 0 && !wait)
			break;
		if (n <= 0) {
			(void)nanosleep(&look, NULL);
			continue;
		}
		used += (size_t)n;
		done = say_lines(text, used, head, out, &over);
		used -= done;
		memmove(text, text + done, used);
	}
	return 0;
}

int watch_session(const char *id, const char *role, bool wait, FILE *out, struct ord_err *err)
{
	char folder[ORD_PATH_MAX];
	ord_autofree char *path = NULL;
	ord_auto(json) json_t *head = NULL;
	ord_autoclose int fd = -1;
	bool knows = true;

	if (session_find(id, folder, err) || read_head(folder, &head, err) ||
	    (role && role_knows(head, role, &knows, err)))
		return -1;
	if (asprintf(&path, "%s/%s", folder, knows ? SESSION_LOG : SESSION_VIEW) < 0) {
		path = NULL;
		return ord_fail_nomem(err);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		return ord_fail(err, ORD_USAGE,
				"only the user who holds the session may read all of it; who does "
				"not know watches with '--role responder'");
	if (fd < 0)
		return ord_fail_sys(err, "open '%.300s'", path);
	return follow(fd, head, wait, out, err);
}
