/* "kubernetes:deployment/orders/Available=False": what a detection in a cluster is told by. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/that.h"
#include "scheduler/spec/table.h"

int ord_that_wrong(struct ord_that_mistake *m, size_t at, const char *fmt, ...)
{
	va_list ap;

	m->at = at;
	va_start(ap, fmt);
	(void)vsnprintf(m->text, sizeof m->text, fmt, ap);
	va_end(ap);
	return -1;
}

#define CHANNEL_FORM                                                                               \
	"it as in 'kubernetes:event/BackOff' or '"                                                 \
	"kubernetes:deployment/orders/Available=False', with the namespace before it where it is " \
	"not the targets'"

static int condition_part(const char *part, size_t at, struct ord_kube_channel *c,
			  struct ord_that_mistake *m)
{
	const char *eq = strchr(part, '=');
	size_t n = eq ? (size_t)(eq - part) : 0;

	if (!n || n >= sizeof c->reason || !choice_find("True|False|Unknown", eq + 1, NULL))
		return ord_that_wrong(
			m, at,
			"'%.60s': a condition is True, False or Unknown, as in 'Ready=False'",
			part);
	(void)snprintf(c->reason, sizeof c->reason, "%.*s", (int)n, part);
	(void)snprintf(c->status, sizeof c->status, "%s", eq + 1);
	return 0;
}

/* What stands between the slashes, and where. */
struct parts {
	char v[4][ORD_KUBE_NAME];
	size_t at[4], n;
};

static int cut(const char *text, struct parts *ret, struct ord_that_mistake *mistake)
{
	const char *p = text + strlen("kubernetes:");

	for (ret->n = 0; ret->n < ORD_COUNT(ret->v);) {
		size_t len = strcspn(p, "/"), i = ret->n++;

		ret->at[i] = (size_t)(p - text);
		if (!len || len >= sizeof ret->v[i])
			return ord_that_wrong(mistake, ret->at[i],
					      "a part is empty or too long; write " CHANNEL_FORM);
		(void)snprintf(ret->v[i], sizeof ret->v[i], "%.*s", (int)len, p);
		p += len;
		if (!*p)
			return 0;
		p++;
	}
	return ord_that_wrong(mistake, ret->at[3], "too many parts; write " CHANNEL_FORM);
}

/* KIND/NAME/CONDITION from the k-th part on. */
static int object_part(const struct parts *parts, size_t k, struct ord_kube_channel *c,
		       struct ord_that_mistake *mistake)
{
	const char *near = NULL;
	bool namespaced = true;

	if (ord_kind_word(parts->v[k], c->api_version, c->kind, &namespaced, &near))
		return ord_that_wrong(mistake, parts->at[k], "unknown kind '%.60s'%s%s%s",
				      parts->v[k], near ? "; did you mean '" : "", near ? near : "",
				      near ? "'?" : "");
	if (!namespaced && k)
		return ord_that_wrong(mistake, parts->at[0], "a %s is in no namespace", c->kind);
	(void)snprintf(c->name, sizeof c->name, "%s", parts->v[k + 1]);
	return condition_part(parts->v[k + 2], parts->at[k + 2], c, mistake);
}

int ord_channel_parse(const char *text, struct ord_kube_channel *ret,
		      struct ord_that_mistake *mistake)
{
	struct ord_kube_channel c = {0};
	struct parts parts;
	size_t k;

	if (cut(text, &parts, mistake))
		return -1;
	/* Three parts are KIND/NAME/CONDITION, unless the second is `event`; two are event/REASON.
	 */
	c.is_event = (parts.n == 2 && !strcmp(parts.v[0], "event")) ||
		     (parts.n == 3 && !strcmp(parts.v[1], "event"));
	if (!c.is_event && parts.n < 3)
		return ord_that_wrong(mistake, parts.at[0],
				      "'%.60s' is too little; write " CHANNEL_FORM, text);
	k = c.is_event ? parts.n - 2 : parts.n == 4;
	if (k && strlen(parts.v[0]) >= sizeof c.ns)
		return ord_that_wrong(mistake, parts.at[0],
				      "a namespace has at most 63 characters");
	if (k)
		(void)snprintf(c.ns, sizeof c.ns, "%.63s", parts.v[0]);
	if (c.is_event)
		(void)snprintf(c.reason, sizeof c.reason, "%.127s", parts.v[k + 1]);
	else if (object_part(&parts, k, &c, mistake))
		return -1;
	*ret = c;
	return 0;
}
