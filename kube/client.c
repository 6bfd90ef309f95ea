/* A client's beginning and end. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "kube/client.h"

#define GRACE_NS (20 * ORD_MS)

/* By its own word: "127.example.org" is a name like any other. */
static bool is_loopback(const char *host)
{
	struct in_addr v4;

	return !strcasecmp(host, "localhost") || !strcmp(host, "[::1]") ||
	       (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

/* Scheme, host and port of the server's URL, for what depends on them. */
static int read_server(struct kube *k, const char *server, struct ord_err *err)
{
	const char *at, *end, *port;

	if (!strncasecmp(server, "https://", 8))
		k->https = true;
	else if (strncasecmp(server, "http://", 7) != 0)
		return ord_fail(err, ORD_USAGE, "the API server's URL must begin with https://");
	at = server + (k->https ? 8 : 7);
	end = at + strcspn(at, "/");
	if (memchr(at, '@', (size_t)(end - at)))
		return ord_fail(err, ORD_USAGE, "the API server's URL must not hold a user");
	if ((size_t)snprintf(k->server, sizeof k->server, "%s", server) >= sizeof k->server ||
	    (size_t)(end - at) >= sizeof k->host)
		return ord_fail(err, ORD_USAGE, "the API server's URL is too long");
	(void)snprintf(k->host_port, sizeof k->host_port, "%.*s", (int)(end - at), at);
	port = *at == '[' ? strchr(k->host_port, ']') : k->host_port;
	port = port ? strchr(port, ':') : NULL;
	(void)snprintf(k->port, sizeof k->port, "%s", port ? port + 1 : k->https ? "443" : "80");
	(void)snprintf(k->host, sizeof k->host, "%.*s",
		       port ? (int)(port - k->host_port) : (int)strlen(k->host_port), k->host_port);
	k->loopback = is_loopback(k->host);
	return 0;
}

static int open_descriptors(struct kube *k, struct ord_err *err)
{
	struct epoll_event ev = {.events = EPOLLIN};

	k->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (k->epfd < 0)
		return ord_fail_sys(err, "epoll");
	k->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (k->timerfd < 0)
		return ord_fail_sys(err, "timerfd");
	ev.data.fd = k->timerfd;
	if (epoll_ctl(k->epfd, EPOLL_CTL_ADD, k->timerfd, &ev))
		return ord_fail_sys(err, "epoll");
	return 0;
}

int kube_open(struct kube_config *config, struct kube **ret, struct ord_err *err)
{
	struct kube *k = calloc(1, sizeof *k);

	if (!k)
		return ord_fail_nomem(err);
	k->config = config;
	k->epfd = k->timerfd = -1;
	k->grace_ns = GRACE_NS;
	kube_ring_init(&k->timers);
	kube_ring_init(&k->queue);
	kube_ring_init(&k->wired);
	kube_ring_init(&k->calls);
	kube_ring_init(&k->watches);
	kube_ring_init(&k->grave);
	ord_rng_init(&k->rng, ord_now_ns() ^ ((uint64_t)getpid() << 32));
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(k);
		return ord_fail(err, ORD_SYS, "libcurl does not start");
	}
	if (!kube_alive_init(k)) {
		kube_close(k);
		return ord_fail_nomem(err);
	}
	if (read_server(k, kube_config_server(config), err) || open_descriptors(k, err) ||
	    kube_multi_open(k, err)) {
		kube_close(k);
		return -1;
	}
	*ret = k;
	return 0;
}

void kube_close(struct kube *k)
{
	if (!k)
		return;
	kube_watches_drop(k);
	kube_calls_drop(k);
	kube_io_stop(&k->alive_io);
	kube_io_done(&k->alive_io);
	kube_bury(k);
	kube_io_spare_drop(k);
	if (k->multi)
		(void)curl_multi_cleanup(k->multi);
	ord_close(&k->timerfd);
	ord_close(&k->epfd);
	free(k->kinds);
	free(k);
	curl_global_cleanup();
}

void kube_stop(struct kube *k)
{
	atomic_store(&k->stopped, true);
}

int kube_fd(const struct kube *k)
{
	return k->epfd;
}

void kube_set_beat(struct kube *k, void (*beat)(void))
{
	k->beat = beat;
}

size_t kube_in_flight(const struct kube *k)
{
	return k->n_calls;
}
