/* Any bytes as the head of an answer: a byte more never makes an odd one plain, nor another of a
 * plain one. */
#include <stdlib.h>
#include <string.h>

#include "scheduler/probe/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool visit(void *arg, const char *value, size_t n)
{
	size_t *left = arg;

	if (n > *left || memchr(value, '\n', n))
		abort();
	return --*left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum prb_answer_kind before = PRB_ANSWER_MORE;
	struct prb_answer first = {0};
	size_t from = size > 512 ? size - 512 : 0, left = size;

	for (size_t n = from; n <= size; n++) {
		/* Of its own size, so that a byte read beyond is noticed. */
		char *part = malloc(n + 1);
		struct prb_answer a = {0};
		enum prb_answer_kind kind;

		if (!part)
			abort();
		if (n)
			memcpy(part, data, n);
		part = realloc(part, n ? n : 1);
		if (!part)
			abort();
		kind = prb_answer_read(part, n, &a);
		if (n > from && before != PRB_ANSWER_MORE && kind != before)
			abort();
		if (kind == PRB_ANSWER_PLAIN) {
			if (a.head > n || a.status < 200 ||
			    (before == kind && memcmp(&a, &first, sizeof a) != 0))
				abort();
			first = a;
			(void)prb_answer_headers(part, a.head, "content-length", visit, &left);
		}
		before = kind;
		free(part);
	}
	return 0;
}
