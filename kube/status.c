/*
 * What the API server says when it refuses: a Status, whose message is for people.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "kube/client.h"

#define CAUSES_MAX 3

/* Appends, in one line and without control characters: a server may say anything. */
static void append(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);

	for (; *text && used + 1 < size; text++)
		out[used++] = (unsigned char)*text < ' ' || *text == 127 ? ' ' : *text;
	out[used] = '\0';
}

void kube_status_reason(const json_t *body, char out[static 64])
{
	out[0] = '\0';
	if (!strcmp(kube_text(body, "kind"), "Status"))
		append(out, 64, kube_text(body, "reason"));
}

uint64_t kube_status_retry(const json_t *body)
{
	json_int_t s = json_integer_value(
		json_object_get(json_object_get(body, "details"), "retryAfterSeconds"));

	return s > 0 ? (uint64_t)(s < KUBE_RETRY_S ? s : KUBE_RETRY_S) * ORD_S : 0;
}

int kube_status_fail(struct ord_err *err, int status, const json_t *body)
{
	const json_t *causes = json_object_get(json_object_get(body, "details"), "causes");
	char message[360] = "", more[200] = "", reason[64];

	kube_status_reason(body, reason);
	append(message, sizeof message, kube_text(body, "message"));
	for (size_t i = 0; i < json_array_size(causes) && i < CAUSES_MAX; i++) {
		const char *cause = kube_text(json_array_get(causes, i), "message");

		/* Most messages hold their causes already. */
		if (!*cause || strstr(message, cause))
			continue;
		append(more, sizeof more, *more ? "; " : ": ");
		append(more, sizeof more, cause);
	}
	if (!*message)
		append(message, sizeof message, "the API server gave no reason");
	return ord_fail(err, ORD_SYS, "%s%s (%d%s%s)", message, more, status, *reason ? " " : "",
			reason);
}
