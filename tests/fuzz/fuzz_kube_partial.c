/*
 * Any bytes as a list of metadata in protobuf: however they are cut into pieces, the same is found,
 * and it is JSON. The first byte says where to cut.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "kube/partial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_each(void *arg, json_t *item, struct ord_err *err)
{
	(void)err;
	/* The callee may keep it. */
	if (json_array_append(arg, item))
		abort();
	return 0;
}

static int on_meta(void *arg, const char *version, const char *token, struct ord_err *err)
{
	(void)err;
	(void)json_array_append_new(arg,
				    json_integer((json_int_t)(strlen(version) + strlen(token))));
	return 0;
}

/* In pieces of that many bytes. */
static int read_all(const char *text, size_t size, size_t piece, json_t *found)
{
	struct kube_partial s = {.max = 4096, .each = on_each, .meta = on_meta, .arg = found};
	struct ord_err err = {.code = ORD_OK};
	int rc = 0;

	for (size_t at = 0; at < size && !rc; at += piece)
		rc = kube_partial_feed(&s, text + at, size - at < piece ? size - at : piece, &err);
	if (!rc)
		rc = kube_partial_end(&s, &err);
	if (rc && err.code == ORD_OK)
		abort();
	kube_partial_reset(&s);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *whole = json_array(), *pieces = json_array();
	char *text;

	if (!whole || !pieces)
		abort();
	if (size) {
		const char *bytes = (const char *)data + 1;
		int rc = read_all(bytes, size - 1, size, whole);

		if (read_all(bytes, size - 1, data[0] % 16 + 1, pieces) != rc ||
		    !json_equal(whole, pieces))
			abort();
		text = json_dumps(whole, 0);
		if (!text)
			abort();
		free(text);
	}
	json_decref(whole);
	json_decref(pieces);
	return 0;
}
