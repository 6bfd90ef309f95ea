#include "reports/write/trace.h"

#include <string.h>

#include "base/sha256.h"
#include "reports/member.h"

/* The first digits of a digest; not all of them zero. */
static char *digits(const struct ord_timeline *t, uint32_t rep, const char *name, char *out,
		    size_t size)
{
	char text[600], hex[ORD_SHA256_HEX];
	int n = snprintf(text, sizeof text, "%.200s/%lld/%u/%.300s",
			 ord_member_text(t->run, "run", ""), (long long)t->wall_ns, rep, name);

	(void)ord_sha256(text, (size_t)n, hex);
	memcpy(out, hex, size - 1);
	out[size - 1] = '\0';
	if (strspn(out, "0") == size - 1)
		out[size - 2] = '1';
	return out;
}

char *ord_trace_id(const struct ord_timeline *t, uint32_t rep, char out[static ORD_TRACE_ID])
{
	return digits(t, rep, "", out, ORD_TRACE_ID);
}

char *ord_span_id(const struct ord_timeline *t, uint32_t rep, const char *name,
		  char out[static ORD_SPAN_ID])
{
	return digits(t, rep, name, out, ORD_SPAN_ID);
}
