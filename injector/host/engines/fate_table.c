#include "fate_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "base/units.h"

#define WORD 16 /* longer is no entry */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int ascending(const void *a, const void *b)
{
	return *(const int16_t *)a - *(const int16_t *)b;
}

/* One entry of n bytes. */
static int read_entry(const char *at, size_t n, int16_t *ret, struct ord_err *err)
{
	const size_t len = n < WORD ? n : WORD - 1;
	char word[WORD], shown[4 * WORD];
	int64_t v;

	memcpy(word, at, len);
	word[len] = '\0';
	if (strspn(word, "+-0123456789") != n)
		return ord_fail(err, ORD_USAGE, "'%s' is not a whole number",
				ord_printable(word, sizeof shown, shown));
	if (ord_parse_int(word, INT16_MIN, INT16_MAX, &v, err) < 0)
		return -1;
	*ret = (int16_t)v;
	return 0;
}

/* A line without its end. */
static int read_line(const char *at, size_t n, int16_t *ret, size_t *ret_n, struct ord_err *err)
{
	size_t from, to = 0;

	if (n && *at == '#')
		return 0;
	for (;;) {
		for (from = to; from < n && is_space(at[from]); from++)
			;
		for (to = from; to < n && !is_space(at[to]); to++)
			;
		if (from == to)
			return 0;
		if (*ret_n == FATE_TABLE_MAX)
			return ord_fail(err, ORD_USAGE, "more than %d entries", FATE_TABLE_MAX);
		if (read_entry(at + from, to - from, &ret[*ret_n], err) < 0)
			return -1;
		++*ret_n;
	}
}

int fate_table_read(const char *text, size_t size, int16_t ret[static FATE_TABLE_MAX],
		    size_t *ret_n, struct ord_err *err)
{
	size_t n = 0, line = 1, at = 0;

	for (; at < size; line++) {
		const char *end = memchr(text + at, '\n', size - at);
		const size_t len = end ? (size_t)(end - text) - at : size - at;

		if (read_line(text + at, len, ret, &n, err) < 0)
			return ord_wrap(err, "line %zu", line);
		at += len + 1;
	}
	if (!n)
		return ord_fail(err, ORD_USAGE,
				"there is no entry: it takes integers from %d to %d, as in "
				"tc's *.dist",
				INT16_MIN, INT16_MAX);
	qsort(ret, n, sizeof *ret, ascending);
	*ret_n = n;
	return 0;
}
