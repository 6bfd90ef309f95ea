#include "ordeal/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WRAPS 48 /* bytes left to who says where it failed */

static const char *const names[] = {
	[ORD_OK] = "ok",     [ORD_USAGE] = "usage", [ORD_SYS] = "sys",
	[ORD_SKIP] = "skip", [ORD_GUARD] = "guard", [ORD_NOMEM] = "nomem",
};

int ord_fail_at(struct ord_err *err, const char *where, enum ord_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	err->sys_errno = 0;
	err->where = where;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	return -1;
}

int ord_fail_sys_at(struct ord_err *err, const char *where, const char *fmt, ...)
{
	int saved = errno;
	char text[96];
	const char *reason;
	size_t used, room;
	va_list ap;

	if (!err)
		return -1;
	err->code = saved == ENOMEM ? ORD_NOMEM : ORD_SYS;
	err->sys_errno = saved;
	err->where = where;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	/* GNU strerror_r: returns the text, which need not be in the buffer. */
	reason = strerror_r(saved, text, sizeof text);
	/* A long path is cut rather than what is wrong with it. */
	used = strlen(err->msg);
	room = sizeof err->msg - WRAPS - strlen(": ") - strnlen(reason, sizeof text) - 1;
	used = used < room ? used : room;
	(void)snprintf(err->msg + used, sizeof err->msg - used, ": %.*s", (int)sizeof text, reason);
	errno = saved;
	return -1;
}

int ord_wrap_at(struct ord_err *err, const char *fmt, ...)
{
	char inner[sizeof err->msg];
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	memcpy(inner, err->msg, sizeof inner);
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	if (used + 2 < sizeof err->msg)
		(void)snprintf(err->msg + used, sizeof err->msg - used, ": %.*s",
			       (int)(sizeof err->msg - used - 3), inner);
	return -1;
}

const char *ord_code_name(enum ord_code code)
{
	return names[code];
}

enum ord_code ord_code_parse(const char *name)
{
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			return (enum ord_code)i;
	return ORD_SYS;
}
