#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/serve.h"
#include "scheduler/serve/api/api.h"
#include "scheduler/serve/api/hooks.h"

/* An option takes the place of what the file says. */
static int set(char **text, const char *option, struct ord_err *err)
{
	char *copy;

	if (!option)
		return 0;
	copy = strdup(option);
	if (!copy)
		return ord_fail_nomem(err);
	free(*text);
	*text = copy;
	return 0;
}

static int read_settings(struct ord_api *api, const struct ord_api_options *o, struct ord_err *err)
{
	struct api_settings *s = &api->settings;

	if (o->config && api_settings_read(o->config, s, err))
		return -1;
	if (set(&s->listen, o->listen, err) || set(&s->token_file, o->token_file, err) ||
	    set(&s->tls_cert, o->tls_cert, err) || set(&s->tls_key, o->tls_key, err) ||
	    set(&api->history, o->history, err) || set(&api->runs, o->runs, err))
		return -1;
	if (!s->tls_cert != !s->tls_key)
		return ord_fail(err, ORD_USAGE, "--tls-cert and --tls-key go together");
	return 0;
}

static void on_event(void *arg, const char *type, const json_t *data)
{
	api_event(arg, type, data);
}

static int open_all(struct ord_api *api, const struct ord_api_options *o, struct ord_err *err)
{
	if (read_settings(api, o, err) || api_events_open(api, err) || api_server_open(api, err) ||
	    api_hooks_open(api, &api->hooks, err))
		return -1;
	return api_sockets_open(api, o, err);
}

int ord_api_open(struct sd_event *loop, struct ord_serve *serve,
		 const struct ord_api_options *options, struct ord_api **ret, struct ord_err *err)
{
	struct ord_api *api = calloc(1, sizeof *api);

	if (!api)
		return ord_fail_nomem(err);
	api->loop = loop;
	api->log = options->log;
	api->log_arg = options->arg;
	if (open_all(api, options, err)) {
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
	if (api->serve)
		ord_serve_listen(api->serve, NULL, NULL);
	api_events_close(api);
	api_server_close(api);
	api_hooks_close(api->hooks);
	api_ring_free(api->ring);
	api_tokens_done(&api->tokens);
	api_settings_done(&api->settings);
	free(api->history);
	free(api->runs);
	free(api);
}
