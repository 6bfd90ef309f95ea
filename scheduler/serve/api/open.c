#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/serve.h"
#include "ordeal/days.h"
#include "scheduler/serve/api/api.h"
#include "scheduler/serve/api/aside.h"
#include "scheduler/serve/api/gamedays.h"
#include "scheduler/serve/api/hooks.h"

static void on_event(void *arg, const char *type, const json_t *data)
{
	api_event(arg, type, data);
	api_gamedays_event(arg, type);
}

static int open_all(struct ord_api *api, struct ord_err *err)
{
	/* Sockets that were given need tokens too: what there is comes before what is read. */
	if (api_sockets_given(api, err) || api_files_read(api, &api->files, err) ||
	    api_events_open(api, err) || api_server_open(api, err) ||
	    api_hooks_open(api, &api->files->settings, &api->hooks, err) ||
	    api_aside_open(api->loop, &api->aside, err) ||
	    api_gamedays_open(api, &api->options, err) || api_sockets_open(api, err))
		return -1;
	api_hooks_begin(api->hooks, NULL);
	api->read_ns = (int64_t)ord_wall_ns();
	return 0;
}

int ord_api_open(struct sd_event *loop, struct ord_serve *serve,
		 const struct ord_api_options *options, struct ord_api **ret, struct ord_err *err)
{
	struct ord_api *api = calloc(1, sizeof *api);

	if (!api)
		return ord_fail_nomem(err);
	api->loop = loop;
	api->options = *options;
	api->state = ord_serve_state(serve);
	api->given[0] = api->given[1] = -1;
	if (open_all(api, err)) {
		ord_api_close(api);
		return -1;
	}
	api->serve = serve;
	ord_serve_listen(serve, on_event, api);
	*ret = api;
	return 0;
}

void ord_api_close(struct ord_api *api)
{
	if (!api)
		return;
	api->closing = true;
	/* Who waits for an answer gets it while there is still somebody to give it. */
	if (api->serve) {
		ord_serve_hush(api->serve);
		ord_serve_listen(api->serve, NULL, NULL);
	}
	api_aside_close(api->aside);
	/* Nobody may be suspended when the server ends, and requests that are under way ask for
	 * days until it has. */
	ord_days_hush(api->days);
	api_events_close(api);
	api_server_close(api);
	ord_days_close(api->days);
	api_hooks_close(api->hooks);
	api_ring_free(api->ring);
	api_files_free(api->files);
	free(api);
}
