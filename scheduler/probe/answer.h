/*
 * The head of an HTTP/1.1 answer, of the plain kind only: a final status with a body of known
 * length. Whatever else there may be (chunks, interim answers, HTTP/1.0, folded lines, a byte out
 * of place) is odd, and libcurl is asked about it (docs/adr/0030).
 */
#ifndef ORDEAL_PROBE_ANSWER_H
#define ORDEAL_PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum prb_answer_kind {
	PRB_ANSWER_MORE, /* so far so good; the head is not complete */
	PRB_ANSWER_PLAIN,
	PRB_ANSWER_ODD,
};

struct prb_answer {
	uint16_t status;
	bool last; /* the server closes the connection */
	size_t head;
	uint64_t length; /* of the body */
};

/* ret is set for a plain one only. */
enum prb_answer_kind prb_answer_read(const char *data, size_t n, struct prb_answer *ret);
/* Calls visit for each header of a plain answer's head with that name. False: visit said so. */
bool prb_answer_headers(const char *data, size_t head, const char *name,
			bool (*visit)(void *arg, const char *value, size_t n), void *arg);

#endif
