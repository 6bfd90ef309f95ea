/* Game days in the API: what their sessions show, and what is kept from those who do not know. */
#ifndef ORDEAL_SERVE_API_GAMEDAYS_H
#define ORDEAL_SERVE_API_GAMEDAYS_H

#include "scheduler/serve/api/api.h"
#include "scheduler/serve/api/handlers.h"

int api_gamedays_open(struct ord_api *api, const struct ord_api_options *o, struct ord_err *err);

/* What happens to the daemon: without its Lease no step of a game day goes on. */
void api_gamedays_event(struct ord_api *api, const char *type);

/* Who may do that to a session; nobody where it is no verb. */
enum api_role api_gameday_role(const char *verb);
/* Begins a session of that SCHEDULE, which is a GameDay's. */
void api_gameday_run(struct api_request *q, struct api_answer *a, const json_t *schedule,
		     unsigned status);

/* A RUN of the history: whether it is that of a hidden step which is not revealed. */
bool api_run_is_hidden(const struct ord_api *api, const json_t *run);
/* Takes those out of the list, unless an operator asks. */
void api_runs_veil(const struct api_request *q, json_t *runs);

#endif
