/* Whom processes talk to over TCP: the candidates for a dependency. */
#ifndef ORDEAL_CLI_PEERS_H
#define ORDEAL_CLI_PEERS_H

#include "cli/look.h"

/* Adds the peers that were connected to at this instant, each once. What cannot be seen is left
 * out. */
void cli_peers_add(const struct ord_place *place, struct cli_look *look);

#endif
