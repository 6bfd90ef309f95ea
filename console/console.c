#include <string.h>

#include "console/files.h"

/*
 * Nothing that does not come from this server, nothing inline, and no text ever becomes markup or
 * script: the page makes elements and text nodes alone, which trusted types hold it to.
 */
const char ord_console_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
				  "connect-src 'self'; img-src 'self'; base-uri 'none'; "
				  "form-action 'none'; frame-ancestors 'none'; "
				  "require-trusted-types-for 'script'; trusted-types 'none'";

const struct ord_console_file *ord_console_file(const char *name)
{
	for (size_t i = 0; i < n_console_files; i++)
		if (!strcmp(console_files[i].name, name))
			return &console_files[i];
	return NULL;
}
