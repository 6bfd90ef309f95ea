/*
 * Listeners: libmicrohttpd on the daemon's loop. Its epoll is a source of ours, and it never has a
 * thread. One that another takes the place of accepts nobody any more, and goes when those who are
 * connected have left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/serve/api/api.h"

#define HEAD_BYTES  16384 /* of a connection's memory: request line, headers, what is sent */
#define LEAVING_MAX 4 /* listeners whose place was taken; beyond, they end with their last ones */

void api_link_run(struct api_link *link)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(link->daemon);
	if (MHD_get_timeout(link->daemon, &ms) != MHD_YES) {
		(void)sd_event_source_set_enabled(link->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(link->timer, ord_now_ns() / ORD_US + ms * 1000);
	(void)sd_event_source_set_enabled(link->timer, SD_EVENT_ONESHOT);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	api_link_run(arg);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	api_link_run(arg);
	return 0;
}

static struct MHD_Daemon *start(struct api_link *link, int fd, const struct api_tls *tls)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (link->tls ? MHD_USE_TLS : 0u);
	struct MHD_OptionItem items[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, tls->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key},
		{MHD_OPTION_END, 0, NULL},
	};

	if (!link->tls)
		items[0].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, api_on_request, link,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
				api_on_target, link, MHD_OPTION_NOTIFY_COMPLETED, api_on_end, NULL,
				MHD_OPTION_NOTIFY_CONNECTION, api_on_connection, link,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)API_CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES,
				MHD_OPTION_CONNECTION_TIMEOUT, api_patience.idle_s,
				MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

static int get_on_loop(struct api_link *link, struct ord_err *err)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(link->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	sd_event *loop = link->api->loop;

	if (!info ||
	    sd_event_add_io(loop, &link->io, info->epoll_fd, EPOLLIN, on_ready, link) < 0 ||
	    sd_event_add_time(loop, &link->timer, CLOCK_MONOTONIC, 0, 1, on_timer, link) < 0 ||
	    sd_event_source_set_enabled(link->timer, SD_EVENT_OFF) < 0)
		return ord_fail(err, ORD_SYS, "the API does not get onto the event loop");
	return 0;
}

int api_link_open(struct ord_api *api, int fd, const struct api_tls *tls, struct api_link **ret,
		  struct ord_err *err)
{
	struct api_link *link = calloc(1, sizeof *link);

	if (!link) {
		ord_close(&fd);
		return ord_fail_nomem(err);
	}
	link->api = api;
	link->is_unix = !tls;
	link->tls = tls && tls->cert;
	link->fd = fd;
	link->at = &api->links;
	link->next = api->links;
	if (link->next)
		link->next->at = &link->next;
	api->links = link;
	link->daemon = start(link, fd, tls ? tls : &(struct api_tls){0});
	if (!link->daemon) {
		ord_close(&link->fd);
		(void)ord_fail(err, link->tls ? ORD_USAGE : ORD_SYS, "%s",
			       link->tls ? "TLS does not start with that certificate and key"
					 : "libmicrohttpd does not start");
	}
	if (!link->daemon || get_on_loop(link, err)) {
		api_link_free(link);
		return -1;
	}
	*ret = link;
	return 0;
}

void api_link_free(struct api_link *link)
{
	if (!link)
		return;
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	(void)sd_event_source_disable_unref(link->io);
	(void)sd_event_source_disable_unref(link->timer);
	if (link->daemon)
		MHD_stop_daemon(link->daemon);
	if (*link->path)
		(void)unlink(link->path);
	free(link);
}

static bool is_empty(const struct api_link *link)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(link->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return !info || !info->num_connections;
}

void api_links_reap(struct ord_api *api)
{
	size_t n_leaving = 0;

	/* The newest stand first. */
	for (struct api_link *link = api->links, *next; link; link = next) {
		next = link->next;
		if (!link->leaving)
			continue;
		if (is_empty(link)) {
			api_link_free(link);
		} else if (++n_leaving > LEAVING_MAX && !link->n_waits) {
			api_watchers_end(api, link);
			api_link_run(link);
			api_link_free(link);
		}
	}
}

void api_link_leave(struct api_link *link)
{
	int fd = MHD_quiesce_daemon(link->daemon);

	link->leaving = true;
	link->fd = -1;
	ord_close(&fd);
}
