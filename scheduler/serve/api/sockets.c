/* What is listened on: sockets that systemd opened, else a unix socket, and a port where asked for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/serve/api/api.h"

#define BACKLOG 128

mode_t api_socket_mode(const struct api_settings *settings)
{
	return settings->n_groups ? 0666 : 0600;
}

/* --- the port --------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_tls(const struct api_tls *a, const struct api_tls *b)
{
	return same_text(a->cert, b->cert) && same_text(a->key, b->key);
}

static int bind_port(struct ord_api *api, const struct api_files *files, int *ret,
		     struct ord_err *err)
{
	const char *where = files->settings.listen;

	if (!files->address.loopback && !files->tls.cert)
		api_log(api,
			"on %s tokens go over the network in the clear; --tls-cert and "
			"--tls-key would keep them",
			where);
	return ord_listen_port(&files->address, BACKLOG, ret, err)
		       ? ord_wrap(err, "--listen %s", where)
		       : 0;
}

/* The same socket once more: who connects meanwhile waits for the next to accept him. */
static int again(int fd, int *ret, struct ord_err *err)
{
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *ret < 0 ? ord_fail_sys(err, "the port's socket") : 0;
}

int api_port_open(struct ord_api *api, const struct api_files *files, struct api_link **ret,
		  struct ord_err *err)
{
	const struct api_files *now = api->files;
	bool stays = api->port &&
		     (api->any_given || same_text(files->settings.listen, now->settings.listen));
	int fd;

	if (stays && same_tls(&files->tls, &now->tls)) {
		*ret = api->port;
		return 0;
	}
	if (!stays && !files->settings.listen) {
		*ret = NULL;
		return 0;
	}
	if (stays ? again(api->port->fd, &fd, err) : bind_port(api, files, &fd, err))
		return -1;
	return api_link_open(api, fd, &files->tls, ret, err);
}

/* --- at the start ----------------------------------------------------------------------------- */

static int default_path(char *ret, size_t size, struct ord_err *err)
{
	char dir[sizeof((struct sockaddr_un *)0)->sun_path];

	if (ord_runtime_dir(dir, sizeof dir, err) || ord_mkdirs(dir, 0755, err))
		return -1;
	if ((size_t)snprintf(ret, size, "%s/serve.sock", dir) >= size)
		return ord_fail(err, ORD_USAGE, "%s: a path that is too long for a socket", dir);
	return 0;
}

static int open_unix(struct ord_api *api, const char *path, struct ord_err *err)
{
	char known[sizeof api->local->path];
	int fd;

	if (!path && default_path(known, sizeof known, err))
		return -1;
	path = path ? path : known;
	if (ord_listen_unix(path, api_socket_mode(&api->files->settings), BACKLOG, &fd, err))
		return -1;
	if (api_link_open(api, fd, NULL, &api->local, err)) {
		(void)unlink(path);
		return -1;
	}
	(void)snprintf(api->local->path, sizeof api->local->path, "%s", path);
	return 0;
}

/* sd_listen_fds(3). One of each kind at most. */
int api_sockets_given(struct ord_api *api, struct ord_err *err)
{
	int n = sd_listen_fds(1);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		bool is_unix = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;

		if (!is_unix && sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
			return ord_fail(err, ORD_USAGE,
					"descriptor %d of LISTEN_FDS is no socket that listens",
					fd);
		if (api->given[is_unix] >= 0)
			return ord_fail(err, ORD_USAGE, "LISTEN_FDS has two %s sockets",
					is_unix ? "unix" : "TCP");
		api->given[is_unix] = fd;
		api->any_given = true;
	}
	return 0;
}

int api_sockets_open(struct ord_api *api, struct ord_err *err)
{
	if (!api->any_given)
		return open_unix(api, api->options.socket, err) ||
				       (api->files->settings.listen &&
					api_port_open(api, api->files, &api->port, err))
			       ? -1
			       : 0;
	if (api->given[1] >= 0 && api_link_open(api, api->given[1], NULL, &api->local, err))
		return -1;
	return api->given[0] >= 0
		       ? api_link_open(api, api->given[0], &api->files->tls, &api->port, err)
		       : 0;
}
