/* What is listened on: sockets that systemd opened, else a unix socket, and a port where asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/listen.h"
#include "scheduler/serve/api/api.h"

#define BACKLOG 128

static struct api_link *add(struct ord_api *api)
{
	return &api->links[api->n_links++];
}

static int need_tokens(struct ord_api *api, const char *where, struct ord_err *err)
{
	if (!api->settings.token_file)
		return ord_fail(err, ORD_GUARD,
				"on %s anybody could speak to it, so it takes tokens: --token-file "
				"FILE, with lines 'ROLE TOKEN'",
				where);
	return api_tokens_read(api->settings.token_file, &api->tokens, err);
}

static int open_port(struct ord_api *api, struct ord_err *err)
{
	const char *where = api->settings.listen;
	struct ord_address address;
	int fd;

	if (ord_address_parse(where, &address, err) || need_tokens(api, where, err))
		return -1;
	if (!address.loopback && !api->settings.tls_cert)
		api_log(api,
			"on %s tokens go over the network in the clear; --tls-cert and "
			"--tls-key would keep them",
			where);
	if (ord_listen_port(&address, BACKLOG, &fd, err))
		return ord_wrap(err, "--listen %s", where);
	return api_link_open(api, fd, false, add(api), err);
}

static int default_path(char *ret, size_t size, struct ord_err *err)
{
	char dir[sizeof((struct sockaddr_un *)0)->sun_path];

	if (ord_runtime_dir(dir, sizeof dir, err) || ord_mkdirs(dir, 0755, err))
		return -1;
	if ((size_t)snprintf(ret, size, "%s/serve.sock", dir) >= size)
		return ord_fail(err, ORD_USAGE, "%s: a path that is too long for a socket", dir);
	return 0;
}

/* Where groups may come, everybody may knock: the kernel says who does. */
static int open_unix(struct ord_api *api, const char *path, struct ord_err *err)
{
	struct api_link *link;
	char known[sizeof link->path];
	int fd;

	if (!path && default_path(known, sizeof known, err))
		return -1;
	path = path ? path : known;
	if (ord_listen_unix(path, api->settings.n_groups ? 0666 : 0600, BACKLOG, &fd, err))
		return -1;
	link = add(api);
	(void)snprintf(link->path, sizeof link->path, "%s", path);
	return api_link_open(api, fd, true, link, err);
}

/* sd_listen_fds(3). One of each kind at most. */
static int take_given(struct ord_api *api, int n, struct ord_err *err)
{
	bool taken[2] = {false, false};

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		bool is_unix = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;

		if (!is_unix && sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
			return ord_fail(err, ORD_USAGE,
					"descriptor %d of LISTEN_FDS is no socket that listens",
					fd);
		if (taken[is_unix])
			return ord_fail(err, ORD_USAGE, "LISTEN_FDS has two %s sockets",
					is_unix ? "unix" : "TCP");
		taken[is_unix] = true;
		if (!is_unix && need_tokens(api, "the socket of LISTEN_FDS", err))
			return -1;
		if (api_link_open(api, fd, is_unix, add(api), err))
			return -1;
	}
	return 0;
}

int api_sockets_open(struct ord_api *api, const struct ord_api_options *o, struct ord_err *err)
{
	int given = sd_listen_fds(1);

	if (given > 0)
		return take_given(api, given, err);
	if (!api->settings.listen && (api->settings.tls_cert || api->settings.token_file))
		return ord_fail(err, ORD_USAGE,
				"tokens and TLS are for a port, and there is no "
				"--listen ADDRESS:PORT");
	if (open_unix(api, o->socket, err))
		return -1;
	return api->settings.listen ? open_port(api, err) : 0;
}
