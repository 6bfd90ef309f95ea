/* What an exec plugin answers: an ExecCredential. */
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "kube/config_private.h"
#include "kube/kube.h"

static int take(const json_t *status, const char *key, struct kube_secret *ret, struct ord_err *err)
{
	const json_t *value = json_object_get(status, key);

	kube_secret_done(ret);
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return ord_fail(err, ORD_USAGE, "status.%s is not a text", key);
	return json_string_length(value) ? kube_secret_set(ret, json_string_value(value),
							   json_string_length(value), err)
					 : 0;
}

static int take_expiry(const json_t *status, struct cfg_plugin *p, struct ord_err *err)
{
	const json_t *value = json_object_get(status, "expirationTimestamp");

	p->fetched_ns = (int64_t)ord_wall_ns();
	p->expiry_ns = 0;
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value) || ord_parse_utc(json_string_value(value), &p->expiry_ns) < 0)
		return ord_fail(err, ORD_USAGE,
				"status.expirationTimestamp is not a time (RFC 3339)");
	if (p->expiry_ns <= p->fetched_ns)
		return ord_fail(err, ORD_USAGE, "what it answered has expired already");
	return 0;
}

static bool header_fine(const struct kube_secret *s)
{
	for (size_t i = 0; i < s->size; i++)
		if (s->text[i] <= ' ' || s->text[i] > '~')
			return false;
	return true;
}

static int take_status(struct cfg_plugin *p, const json_t *root, struct ord_err *err)
{
	const char *version = json_string_value(json_object_get(root, "apiVersion"));
	const char *kind = json_string_value(json_object_get(root, "kind"));
	const json_t *status = json_object_get(root, "status");

	if (!kind || strcmp(kind, "ExecCredential") != 0)
		return ord_fail(err, ORD_USAGE, "its answer is no ExecCredential");
	if (!version || strcmp(version, p->api_version) != 0)
		return ord_fail(err, ORD_USAGE,
				"it answers in %.60s, and the kubeconfig asks for %s",
				version ? version : "no version", p->api_version);
	if (!json_is_object(status))
		return ord_fail(err, ORD_USAGE, "its answer has no status");
	if (take(status, "token", &p->token, err) ||
	    take(status, "clientCertificateData", &p->cert, err) ||
	    take(status, "clientKeyData", &p->key, err) || take_expiry(status, p, err))
		return -1;
	if (!p->cert.size != !p->key.size)
		return ord_fail(err, ORD_USAGE,
				"it answers a certificate or a key, which need each other");
	if (!p->token.size && !p->cert.size)
		return ord_fail(err, ORD_USAGE, "it answers neither a token nor a certificate");
	if (!header_fine(&p->token))
		return ord_fail(err, ORD_USAGE,
				"its token holds a character that no header may hold");
	return 0;
}

static void wipe_json(json_t *json)
{
	union {
		const char *in;
		char *out;
	} text;
	const char *key;
	json_t *value;

	json_object_foreach (json, key, value) {
		text.in = json_string_value(value);
		kube_wipe(text.out, json_string_length(value));
	}
}

int cfg_plugin_answer(struct cfg_plugin *p, const char *text, size_t size, struct ord_err *err)
{
	json_error_t where;
	json_t *root;
	int rc;

	p->have = false;
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	/* jansson's own message quotes the text, and that may be a token. */
	if (!root)
		return ord_fail(err, ORD_USAGE, "its answer is not JSON (line %d, column %d)",
				where.line, where.column);
	rc = take_status(p, root, err);
	wipe_json(json_object_get(root, "status"));
	json_decref(root);
	if (rc) {
		kube_secret_done(&p->token);
		kube_secret_done(&p->cert);
		kube_secret_done(&p->key);
		return -1;
	}
	p->have = true;
	return 0;
}
