/* The console: the page of `ordeal serve` and what it loads, as they lie in the module. */
#ifndef ORDEAL_CONSOLE_H
#define ORDEAL_CONSOLE_H

#include <stddef.h>

struct ord_console_file {
	const char *name; /* "index.html", "main.js" */
	const char *type; /* Content-Type */
	const char *etag; /* another one when the bytes are others; not quoted */
	const void *data; /* not terminated */
	size_t size;
};

/* NULL where the console has no such file. index.html is the page; the others lie in console/. */
const struct ord_console_file *ord_console_file(const char *name);

/* Content-Security-Policy, to be sent with each of them. */
extern const char ord_console_policy[];

#endif
