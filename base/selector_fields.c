/* The language of field selectors. What fields there are the API server says, kind by kind. */
#include <string.h>

#include "base/auto.h"
#include "base/selector.h"

#define wrong(at, ...) (*ret_at = (size_t)((at)-text), ord_fail(err, ORD_USAGE, __VA_ARGS__))

static size_t operator_size(const char *p)
{
	if (!strncmp(p, "!=", 2) || !strncmp(p, "==", 2))
		return 2;
	return *p == '=';
}

/* The comma or the end after a value; or what may not stand in it as it is. */
static const char *value_end(const char *p)
{
	while (*p && *p != ',' && *p != '=') {
		if (*p == '\\' && (!p[1] || !strchr(",=\\", p[1])))
			return p;
		p += *p == '\\' ? 2 : 1;
	}
	return p;
}

int ord_fields_check(const char *text, void (*each)(void *arg, const char *field, size_t size),
		     void *arg, size_t *ret_at, struct ord_err *err)
{
	const char *p = text;

	for (;;) {
		size_t n = strcspn(p, "=!, "), sign = operator_size(p + n), all = strcspn(p, ",");

		if (!*p)
			return wrong(p, "it ends here, where FIELD=VALUE or FIELD!=VALUE should "
					"stand, as in spec.nodeName=worker-1");
		if (!n || !sign)
			return wrong(p,
				     "'%.*s' is not FIELD=VALUE or FIELD!=VALUE, as in "
				     "spec.nodeName=worker-1",
				     all > 60 ? 60 : (int)all, p);
		if (each)
			each(arg, p, n);
		p = value_end(p + n + sign);
		if (*p == '=' || *p == '\\')
			return wrong(p, "in a value, '%c' is written '\\%c'", *p, *p);
		if (!*p)
			return 0;
		p++;
	}
}
