#include "catalog/names.h"

#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/units.h"
#include "ordeal/fault.h"

#define WORD_MAX   64
#define SIGNAL_MAX 64

static const char *const signals[] = {
	[SIGHUP] = "HUP",	[SIGINT] = "INT",   [SIGQUIT] = "QUIT", [SIGILL] = "ILL",
	[SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT", [SIGBUS] = "BUS",	[SIGFPE] = "FPE",
	[SIGKILL] = "KILL",	[SIGUSR1] = "USR1", [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE",	[SIGALRM] = "ALRM", [SIGTERM] = "TERM", [SIGCHLD] = "CHLD",
	[SIGCONT] = "CONT",	[SIGSTOP] = "STOP", [SIGTSTP] = "TSTP", [SIGTTIN] = "TTIN",
	[SIGTTOU] = "TTOU",	[SIGURG] = "URG",   [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ",
	[SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGIO] = "IO",	[SIGWINCH] = "WINCH",
	[SIGPWR] = "PWR",	[SIGSYS] = "SYS",
};

int ord_signal_parse(const char *text, int *ret, struct ord_err *err)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	int64_t v;

	for (int i = 1; i < (int)ORD_COUNT(signals); i++)
		if (signals[i] && !strcasecmp(signals[i], name)) {
			*ret = i;
			return 0;
		}
	if (isdigit((unsigned char)*text) && !ord_parse_int(text, 1, SIGNAL_MAX, &v, NULL)) {
		*ret = (int)v;
		return 0;
	}
	return ord_fail(err, ORD_USAGE,
			"'%.40s' is not a signal; write its name or number, as in 'TERM'", text);
}

char *ord_signal_format(int signal, char out[static 16])
{
	if (signal > 0 && signal < (int)ORD_COUNT(signals) && signals[signal])
		(void)snprintf(out, 16, "%s", signals[signal]);
	else
		(void)snprintf(out, 16, "%d", signal);
	return out;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Damerau-Levenshtein (optimal string alignment): insert, delete, replace, swap of neighbours cost
 * 1 each. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= nb; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			bool equal = same(a[i - 1], b[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + !equal);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[nb];
}

const char *ord_nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	unsigned best = len < 4	  ? 1
			: len < 7 ? 2
				  : 3; /* beyond that a guess confuses more than it helps */
	const char *found = NULL;

	if (!len || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t size = strlen(names[i]);
		unsigned d;

		if (size > WORD_MAX)
			continue;
		d = distance(word, len, names[i], size);
		if (d < size && (d < best || (d == best && !found))) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
