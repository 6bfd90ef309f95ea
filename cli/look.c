#include "cli/look.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/peers.h"
#include "ordeal/probe.h"

enum { ASK_TIMES = 30, EVERY_MS = 50, WATCH_MS = 1500 };

struct asking {
	struct cli_look *look;
	bool watching; /* for peers: the tables take long to read, and what is measured meanwhile
			  says nothing */
	int64_t latency[ASK_TIMES];
	size_t n;
};

int cli_look_url(const char *url, struct cli_look *look, struct ord_err *err)
{
	bool tls = !strncmp(url, "https://", 8);
	const char *host = url + (tls ? 8 : 7), *end;
	int64_t port = tls ? 443 : 80;
	char text[8];

	if (!tls && strncmp(url, "http://", 7))
		return ord_fail(err, ORD_USAGE,
				"--url: '%.80s' does not begin with http:// or https://", url);
	end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":/?#");
	if (!end || end == host || (size_t)(end - host) >= sizeof look->host)
		return ord_fail(err, ORD_USAGE, "--url: '%.80s' has no host", url);
	(void)snprintf(look->host, sizeof look->host, "%.*s", (int)(end - host - (*host == '[')),
		       host + (*host == '['));
	end += *end == ']';
	if (*end == ':') {
		(void)snprintf(text, sizeof text, "%.*s", (int)strcspn(end + 1, "/?#"), end + 1);
		if (ord_parse_int(text, 1, 65535, &port, err))
			return ord_wrap(err, "--url: port");
	}
	look->port = (uint16_t)port;
	return 0;
}

bool cli_look_is_local(const struct cli_look *look)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
	bool local = false;

	if (getaddrinfo(look->host, "0", &hints, &all))
		return false;
	/* Only an address of this machine can be bound. */
	for (const struct addrinfo *a = all; a && !local; a = a->ai_next) {
		ord_autoclose int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		local = fd >= 0 && !bind(fd, a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(all);
	return local;
}

static void on_sample(void *arg, const struct ord_sample *s)
{
	struct asking *a = arg;
	struct cli_look *look = a->look;

	/* What this machine was too busy to ask says nothing of the service. */
	if (a->watching || a->n == ASK_TIMES || !ord_sample_known(s))
		return;
	look->n_asked++;
	if (s->status)
		look->status = s->status;
	if (ord_sample_good(s))
		look->n_good++;
	else
		(void)snprintf(look->why, sizeof look->why, "%s", s->why);
	a->latency[a->n++] = (int64_t)(s->done - s->due);
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int ask(struct asking *a, const char *url, const struct ord_place *place, sd_event *loop,
	       struct ord_err *err)
{
	struct ord_probe_spec spec = {.name = "look",
				      .kind = ORD_PROBE_HTTP,
				      .every_ns = EVERY_MS * ORD_MS,
				      .timeout_ns = 2 * ORD_S};
	uint64_t end = ord_now_ns() + (a->watching ? WATCH_MS * ORD_MS : 10 * ORD_S);
	struct ord_probes *probes;
	int r = 0;

	spec.url = strdup(url);
	if (!spec.url)
		return ord_fail_nomem(err);
	if (ord_probes_open(&spec, 1, loop, NULL, on_sample, a, &probes, err)) {
		free(spec.url);
		return -1;
	}
	r = ord_probes_start(probes, ord_now_ns() + 10 * ORD_MS, err);
	while (!r && (a->watching || a->n < ASK_TIMES) && ord_now_ns() < end) {
		if (sd_event_run(loop, EVERY_MS * 1000) < 0)
			r = ord_fail(err, ORD_SYS, "the event loop");
		if (a->watching)
			cli_peers_add(place, a->look);
	}
	ord_probes_free(probes);
	free(spec.url);
	return r;
}

int cli_look(const char *url, const struct ord_place *place, struct cli_look *look,
	     struct ord_err *err)
{
	struct asking a = {.look = look};
	sd_event *loop = NULL;
	int r;

	if (sd_event_new(&loop) < 0)
		return ord_fail(err, ORD_SYS, "no event loop");
	r = ask(&a, url, place, loop, err);
	a.watching = true;
	if (!r)
		r = ask(&a, url, place, loop, err);
	(void)sd_event_unref(loop);
	if (r)
		return -1;
	if (!a.n)
		return ord_fail(err, ORD_SYS, "%s gave no answer within 10 s", url);
	qsort(a.latency, a.n, sizeof *a.latency, ascending);
	look->p50_ns = a.latency[a.n / 2];
	look->p95_ns = a.latency[a.n * 95 / 100];
	return 0;
}
