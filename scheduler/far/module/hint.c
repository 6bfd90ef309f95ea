/* What would be right where a command led to no injector: known by what sudo, a shell and ssh say.
 */
#include "scheduler/far/module/far.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/holder/holder.h"

#define ALLOW	 "allow it with the line 'USER ALL=(root) NOPASSWD: %s' in that machine's sudoers"
#define INJECTOR ORDEAL_LIBEXEC_DIR "/ordeal-injector"

static const struct {
	const char *says, *right;
	bool of_sudo; /* and only where sudo is among the words of the command */
} hints[] = {
	{"password is required", "nobody can type one: " ALLOW, true},
	{"not allowed to execute", ALLOW, true},
	{"must have a tty", "there is none: 'Defaults:USER !requiretty' in that machine's sudoers",
	 true},
	{"command not found",
	 "name the injector by its absolute path, " INJECTOR
	 " where ordeal is installed; --via-copy puts one where the last word says",
	 false},
	{"status 127", /* a shell's: there is no such program */
	 "where ordeal is installed it is " INJECTOR
	 "; --via-copy puts one where the last word says",
	 false},
	{"Permission denied (",
	 "nobody can type a password or a passphrase: ssh needs a key that it can use by itself",
	 false},
	{"Host key verification failed",
	 "log in there by hand once, and compare its key, before anything is injected", false},
};

/* The injector, as sudoers may name it: where the command does not, where it is installed. */
static void put_right(const char *right, const char *last, size_t size, char *out)
{
	const char *at = strstr(right, "%s");

	(void)snprintf(out, size, "; %.*s%.100s%s%s",
		       (int)(at ? (size_t)(at - right) : strlen(right)), right,
		       !at	      ? ""
		       : *last == '/' ? last
				      : INJECTOR,
		       at ? at + 2 : "", at && *last != '/' ? ", and name it by that path" : "");
}

void far_hint(const struct ord_holder *h, const struct ord_via *via, struct ord_err *err)
{
	size_t used = strlen(err->msg);
	const char *last = "";
	bool sudo = false;
	char words[512];

	holder_words(h, 4, sizeof words, words);
	for (size_t i = 0; via->words[i]; i++) {
		const char *slash = strrchr(via->words[i], '/');

		sudo = sudo || !strcmp(slash ? slash + 1 : via->words[i], "sudo");
		last = via->words[i];
	}
	for (size_t i = 0; i < ORD_COUNT(hints); i++) {
		/* What it said, or how it ended. */
		if ((strstr(words, hints[i].says) || strstr(err->msg, hints[i].says)) &&
		    (sudo || !hints[i].of_sudo)) {
			put_right(hints[i].right, last, sizeof err->msg - used, err->msg + used);
			return;
		}
	}
}
