#include "base/printable.h"

#include <stdbool.h>
#include <string.h>

/* Length of the UTF-8 character at p, 0 where there is none (an overlong one neither). */
static size_t character(const unsigned char *p)
{
	size_t n = *p < 0x80   ? 1
		   : *p < 0xc2 ? 0
		   : *p < 0xe0 ? 2
		   : *p < 0xf0 ? 3
		   : *p < 0xf5 ? 4
			       : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f)))
		return 0;
	if (n == 4 && ((*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f)))
		return 0;
	return n;
}

char *ord_printable(const char *text, size_t size, char *out)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t used = 0;

	while (*p) {
		size_t n = character(p);
		/* C1 controls are two bytes, and move cursors as C0 does. */
		bool control = *p < 0x20 || *p == 0x7f || (*p == 0xc2 && n == 2 && p[1] < 0xa0);

		if (used + (n ? n : 1) >= size)
			break;
		if (!n || control)
			out[used++] = n ? ' ' : '?';
		else
			memcpy(out + used, p, n), used += n;
		p += n ? n : 1;
	}
	out[used] = '\0';
	return out;
}
