/*
 * The kind of probe that asks PromQL: an instant query, and beside it one for the age of the oldest
 * sample that it read. A Prometheus that does not answer says nothing about the system: unknown,
 * not bad.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/real.h"
#include "ordeal/monitor.h"
#include "scheduler/monitor/module/server.h"
#include "scheduler/monitor/read/number.h"
#include "scheduler/probe/probe.h"

#define AGE_QUERY_MAX 12288

/* One a process: all prom probes share it. */
static struct {
	unsigned users;
	struct wire *wire;
} shared;

struct prom {
	struct ord_source_spec source; /* a copy; borrows the texts */
	char age[AGE_QUERY_MAX];       /* "": it cannot be asked */
	bool open;
};

/* Two questions in flight, reused from slot to slot. */
struct io {
	struct prb_sample *sample;
	struct server server;
	unsigned waits;
	struct mon_number number;
	bool has_age;
	char failed[SERVER_WHY]; /* "": it answered */
};

static void finish(struct io *io)
{
	struct prb_sample *s = io->sample;
	const struct prb_host *host = s->probe->host;
	const struct mon_number *n = &io->number;
	char why[64];

	if (*io->failed) {
		host->answered(s, ORD_OUTCOME_LOCAL_ERROR, io->failed);
		return;
	}
	(void)snprintf(s->s.value, sizeof s->s.value, "%s", n->text);
	if (*n->text && io->has_age && s->s.age_ns > s->probe->spec->prom.staleness_ns) {
		(void)snprintf(why, sizeof why, "the oldest sample is %llu ms old",
			       (unsigned long long)(s->s.age_ns / ORD_MS));
		host->answered(s, ORD_OUTCOME_LOCAL_ERROR, why);
		return;
	}
	host->answered(s,
		       n->verdict == MON_GOOD  ? ORD_OUTCOME_OK
		       : n->verdict == MON_BAD ? ORD_OUTCOME_WRONG
					       : ORD_OUTCOME_LOCAL_ERROR,
		       n->why);
}

static void on_value(void *arg, const struct server_answer *a)
{
	struct io *io = arg;

	if (a->why)
		(void)snprintf(io->failed, sizeof io->failed, "prometheus: %.200s", a->why);
	else
		mon_number_judge(&io->sample->probe->spec->prom, a->value, &io->number);
	if (!--io->waits)
		finish(io);
}

/* A vector of one, without labels; empty where nothing was read. */
static void on_age(void *arg, const struct server_answer *a)
{
	struct io *io = arg;
	const json_t *series = json_array_get(json_object_get(a->value, "result"), 0);
	const char *text = json_string_value(
		json_array_get(a->why ? NULL : json_object_get(series, "value"), 1));
	double age;

	if (text && ord_parse_real(text, &age) && age >= 0) {
		io->has_age = true;
		io->sample->s.age_ns = mon_seconds(age);
	}
	if (!--io->waits)
		finish(io);
}

static void prom_sample(struct prb_probe *p, struct prb_sample *s)
{
	struct prom *prom = p->state;
	struct io *io = s->io;
	const struct server_param value[] = {{"query", p->spec->prom.query}, {NULL, NULL}};
	const struct server_param age[] = {{"query", prom->age}, {NULL, NULL}};

	if (!io) {
		s->io = io = calloc(1, sizeof *io);
		if (!io) {
			p->host->answered(s, ORD_OUTCOME_LOCAL_ERROR, "out of memory");
			return;
		}
		server_init(&io->server, "prometheus", &prom->source, shared.wire);
	}
	io->sample = s;
	io->has_age = false;
	io->number = (struct mon_number){.verdict = MON_UNKNOWN};
	*io->failed = '\0';
	io->waits = *prom->age ? 2 : 1;
	server_ask(&io->server, SERVER_PROMETHEUS, "/api/v1/query", value, on_value, io);
	if (*prom->age)
		server_ask(&io->server, SERVER_PROMETHEUS, "/api/v1/query", age, on_age, io);
}

static void prom_cancel(struct prb_probe *p, struct prb_sample *s)
{
	struct io *io = s->io;

	(void)p;
	if (io)
		server_drop(&io->server);
}

static void prom_drop(struct prb_probe *p, struct prb_sample *s)
{
	struct io *io = s->io;

	(void)p;
	server_done(&io->server);
	free(io);
	s->io = NULL;
}

/* The time of a probe is the pacer's; a little earlier it is our own word that Prometheus was late.
 */
static uint64_t patience(uint64_t timeout_ns)
{
	return timeout_ns - timeout_ns / 10;
}

static int prom_open(struct prb_probe *p, struct ord_err *err)
{
	const struct ord_source_spec *detection = p->host->prometheus;
	const struct ord_prom_probe *spec = &p->spec->prom;
	struct prom *prom = calloc(1, sizeof *prom);

	if (!prom)
		return ord_fail_nomem(err);
	p->state = prom;
	if (!spec->url && (!detection || !detection->url))
		return ord_fail(err, ORD_USAGE,
				"neither the probe nor spec.detection.prometheus "
				"has a url");
	if (!spec->url)
		prom->source = *detection;
	else
		prom->source.url = spec->url;
	prom->source.timeout_ns = patience(p->spec->timeout_ns);
	prom->source.every_ns = p->spec->every_ns;
	if (mon_age_query(spec->query, sizeof prom->age, prom->age))
		*prom->age = '\0';
	if (!shared.users && wire_open(p->host->loop, &shared.wire, err))
		return -1;
	shared.users++;
	prom->open = true;
	return 0;
}

static void prom_close(struct prb_probe *p)
{
	struct prom *prom = p->state;

	if (prom && prom->open && !--shared.users) {
		wire_close(shared.wire);
		shared.wire = NULL;
	}
	free(prom);
	p->state = NULL;
}

static const struct prb_kind kind = {
	.name = "prom",
	.open = prom_open,
	.sample = prom_sample,
	.cancel = prom_cancel,
	.drop = prom_drop,
	.close = prom_close,
};

int ord_monitor_probes(const struct ord_plan *plan, struct ord_probe_source *ret,
		       struct ord_err *err)
{
	(void)err;
	ret->prom = &kind;
	ret->prometheus = &plan->spec->detection.prometheus;
	return 0;
}
