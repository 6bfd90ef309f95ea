/* Numbers with units: what is printed of what was read must read back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(int (*parse)(const char *, int64_t *, struct ord_err *),
		 char *(*format)(int64_t, char *), const char *text)
{
	struct ord_err err;
	int64_t v, again;
	char out[32];

	if (parse(text, &v, &err))
		return;
	if (parse(format(v, out), &again, &err) || again != v)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[128];
	struct ord_err err;
	int64_t v;

	if (size >= sizeof text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	same(ord_parse_duration, ord_format_duration, text);
	same(ord_parse_size, ord_format_size, text);
	same(ord_parse_percent, ord_format_percent, text);
	(void)ord_parse_ratio(text, &v, &err);
	(void)ord_parse_decimal(text, &v, &err);
	(void)ord_parse_int(text, INT64_MIN, INT64_MAX, &v, &err);
	return 0;
}
