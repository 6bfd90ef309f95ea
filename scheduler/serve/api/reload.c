/*
 * What is read from files: at the start, and again when the daemon is told to. What is new is taken
 * over when all of it is good, and else what there was goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "scheduler/serve/api/api.h"
#include "scheduler/serve/api/hooks.h"

#define PEM_MAX (1u << 20)

/* --- reading ---------------------------------------------------------------------------------- */

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

static int read_settings(const struct ord_api_options *o, struct api_settings *s,
			 struct ord_err *err)
{
	if (o->config && api_settings_read(o->config, s, err))
		return -1;
	if (set(&s->listen, o->listen, err) || set(&s->token_file, o->token_file, err) ||
	    set(&s->tls_cert, o->tls_cert, err) || set(&s->tls_key, o->tls_key, err))
		return -1;
	if (!s->tls_cert != !s->tls_key)
		return ord_fail(err, ORD_USAGE, "--tls-cert and --tls-key go together");
	return 0;
}

static int read_tokens(const char *where, struct api_files *f, struct ord_err *err)
{
	if (!f->settings.token_file)
		return ord_fail(err, ORD_GUARD,
				"on %s anybody could speak to it, so it takes tokens: --token-file "
				"FILE, with lines 'ROLE TOKEN'",
				where);
	return api_tokens_read(f->settings.token_file, &f->tokens, err);
}

static int read_tls(struct api_files *f, struct ord_err *err)
{
	const struct api_settings *s = &f->settings;

	if (!s->tls_cert)
		return 0;
	return ord_file_read(s->tls_cert, PEM_MAX, &f->tls.cert, NULL, err) ||
			       ord_file_read(s->tls_key, PEM_MAX, &f->tls.key, NULL, err)
		       ? -1
		       : 0;
}

static int read_all(const struct ord_api *api, struct api_files *f, struct ord_err *err)
{
	const struct api_settings *s = &f->settings;
	const char *port = api->given[0] >= 0 ? "the socket of LISTEN_FDS" : NULL;

	if (read_settings(&api->options, &f->settings, err))
		return -1;
	if (!api->any_given)
		port = s->listen;
	if (port == s->listen && port && ord_address_parse(port, &f->address, err))
		return -1;
	if (port)
		return read_tokens(port, f, err) || read_tls(f, err) ? -1 : 0;
	if (!api->any_given && (s->tls_cert || s->token_file))
		return ord_fail(err, ORD_USAGE,
				"tokens and TLS are for a port, and there is no "
				"--listen ADDRESS:PORT");
	return 0;
}

int api_files_read(const struct ord_api *api, struct api_files **ret, struct ord_err *err)
{
	struct api_files *f = calloc(1, sizeof *f);

	if (!f)
		return ord_fail_nomem(err);
	if (read_all(api, f, err)) {
		api_files_free(f);
		return -1;
	}
	*ret = f;
	return 0;
}

void api_files_free(struct api_files *f)
{
	if (!f)
		return;
	if (f->tls.key)
		explicit_bzero(f->tls.key, strlen(f->tls.key));
	free(f->tls.key);
	free(f->tls.cert);
	api_tokens_done(&f->tokens);
	api_settings_done(&f->settings);
	free(f);
}

/* --- taking over ------------------------------------------------------------------------------ */

/* Who is connected is now who these files say. */
static void look_again(struct ord_api *api, const struct api_files *f)
{
	for (struct api_conn *c = api->conns; c; c = c->next)
		if (c->link->is_unix)
			api_peer(c->fd, &f->settings, &c->peer);
	api_watchers_check(api, f);
}

static void take_over(struct ord_api *api, struct api_files *f, struct api_hooks *hooks,
		      struct api_link *port)
{
	look_again(api, f);
	if (api->port && api->port != port)
		api_link_leave(api->port);
	api->port = port;
	if (api->local && *api->local->path)
		(void)chmod(api->local->path, api_socket_mode(&f->settings));
	api_hooks_begin(hooks, api->hooks);
	api->hooks = hooks;
	api_files_free(api->files);
	api->files = f;
	api->n_read++;
	api->read_ns = (int64_t)ord_wall_ns();
	api_links_reap(api);
}

static int reload(struct ord_api *api, struct ord_err *err)
{
	struct api_files *f = NULL;
	struct api_hooks *hooks = NULL;
	struct api_link *port;

	if (api_files_read(api, &f, err))
		return -1;
	if (api_hooks_open(api, &f->settings, &hooks, err) || api_port_open(api, f, &port, err)) {
		api_hooks_close(hooks);
		api_files_free(f);
		return -1;
	}
	take_over(api, f, hooks, port);
	return 0;
}

int ord_api_reload(struct ord_api *api, struct ord_err *err)
{
	if (!reload(api, err)) {
		api->complaint[0] = '\0';
		return 0;
	}
	(void)snprintf(api->complaint, sizeof api->complaint, "%s", err->msg);
	api->metrics.reloads_refused++;
	api_log(api, "%s; settings, tokens and certificate stay as they were", err->msg);
	return -1;
}
