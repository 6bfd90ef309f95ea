/* What is posted to a webhook: CloudEvents 1.0 in structured mode, or what Slack takes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/printable.h"
#include "scheduler/serve/api/hmac.h"
#include "scheduler/serve/api/hooks.h"

#define TEXT_MAX 400

static const char *text_at(const json_t *data, const char *key)
{
	const char *text = json_string_value(json_object_get(data, key));

	return text ? text : "";
}

char *api_hook_cloudevent(const char *source, const char *id, uint64_t wall_ns, const char *type,
			  const json_t *data)
{
	const char *subject = text_at(data, "name");
	char time[32], full[64];
	ord_auto(json) json_t *event = NULL;

	ord_format_utc(wall_ns, time);
	(void)snprintf(full, sizeof full, "dev.ordeal.serve.%s", type);
	event = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:O}", "specversion", "1.0", "id", id, "source",
			  source, "type", full, "time", time, "datacontenttype", "application/json",
			  "data", data);
	if (!event || (*subject && json_object_set_new(event, "subject", json_string(subject))))
		return NULL;
	return json_dumps(event, JSON_COMPACT);
}

/* Slack's three signs that mean something. */
static void escape(const char *text, char out[static 6 * TEXT_MAX])
{
	char plain[TEXT_MAX];
	size_t n = 0;

	for (const char *p = ord_printable(text, sizeof plain, plain); *p; p++) {
		const char *as = *p == '&'   ? "&amp;"
				 : *p == '<' ? "&lt;"
				 : *p == '>' ? "&gt;"
					     : NULL;

		if (as) {
			memcpy(out + n, as, strlen(as));
			n += strlen(as);
		} else {
			out[n++] = *p;
		}
	}
	out[n] = '\0';
}

/* "orders ended: passed (schedule), run 2026...". */
static int sentence(const char *type, const json_t *data, char out[static TEXT_MAX])
{
	const char *name = text_at(data, "name"), *reason = text_at(data, "reason");
	const char *run = text_at(data, "run"), *who = text_at(data, "who");

	if (!strcmp(type, "ended"))
		return snprintf(out, TEXT_MAX, "%s %s%s%s", name, text_at(data, "verdict"),
				*run ? ", run " : "", run);
	if (!strcmp(type, "interrupted"))
		return snprintf(out, TEXT_MAX, "%s was interrupted%s%s; its faults are reverted",
				name, *run ? ", run " : "", run);
	if (!strcmp(type, "skipped"))
		return snprintf(out, TEXT_MAX, "%s of %s was skipped: %s", name,
				text_at(data, "planned"), reason);
	if (!strcmp(type, "halt"))
		return snprintf(out, TEXT_MAX, "halted by %s: every fault ends, nothing starts",
				who);
	if (!strcmp(type, "resume"))
		return snprintf(out, TEXT_MAX, "resumed by %s", who);
	if (!strcmp(type, "store"))
		return snprintf(out, TEXT_MAX, "%s: %s", text_at(data, "file"),
				json_is_null(json_object_get(data, "message"))
					? "is good again"
					: text_at(data, "message"));
	return snprintf(out, TEXT_MAX, "%s: %s", type, *name ? name : text_at(data, "file"));
}

char *api_hook_slack(const char *type, const json_t *data)
{
	char text[TEXT_MAX], escaped[6 * TEXT_MAX];
	ord_auto(json) json_t *body = NULL;

	(void)sentence(type, data, text);
	escape(text, escaped);
	body = json_pack("{s:s+}", "text", "ordeal: ", escaped);
	return body ? json_dumps(body, JSON_COMPACT) : NULL;
}

char *api_hook_signature(const char *key, size_t key_size, int64_t now_s, const char *body)
{
	char at[24], hex[API_HMAC_HEX], *line;
	struct api_bytes pieces[] = {{at, 0}, {".", 1}, {body, strlen(body)}};

	pieces[0].size = (size_t)snprintf(at, sizeof at, "%" PRId64, now_s);
	(void)api_hmac((struct api_bytes){key, key_size}, pieces, ORD_COUNT(pieces), hex);
	return asprintf(&line, "Ordeal-Signature: t=%s,v1=%s", at, hex) < 0 ? NULL : line;
}
