/*
 * api_tool [--socket PATH] [--listen ADDRESS:PORT] [--tokens FILE] [--cert FILE --key FILE]
 * [--config FILE] [--state DIR] [--strips N] [--patience MS] : the API of a daemon of paper, until
 * SIGTERM; prints "ready". SIGHUP reloads. --strips: N strips a second. --patience: nobody is
 * waited for any longer. api_tool --routes: what it serves, a line each: method, path, role,
 * arguments, keys of the body.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/api.h"
#include "scheduler/serve/api/api.h"
#include "stand_in.h"

#define LATE_MAX 100000

struct tool {
	struct ord_serve serve;
	struct ord_api *api;
	uint64_t every_us, n;
	uint64_t late_ns[LATE_MAX]; /* of each strip */
};

static void tell(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

static int on_strip(sd_event_source *source, uint64_t usec, void *arg)
{
	struct tool *t = arg;

	if (t->n < LATE_MAX)
		t->late_ns[t->n] = ord_now_ns() - usec * ORD_US;
	t->n++;
	stand_in_tell(&t->serve, "strip",
		      json_pack("{s:s,s:s,s:f,s:I,s:[{s:s,s:i,s:i,s:i,s:f}]}", "key", "d42", "run",
				"20261121T061350-orders", "t", (double)t->n / 4, "sent_ns",
				(json_int_t)ord_now_ns(), "probes", "name", "page", "good", 24,
				"bad", 1, "unknown", 0, "latency_ms", 3.25));
	(void)sd_event_source_set_time(source, usec + t->every_us);
	return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	const struct tool *t = arg;
	struct ord_err ignored;

	(void)source;
	(void)si;
	(void)ord_api_reload(t->api, &ignored);
	return 0;
}

static void set_patience(uint64_t ms)
{
	api_patience = (struct api_patience){
		.idle_s = (unsigned)(ms / 1000 + 1),
		.request_ns = ms * ORD_MS,
		.answer_ns = ms * ORD_MS,
		.beat_ns = ms * ORD_MS / 4,
	};
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* For the benchmark: how late the loop came to its timer, and what it cost. */
static void print_figures(struct tool *t)
{
	uint64_t n = t->n < LATE_MAX ? t->n : LATE_MAX;

	if (!n)
		return;
	qsort(t->late_ns, n, sizeof *t->late_ns, compare);
	(void)printf(
		"{\"strips\":%llu,\"late_p50_us\":%llu,\"late_p99_us\":%llu,\"cpu_ms\":%llu}\n",
		(unsigned long long)t->n, (unsigned long long)(t->late_ns[n / 2] / ORD_US),
		(unsigned long long)(t->late_ns[n * 99 / 100] / ORD_US),
		(unsigned long long)(ord_clock_ns(CLOCK_PROCESS_CPUTIME_ID) / ORD_MS));
}

static int routes(void)
{
	for (size_t i = 0; i < api_n_routes; i++)
		(void)printf("%s %s %s %s %s\n", api_routes[i].method, api_routes[i].path,
			     api_role_name(api_routes[i].role),
			     *api_routes[i].args ? api_routes[i].args : "-",
			     *api_routes[i].keys ? api_routes[i].keys : "-");
	return 0;
}

static void read_options(int argc, char **argv, struct ord_api_options *o, struct tool *t)
{
	static const struct option longs[] = {{"socket", 1, NULL, 's'},
					      {"listen", 1, NULL, 'l'},
					      {"tokens", 1, NULL, 't'},
					      {"cert", 1, NULL, 'c'},
					      {"key", 1, NULL, 'k'},
					      {"config", 1, NULL, 'f'},
					      {"strips", 1, NULL, 'n'},
					      {"state", 1, NULL, 'd'},
					      {"patience", 1, NULL, 'p'},
					      {"routes", 0, NULL, 'r'},
					      {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (c == 'r')
			exit(routes());
		else if (c == 'n')
			t->every_us = 1000000 / strtoul(optarg, NULL, 10);
		else if (c == 'd')
			t->serve.state = optarg;
		else if (c == 'p')
			set_patience(strtoul(optarg, NULL, 10));
		else if (c == '?')
			exit(2);
		else
			*(c == 's'   ? &o->socket
			  : c == 'l' ? &o->listen
			  : c == 't' ? &o->token_file
			  : c == 'c' ? &o->tls_cert
			  : c == 'k' ? &o->tls_key
				     : &o->config) = optarg;
}

int main(int argc, char **argv)
{
	struct ord_api_options o = {.log = tell};
	static struct tool t;
	char gamedays[256];
	struct ord_err err;
	sd_event_source *strip = NULL;
	sd_event *loop;
	sigset_t set;

	read_options(argc, argv, &o, &t);
	(void)snprintf(gamedays, sizeof gamedays, "%s.gamedays", o.socket ? o.socket : "api_tool");
	o.gamedays = gamedays;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_new(&loop) < 0 || sd_event_add_signal(loop, NULL, SIGTERM, NULL, NULL) < 0 ||
	    sd_event_add_signal(loop, NULL, SIGHUP, on_reload, &t) < 0)
		return 6;
	t.serve.loop = loop;
	if (ord_api_open(loop, &t.serve, &o, &t.api, &err)) {
		(void)fprintf(stderr, "api_tool: %s\n", err.msg);
		(void)sd_event_unref(loop);
		return 2;
	}
	if (t.every_us)
		(void)sd_event_add_time(loop, &strip, CLOCK_MONOTONIC,
					ord_now_ns() / ORD_US + t.every_us, 1, on_strip, &t);
	if (strip)
		(void)sd_event_source_set_enabled(strip, SD_EVENT_ON);
	(void)puts("ready");
	(void)fflush(stdout);
	(void)sd_event_loop(loop);
	ord_api_close(t.api);
	print_figures(&t);
	(void)sd_event_source_unref(strip);
	(void)sd_event_unref(loop);
	return 0;
}
