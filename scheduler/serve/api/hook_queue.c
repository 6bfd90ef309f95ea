#include "scheduler/serve/api/hook_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"

#define FILE_MAX (HOOK_QUEUE_BYTES + HOOK_QUEUE_SLACK + (1u << 20))

static char **slot(struct hook_queue *q, size_t i)
{
	return &q->bodies[(q->first + i) % HOOK_QUEUE_MAX];
}

static void take_off(struct hook_queue *q, char **body)
{
	q->bytes -= strlen(*body);
	free(*body);
	*body = NULL;
	q->n--;
}

static void take_first(struct hook_queue *q)
{
	take_off(q, slot(q, 0));
	q->first = (q->first + 1) % HOOK_QUEUE_MAX;
}

/* The one behind the first, which may be under way. */
static void take_second(struct hook_queue *q)
{
	char *first = *slot(q, 0);

	take_off(q, slot(q, 1));
	*slot(q, 1) = first;
	*slot(q, 0) = NULL;
	q->first = (q->first + 1) % HOOK_QUEUE_MAX;
}

static void add(struct hook_queue *q, char *body)
{
	*slot(q, q->n++) = body;
	q->bytes += strlen(body);
}

/* --- the file --------------------------------------------------------------------------------- */

static bool is_body(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20)
			return false;
	return n > 1 && p[0] == '{' && p[n - 1] == '}';
}

/* One line, without its end. False: it is no step of this queue. */
static bool step(struct hook_queue *q, const char *p, size_t n)
{
	char *body;

	if (n == 1 && *p == '-' && q->n) {
		take_first(q);
		return true;
	}
	if (n == 1 && *p == '*' && q->n > 1) {
		take_second(q);
		return true;
	}
	if (*p != '+' || q->n == HOOK_QUEUE_MAX || !is_body(p + 1, n - 1))
		return false;
	body = strndup(p + 1, n - 1);
	if (body)
		add(q, body);
	return body != NULL;
}

void hook_queue_replay(struct hook_queue *q, const char *text, size_t size)
{
	const char *end;

	for (const char *p = text; (end = memchr(p, '\n', size - (size_t)(p - text))); p = end + 1)
		if (end == p || !step(q, p, (size_t)(end - p)))
			break;
}

/* All that waits, in the place of the file. */
static int rewrite(struct hook_queue *q, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < q->n; i++)
		(void)fprintf(out, "+%s\n", *slot(q, i));
	if (fclose(out))
		return ord_fail_nomem(err);
	ord_close(&q->fd);
	if (ord_file_replace_at(q->dir, q->name, text, size, 0600, false, err))
		return -1;
	q->fd = openat(q->dir, q->name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (q->fd < 0)
		return ord_fail_sys(err, "%s", q->name);
	q->written = size;
	return 0;
}

/* A step that cannot be written leaves a file that is behind: it is made anew with the next. */
static void write_step(struct hook_queue *q, char what, const char *body)
{
	char begin[2] = {what, '\0'}, end[2] = "\n";
	const struct iovec parts[] = {
		{begin, 1}, {(void *)(uintptr_t)body, strlen(body)}, {end, 1}};
	size_t size = strlen(body) + 2;
	struct ord_err ignored;

	if (q->dir < 0)
		return;
	if (q->failing || q->written > q->bytes + HOOK_QUEUE_SLACK) {
		q->failing = rewrite(q, &ignored) != 0;
		return;
	}
	if (!q->n && !ftruncate(q->fd, 0))
		q->written = 0;
	else if (writev(q->fd, parts, ORD_COUNT(parts)) == (ssize_t)size)
		q->written += size;
	else
		q->failing = true;
}

/* --- the queue -------------------------------------------------------------------------------- */

int hook_queue_open(int dir, const char *name, struct hook_queue *ret, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	struct ord_err missing;
	size_t size = 0;

	*ret = (struct hook_queue){.dir = dir, .fd = -1};
	(void)snprintf(ret->name, sizeof ret->name, "%s", name);
	if (dir < 0)
		return 0;
	if (!ord_file_read_at(dir, name, FILE_MAX, &text, &size, &missing))
		hook_queue_replay(ret, text, size);
	else if (missing.sys_errno != ENOENT)
		return ord_fail(err, missing.code, "%s", missing.msg);
	if (!rewrite(ret, err))
		return 0;
	hook_queue_close(ret);
	return -1;
}

void hook_queue_close(struct hook_queue *q)
{
	while (q->n)
		take_first(q);
	ord_close(&q->fd);
}

const char *hook_queue_first(const struct hook_queue *q)
{
	return q->n ? q->bodies[q->first] : NULL;
}

size_t hook_queue_put(struct hook_queue *q, char *body)
{
	size_t gone = 0;

	while (q->n > 1 && (q->n == HOOK_QUEUE_MAX || q->bytes + strlen(body) > HOOK_QUEUE_BYTES)) {
		take_second(q);
		write_step(q, '*', "");
		gone++;
	}
	add(q, body);
	write_step(q, '+', body);
	return gone;
}

void hook_queue_drop(struct hook_queue *q)
{
	take_first(q);
	write_step(q, '-', "");
}
