/* Looks at a service that runs here, for `ordeal init`. */
#ifndef ORDEAL_CLI_LOOK_H
#define ORDEAL_CLI_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/target.h"

#define CLI_PEERS_MAX 16

struct cli_peer {
	char address[64]; /* as in a filter: "10.0.0.5" or "[2001:db8::1]" */
	uint16_t port;
};

struct cli_look {
	char host[256];
	uint16_t port;
	uint16_t status; /* of the answers */
	size_t n_asked, n_good;
	int64_t p50_ns, p95_ns;
	char why[160]; /* of an answer that was not good */
	struct cli_peer peers[CLI_PEERS_MAX];
	size_t n_peers;
};

/* Fills host and port. ORD_USAGE where it is no http or https URL. */
int cli_look_url(const char *url, struct cli_look *look, struct ord_err *err);
/* Whether the host is this machine. */
bool cli_look_is_local(const struct cli_look *look);
/* Asks the URL for about two seconds, and notes whom the processes talk to meanwhile. */
int cli_look(const char *url, const struct ord_place *place, struct cli_look *look,
	     struct ord_err *err);

#endif
