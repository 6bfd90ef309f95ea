/* The daemon's module, for the commands that need it. */
#ifndef ORDEAL_CLI_SERVE_H
#define ORDEAL_CLI_SERVE_H

#include "ordeal/serve.h"

int cli_serve_module(const struct ord_serve_calls **ret, struct ord_err *err);

#endif
