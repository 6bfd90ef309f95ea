/* Stories of a run in a cluster: pods that are deleted, and what is told of it. */
#ifndef ORDEAL_TESTS_REPORT_CLUSTER_H
#define ORDEAL_TESTS_REPORT_CLUSTER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/unit/report_story.h"

/* t = 0 is 2026-11-18T11:06:40Z (wall_ns 1795000000 s, an even second). */
#define CHANNEL                                                                         \
	"{\"text\":\"detect(kubernetes:event/BackOff) within 5s\",\"kind\":\"detect\"," \
	"\"channel\":\"kubernetes:event/BackOff\",\"within_ns\":5000000000}"
#define CONDITION                                                                                \
	"{\"text\":\"detect(kubernetes:deployment/orders/Available=False) within 5s\",\"kind\":" \
	"\"detect\",\"channel\":\"kubernetes:deployment/orders/Available=False\",\"within_ns\":" \
	"5000000000}"

static inline void kube(struct story *s, int64_t at, const char *what, const char *uid,
			const char *more)
{
	say(s,
	    "{\"e\":\"kube\",\"t\":%lld,\"rep\":1,\"at_t\":%lld,\"what\":\"%s\",\"kind\":\"Pod\","
	    "\"ns\":"
	    "\"shop\",\"name\":\"pod-%s\",\"uid\":\"%s\"%s}\n",
	    (long long)MS(at), (long long)MS(at), what, uid, uid, more);
}

static inline void acted(struct story *s, int64_t at, const char *what, const char *uid)
{
	char more[300];

	(void)snprintf(more, sizeof more,
		       ",\"what\":\"%s\",\"object\":[\"v1\",\"Pod\",\"shop\",\"pod-%s\",\"%s\"],"
		       "\"detail\":\"\","
		       "\"at_t\":%lld",
		       what, uid, uid, (long long)MS(at));
	fault(s, 1, at, "acted", more);
}

#define OWNER	",\"owner\":\"rs\",\"workload\":\"Deployment/orders\""
#define SLACK	",\"offset_ns\":[-200000000,200000000]"
#define AT(sec) ",\"stamp\":\"2026-11-18T11:06:" sec "Z\",\"clock\":\"server\"" SLACK
#define BY(sec) ",\"stamp\":\"2026-11-18T11:06:" sec "Z\",\"clock\":\"writer\"" SLACK

/* A steady state, a fault of class none in force at 5.02 s, gone at once, watched until 20 s. */
static inline void before(struct story *s, const char *objectives)
{
	begin(s, objectives, "");
	phase(s, 1, 0, "steady-before");
	steady(s, 1, 4800, "before", "true");
	fault(s, 1, 5000, "requested", ",\"lease\":\"l\"");
	fault(s, 1, 5005, "checked", ",\"class\":\"none\"");
}

static inline void after(struct story *s)
{
	fault(s, 1, 5020, "injected", ",\"requested_t\":5010000000,\"at_t\":5020000000");
	fault(s, 1, 6000, "reverted", ",\"residue\":-1,\"at_t\":6000000000");
	samples(s, 1, "orders", 0, 5100, 5, 'g');
	samples(s, 1, "orders", 5100, 8400, 5, 'r');
	samples(s, 1, "orders", 8400, 20000, 5, 'g');
	samples(s, 1, "stock", 0, 20000, 5, 'g');
	samples(s, 1, "breaker", 0, 20000, 5, 'w');
	say(s, "{\"e\":\"end\",\"t\":20000000000,\"cause\":\"complete\"}\n");
}

static inline void analysed(struct story *s)
{
	if (read_story(s))
		fail_msg("%s", s->err.msg);
}

/* A line about an object of that kind, rather than a pod. */
static inline void line(struct story *s, int64_t at, const char *what, const char *kind,
			const char *name, const char *uid, const char *more)
{
	say(s,
	    "{\"e\":\"kube\",\"t\":%lld,\"rep\":1,\"at_t\":%lld,\"what\":\"%s\",\"kind\":\"%s\","
	    "\"ns\":\"%s\",\"name\":\"%s\",\"uid\":\"%s\"%s}\n",
	    (long long)MS(at), (long long)MS(at), what, kind, strcmp(kind, "Node") ? "shop" : "",
	    name, uid, more);
}

/* The first line says which cluster it was, and warns of it. */
static inline void in_cluster(struct story *s)
{
	static const char cluster[] =
		"{\"e\":\"run\",\"cluster\":{\"context\":\"kubelab\",\"name\":\"kubelab\","
		"\"server\":"
		"\"https://127.0.0.1\",\"version\":\"v1.36.3\",\"warnings\":[\"the server's "
		"certificate "
		"is not verified (insecure-skip-tls-verify)\"]},";
	const size_t begin = sizeof "{\"e\":\"run\"," - 1;
	char *text;

	(void)fclose(s->f);
	s->f = NULL;
	assert_true(asprintf(&text, "%s%s", cluster, s->text + begin) > 0);
	free(s->text);
	s->text = text;
	s->size = strlen(text);
}

#endif
