/* What is asked of the history, beside the loop. */
#ifndef ORDEAL_SERVE_API_PAST_H
#define ORDEAL_SERVE_API_PAST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ordeal/history.h"
#include "scheduler/serve/api/api.h"
#include "scheduler/serve/api/aside.h"
#include "scheduler/serve/api/handlers.h"

/* Texts of the filter are the request's, which waits for as long as this lasts. */
struct api_question {
	struct api_work work; /* the first: what is at work is this */
	struct api_request *q;
	struct ord_history of;
	struct ord_history_filter filter;
	json_t *names, *labels; /* owned */
	void (*then)(struct api_question *k);
	json_t *json; /* owned: what was found */
	char *body;   /* owned: its text */
	size_t size;
	bool failed;
	struct ord_err err; /* why */
};

/* NULL: the answer says why. */
struct api_question *api_question_new(struct api_request *q, struct api_answer *a);
/* The request waits from now on; then() is called in the loop, unless work() failed. */
void api_question_ask(struct api_question *k, void (*work)(struct api_work *w),
		      void (*then)(struct api_question *k));
/* Frees it, and the request goes on with the answer that it has; without one, it failed. */
void api_question_end(struct api_question *k);

#endif
