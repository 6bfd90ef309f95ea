/*
 * Errors: a struct on the caller's stack, raised once where the call failed, wrapped once a layer,
 * printed once in cli/. It never allocates, so it serves after fork and without memory.
 */
#ifndef ORDEAL_ERR_H
#define ORDEAL_ERR_H

#include <stdarg.h>

/* The closed set of what can go wrong; ord_code_name() gives the strings used in JSON. */
enum ord_code {
	ORD_OK = 0,
	ORD_USAGE, /* the spec, the command line or a request is wrong */
	ORD_SYS,   /* a system call or a library failed */
	ORD_SKIP,  /* not possible on this machine; the message says why and what would help */
	ORD_GUARD, /* a safety rule refused it */
	ORD_NOMEM, /* out of memory */
};

struct ord_err {
	enum ord_code code;
	int sys_errno;	   /* errno where it failed, 0 if none */
	const char *where; /* "file.c:line", static storage */
	char msg[512];	   /* "outer: inner" */
};

/* All of these return -1, so that raising and returning is one statement. */
int ord_fail_at(struct ord_err *err, const char *where, enum ord_code code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Appends ": strerror(errno)"; code is ORD_NOMEM where errno is ENOMEM, else ORD_SYS. */
int ord_fail_sys_at(struct ord_err *err, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "prefix: " before the message that is there. */
int ord_wrap_at(struct ord_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Tells compiler and analyser what they cannot see from here: these never return 0. */
static inline int ord_failed(int minus_one)
{
	(void)minus_one;
	return -1;
}

#define ORD_STR_(x)		 #x
#define ORD_STR(x)		 ORD_STR_(x)
#define ORD_WHERE		 __FILE__ ":" ORD_STR(__LINE__)
#define ord_fail(err, code, ...) ord_failed(ord_fail_at(err, ORD_WHERE, code, __VA_ARGS__))
#define ord_fail_sys(err, ...)	 ord_failed(ord_fail_sys_at(err, ORD_WHERE, __VA_ARGS__))
#define ord_fail_nomem(err)	 ord_failed(ord_fail_at(err, ORD_WHERE, ORD_NOMEM, "out of memory"))
#define ord_wrap(err, ...)	 ord_failed(ord_wrap_at(err, __VA_ARGS__))

/* "ok", "usage", "sys", "skip", "guard", "nomem". */
const char *ord_code_name(enum ord_code code);
/* The inverse; ORD_SYS for a name that is not known. */
enum ord_code ord_code_parse(const char *name);

#endif
