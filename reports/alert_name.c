/* Alerts as objectives name them: "prometheus:SlowOrders{severity="page"}/firing". */
#include "reports/alert_name.h"

#include <string.h>

#include "reports/member.h"

/* Past the alert's name: at its labels, its stage, or the end. */
static const char *after_name(const char *name)
{
	return name + strcspn(name, "{/");
}

bool ord_alert_channel(const char *channel, const char **ret_name, size_t *ret_len)
{
	const char *name = strchr(channel, ':');

	if (strncmp(channel, "prometheus:", 11) != 0 && strncmp(channel, "alertmanager:", 13) != 0)
		return false;
	*ret_name = name + 1;
	*ret_len = (size_t)(after_name(name + 1) - name - 1);
	return *ret_len > 0;
}

enum ord_stage ord_alert_wanted(const char *channel)
{
	const char *stage = strrchr(channel, '/');

	if (stage && !strcmp(stage, "/pending"))
		return ORD_STAGE_PENDING;
	if (stage && !strcmp(stage, "/notified"))
		return ORD_STAGE_NOTIFIED;
	return !strncmp(channel, "alertmanager:", 13) ? ORD_STAGE_RECEIVED : ORD_STAGE_FIRING;
}

/* One name="value" at p; NULL where there is none. */
static const char *next_label(const char *p, char name[static 128], char value[static 256])
{
	size_t n = strcspn(p, "=}"), k = 0;

	if (p[n] != '=' || p[n + 1] != '"' || n >= 128)
		return NULL;
	memcpy(name, p, n);
	name[n] = 0;
	for (p += n + 2; *p && *p != '"' && k < 255; p++) {
		if (*p == '\\' && p[1])
			p++;
		value[k++] = *p;
	}
	value[k] = 0;
	return *p == '"' ? p + 1 : NULL;
}

bool ord_alert_matches(const char *channel, const json_t *labels)
{
	const char *name, *p;
	char key[128], value[256];
	size_t len;

	if (!ord_alert_channel(channel, &name, &len))
		return false;
	p = name + len;
	if (*p != '{' || !json_is_object(labels))
		return true;
	for (p++; *p && *p != '}'; p += *p == ',') {
		p = next_label(p, key, value);
		if (!p)
			return true; /* not of the shape that is written: no reason to leave it out
				      */
		if (strcmp(ord_member_text(labels, key, ""), value) != 0)
			return false;
	}
	return true;
}
