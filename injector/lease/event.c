#include "injector/lease/event.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

/* A pipe that says POLLOUT has room for PIPE_BUF bytes: such a piece never blocks, whatever the
 * pipe's flags. */
static void line_write(const char *line, size_t size)
{
	while (size > 0) {
		struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
		const struct timespec patience = {.tv_nsec = 50 * 1000 * 1000};
		ssize_t n;

		if (ppoll(&out, 1, &patience, NULL) <= 0 || !(out.revents & POLLOUT))
			return;
		n = write(STDOUT_FILENO, line, size < PIPE_BUF ? size : PIPE_BUF);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		line += n;
		size -= (size_t)n;
	}
}

void inj_event(const char *event, const char *lease, uint64_t at_ns, json_t *more)
{
	ord_auto(json) json_t *all =
		json_pack("{s:s s:I}", "event", event, "at_ns", (json_int_t)at_ns);
	ord_auto(json) json_t *rest = more;
	ord_autofree char *text = NULL;
	ord_autofree char *line = NULL;
	size_t size;

	if (!all || (lease && json_object_set_new(all, "lease", json_string(lease)) < 0) ||
	    (rest && json_object_update(all, rest) < 0))
		return;
	text = json_dumps(all, JSON_COMPACT);
	size = text ? strlen(text) : 0;
	line = text ? realloc(text, size + 2) : NULL;
	if (!line)
		return;
	text = NULL; /* now at line */
	line[size++] = '\n';
	line_write(line, size);
}

void inj_event_failed(const char *phase, const char *lease, const struct ord_err *err)
{
	inj_event("failed", lease, ord_now_ns(),
		  json_pack("{s:s s:s s:s}", "phase", phase, "code", ord_code_name(err->code),
			    "message", err->msg));
}
