/* What the daemon's API parses itself of what strangers send: the first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/serve/api/hook_queue.h"
#include "scheduler/serve/api/ring.h"
#include "scheduler/serve/api/target.h"
#include "scheduler/serve/api/who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char token[] = "viewer aaaaaaaaaaaaaaaaaaaaaaaa\n";

/* What was decoded lies within the text, and holds nothing that ends a line. */
static void within(const struct api_target *t, const char *part)
{
	if (part < t->text || part + strlen(part) >= t->text + sizeof t->text ||
	    strpbrk(part, "\r\n"))
		abort();
}

static void target(const char *text)
{
	struct api_target t;
	const char *why = NULL;

	if (!api_target_parse(text, &t, &why)) {
		if (!why)
			abort();
		return;
	}
	for (size_t i = 0; i < t.n_segments; i++) {
		within(&t, t.segments[i]);
		if (!*t.segments[i] || strchr(t.segments[i], '/'))
			abort();
	}
	for (size_t i = 0; i < t.n_args; i++) {
		within(&t, t.args[i].name);
		within(&t, t.args[i].value);
	}
	(void)api_target_unknown(&t, "from|to|max");
}

static void tokens(const char *text, size_t size)
{
	struct api_tokens t;
	struct ord_err err;

	if (api_tokens_parse(text, size, &t, &err) == 0) {
		for (size_t i = 0; i < t.n; i++)
			if (api_token_find(&t, t.v[i].text) != &t.v[i])
				abort();
	} else if (t.n) {
		abort();
	}
	api_tokens_done(&t);
}

static void headers(const char *text)
{
	static const char *const name = "ordeal.example";
	char mine[16];
	char *names[] = {mine};
	struct api_tokens t;
	struct ord_err err;
	struct api_ring *r = api_ring_new(1);
	uint64_t next = 0;
	int64_t until = 0;

	memcpy(mine, name, sizeof "ordeal.example");
	(void)api_host_good(text, names, 1);
	(void)api_origin_good(text, "127.0.0.1:1", false);
	if (api_tokens_parse(token, sizeof token - 1, &t, &err) == 0 &&
	    api_cookie_find(&t, text, 1700000000, &until))
		abort(); /* nobody guesses a signature */
	if (r && api_ring_put(r, "halt", "{}", NULL) && api_ring_after(r, text, &next) &&
	    (next < 1 || next > 2))
		abort();
	api_ring_free(r);
}

/* What was left of a queue of webhooks: its counts are those of what is in it. */
static void queue(const char *text, size_t size)
{
	struct hook_queue q = {.dir = -1, .fd = -1};
	size_t bytes = 0;

	hook_queue_replay(&q, text, size);
	for (size_t i = 0; i < q.n; i++)
		bytes += strlen(q.bodies[(q.first + i) % HOOK_QUEUE_MAX]);
	if (q.n > HOOK_QUEUE_MAX || bytes != q.bytes)
		abort();
	while (hook_queue_first(&q))
		hook_queue_drop(&q);
	if (q.bytes)
		abort();
	hook_queue_close(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ord_autofree char *text = size ? malloc(size) : NULL;

	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (*data % 4 == 0)
		target(text);
	else if (*data % 4 == 1)
		tokens(text, size - 1);
	else if (*data % 4 == 2)
		headers(text);
	else
		queue(text, size - 1);
	return 0;
}
