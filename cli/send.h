/* --send: reports of a run that is over, sent to who looks at them. */
#ifndef ORDEAL_CLI_SEND_H
#define ORDEAL_CLI_SEND_H

#include "cli/command.h"
#include "ordeal/deliver.h"

#define CLI_SEND_OPTIONS                                                                          \
	{"send", 0, "KIND=URL",                                                                   \
	 "send the run to otlp=URL, grafana=URL or cloudevents=URL; may be given several times"}, \
		{"token-file", 0, "FILE",                                                         \
		 "FILE, or KIND=FILE, that holds the bearer token for it"},                       \
	{                                                                                         \
		"send-within", 0, "DURATION", "how long sending may take, retries included; 30s"  \
	}

#define CLI_SENDS_MAX 8

struct cli_send {
	enum ord_sink sink;
	char url[ORD_URL_MAX];
	char *token; /* owned; NULL: none */
};

struct cli_sends {
	struct cli_send v[CLI_SENDS_MAX];
	size_t n;
	int64_t within;
};

/* Reads the options, and the tokens' files: a mistake must not cost the time of a run. */
int cli_sends_read(const struct cli_args *args, struct cli_sends *ret, struct ord_err *err);
void cli_sends_done(struct cli_sends *s);
/* Sends what is to be sent of the run in the folder; says on standard error how that went. Returns
 * how many could not be delivered. */
size_t cli_sends_do(const struct cli_sends *s, const char *dir, bool quiet);

#endif
