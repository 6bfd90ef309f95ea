/* A daemon of paper behind the API, whose events come when a test wants them and as fast as it
 * likes. */
#ifndef ORDEAL_TESTS_API_STAND_IN_H
#define ORDEAL_TESTS_API_STAND_IN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ordeal/serve.h"

struct ord_serve {
	void (*event)(void *arg, const char *type, const json_t *data);
	void *arg;
	bool halted, paused, running;
	char who[80]; /* of the last order */
	const char *state;
	struct sd_event *loop;
	ord_serve_said *said; /* of who waits for a run to answer; NULL: nobody */
	void *said_arg;
};

void stand_in_tell(struct ord_serve *s, const char *type, json_t *data); /* takes data */

#endif
