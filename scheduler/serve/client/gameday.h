/* `ordeal ctl gameday VERB [SESSION [WHAT]]`. */
#ifndef ORDEAL_SERVE_CLIENT_GAMEDAY_H
#define ORDEAL_SERVE_CLIENT_GAMEDAY_H

#include <jansson.h>

#include "ordeal/ctl.h"

int ctl_gameday(const struct ord_ctl_order *o, struct ord_err *err);
/* An event `gameday` of the daemon's, in a line. */
void ctl_gameday_event(const json_t *data, FILE *out);

#endif
