/* The command that leads to another machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/target.h"

int ord_via_copy(const struct ord_via *from, struct ord_via **ret, struct ord_err *err)
{
	struct ord_target t = {.via = calloc(1, sizeof *t.via)};

	for (size_t i = 0; t.via && from->words[i]; i++) {
		t.via->words[i] = strdup(from->words[i]);
		if (!t.via->words[i])
			ord_target_done(&t);
	}
	if (!t.via)
		return ord_fail_nomem(err);
	t.via->copy = from->copy;
	*ret = t.via;
	return 0;
}

char *ord_via_text(const struct ord_via *via, size_t size, char *out)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; via->words[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "",
					 via->words[i]);
	return out;
}

int ord_via_check(const struct ord_via *via, struct ord_err *err)
{
	const char *last = "";

	if (!via->copy)
		return 0;
	for (size_t i = 0; via->words[i]; i++)
		last = via->words[i];
	if (*last == '/' && !strstr(last, "..") && last[strlen(last) - 1] != '/' &&
	    strlen(last) < 200 &&
	    last[strspn(last, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/"
			      "._+-")] == '\0')
		return 0;
	return ord_fail(err, ORD_USAGE,
			"the last word of a command that copies is the path of the injector there, "
			"as in /opt/ordeal/ordeal-injector, not '%.60s'",
			last);
}
