/* The module's one symbol: the daemon as a service, with its loop, its signals and its supervisor.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/api.h"
#include "ordeal/ctl.h"
#include "ordeal/serve.h"
#include "scheduler/serve/module/first.h"

extern const struct ord_serve_calls ordeal_serve_calls;

struct service {
	struct ord_serve *serve;
	struct ord_api *api;
};

static int on_end_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	const struct service *of = arg;

	(void)source;
	(void)si;
	(void)sd_notify(0, "STOPPING=1");
	ord_serve_stop(of->serve);
	return 0;
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	const struct ord_serve_order order = {.verb = ORD_SERVE_RELOAD, .who = "SIGHUP"};
	const struct service *of = arg;
	struct ord_err err, ignored;
	int r;

	(void)source;
	(void)si;
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
			 (unsigned long long)(ord_now_ns() / ORD_US));
	r = ord_api_reload(of->api, &err);
	(void)ord_serve_do(of->serve, &order, NULL, &ignored);
	/* What was wrong is logged already; `systemctl status` shows it, too. */
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s%s", r ? "what was read anew is not taken: " : "",
			 r ? err.msg : "");
	return 0;
}

/* A supervisor's pipe that is closed ends no daemon. */
static void take_signals(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static int hear_signals(sd_event *loop, struct service *of)
{
	int e = sd_event_add_signal(loop, NULL, SIGTERM, on_end_signal, of);

	if (e >= 0)
		e = sd_event_add_signal(loop, NULL, SIGINT, on_end_signal, of);
	if (e >= 0)
		e = sd_event_add_signal(loop, NULL, SIGHUP, on_reload_signal, of);
	return e < 0 ? e : sd_event_set_watchdog(loop, true);
}

static int serve(const struct ord_serve_options *options, const struct ord_api_options *api_options,
		 struct ord_err *err)
{
	sd_event *loop = NULL;
	struct service of = {0};
	int e, r, status = 0;

	take_signals();
	r = first_process(&status, err);
	if (r)
		return r < 0 ? -1 : status;
	e = sd_event_new(&loop);
	if (e < 0) {
		errno = -e;
		return ord_fail_sys(err, "event loop");
	}
	r = ord_serve_open(loop, options, &of.serve, err);
	if (!r)
		r = ord_api_open(loop, of.serve, api_options, &of.api, err);
	if (!r) {
		e = hear_signals(loop, &of);
		(void)sd_notify(0, "READY=1");
		e = e < 0 ? e : sd_event_loop(loop);
		if (e < 0) {
			errno = -e;
			r = ord_fail_sys(err, "event loop");
		}
	}
	ord_api_close(of.api);
	ord_serve_close(of.serve);
	(void)sd_event_unref(loop);
	return r;
}

__attribute__((visibility("default"))) const struct ord_serve_calls ordeal_serve_calls = {
	.size = sizeof ordeal_serve_calls,
	.serve = serve,
	.check = ord_serve_check,
	.ctl = ord_ctl,
};
