/* The daemon's Lease (ordeal/tenure.h); where it has none, it is always ready. */
#ifndef ORDEAL_SERVE_TENURE_H
#define ORDEAL_SERVE_TENURE_H

#include "scheduler/serve/serve.h"

/* When all else is open. */
int tenure_open(struct ord_serve *s, struct ord_err *err);
/* ended: nothing runs any more, so that another may have it at once. */
void tenure_close(struct ord_serve *s, bool ended);
/* Whether runs may begin: the Lease is ours at this instant, and nothing is left of others. */
bool tenure_is_ready(const struct ord_serve *s);
#define TENURE_TEXT 512
/* Why not. Returns out. */
const char *tenure_refusal(const struct ord_serve *s, char out[static TENURE_TEXT]);
json_t *tenure_json(const struct ord_serve *s); /* null where it has none */

#endif
