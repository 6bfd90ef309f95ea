/* One POST: what the module ordeal-post.so does. */
#ifndef ORDEAL_DELIVER_POST_H
#define ORDEAL_DELIVER_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define POST_SYMBOL	"ord_post"
#define POST_ANSWER_MAX 65536

struct post_request {
	const char *url;
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	const char *body;
	size_t size;
	uint64_t timeout_ns;
	const char
		*ca_file; /* certificates to trust instead of the machine's; NULL: the machine's */
	bool direct;	  /* through no proxy, whatever the environment says */
};

struct post_answer {
	long status;	      /* 0: no answer came */
	char retry_after[64]; /* the header's value, "" where there is none */
	char body[POST_ANSWER_MAX];
	char error[256]; /* no answer: why */
	bool final;	 /* and it will be no other the next time: a certificate, say */
};

/* -1: the request could not even be made. */
typedef int post_fn(const struct post_request *request, struct post_answer *ret);

/* Opens the module at first use. */
int post_module(post_fn **ret, struct ord_err *err);

#endif
