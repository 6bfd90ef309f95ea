#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "cli/init.h"
#include "ordeal/spec.h"

/* Lower case, digits and hyphens. */
void cli_init_name(const char *name, size_t size, char *out)
{
	size_t n = 0;

	for (; *name && n + 1 < size; name++)
		if (isalnum((unsigned char)*name))
			out[n++] = (char)tolower((unsigned char)*name);
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
	if (!n)
		(void)snprintf(out, size, "service");
}

/* What was written must be what the parser takes: a service's odd name or URL must not make a
 * broken file. */
static int check(const char *text, size_t size, struct ord_err *err)
{
	struct ord_mistakes mistakes = {0};
	struct ord_spec *spec = calloc(1, sizeof *spec);
	int r;

	if (!spec)
		return ord_fail_nomem(err);
	r = ord_spec_parse(text, size, NULL, 0, spec, &mistakes);
	if (r)
		(void)ord_fail(err, ORD_USAGE, "no experiment can be written of this: %.300s",
			       mistakes.n ? mistakes.v[0].text : "");
	else
		ord_spec_done(spec);
	ord_mistakes_done(&mistakes);
	free(spec);
	return r;
}

static int put(const char *path, const char *text, size_t size, struct ord_err *err)
{
	ord_autoclose int fd = -1;

	if (!path) {
		(void)fwrite(text, 1, size, stdout);
		return 0;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return ord_fail(err, ORD_USAGE,
				"'%.200s' is there already; remove it, or choose another name",
				path);
	if (fd < 0)
		return ord_fail_sys(err, "create '%.200s'", path);
	if (ord_write_all(fd, text, size, err))
		return ord_wrap(err, "write '%.200s'", path);
	(void)printf("%s is written. Look it over, then:\n  ordeal plan %s\n  ordeal run %s\n",
		     path, path, path);
	return 0;
}

int cli_init_put(const char *path, const char *text, size_t size, struct ord_err *err)
{
	return check(text, size, err) ? -1 : put(path, text, size, err);
}
