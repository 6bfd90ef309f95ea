/* A builder of synthetic timelines: a story in milliseconds, written as run.jsonl, read and
 * analysed. */
#ifndef ORDEAL_TESTS_REPORT_STORY_H
#define ORDEAL_TESTS_REPORT_STORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/analysis.h"

#define MS(x) ((int64_t)(x)*1000000)

struct story {
	char *text;
	size_t size;
	FILE *f;
	struct ord_timeline t;
	struct ord_analysis a;
	struct ord_err err;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct story *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(s->f, fmt, ap);
	va_end(ap);
}

/* The first line. objectives: JSON list without brackets; extra: further members of the plan, with
 * a comma before. */
static inline void begin(struct story *s, const char *objectives, const char *extra)
{
	*s = (struct story){0};
	s->f = open_memstream(&s->text, &s->size);
	say(s,
	    "{\"e\":\"run\",\"t\":0,\"version\":1,\"run\":\"r1\",\"ordeal\":\"0.1.0\",\"wall_ns\":"
	    "1795000000000000000,"
	    "\"mono_ns\":77000000000,\"host\":{\"kernel\":\"6.1\",\"cpus\":2,\"name\":\"h\"},"
	    "\"argv\":[\"ordeal\",\"run\",\"x.yaml\"],"
	    "\"plan\":{\"schema\":1,\"name\":\"orders-survive\",\"hypothesis\":\"It "
	    "holds.\",\"seed\":7,\"hash\":\"abc\","
	    "\"probes\":[{\"name\":\"orders\",\"role\":\"user\",\"kind\":\"http\",\"every_ns\":"
	    "100000000,\"timeout_ns\":1000000000,"
	    "\"what\":\"GET http://127.0.0.1/\",\"expect\":{\"within_ns\":300000000}},"
	    "{\"name\":\"stock\",\"role\":\"user\",\"kind\":\"tcp\",\"every_ns\":100000000,"
	    "\"timeout_ns\":1000000000},"
	    "{\"name\":\"breaker\",\"role\":\"signal\",\"kind\":\"http\",\"every_ns\":100000000}],"
	    "\"objectives\":[%s],\"faults\":[{\"name\":\"slow\",\"fault\":\"net.delay\",\"class\":"
	    "\"kernel\",\"at_ns\":0,\"for_ns\":10000000000}]%s}}\n",
	    objectives, extra);
}

#define DETECT                                \
	"{\"text\":\"detect(breaker) within " \
	"2s\",\"kind\":\"detect\",\"channel\":\"breaker\",\"within_ns\":2000000000}"
#define SELF                                                                                \
	"{\"text\":\"recover(self) within 4s hold "                                         \
	"1s\",\"kind\":\"recover\",\"mode\":\"self\",\"within_ns\":4000000000,\"hold_ns\":" \
	"1000000000}"
#define AFTER                                                                                    \
	"{\"text\":\"recover(after_rollback) within "                                            \
	"3s\",\"kind\":\"recover\",\"mode\":\"after_rollback\",\"within_ns\":3000000000,\"hold_" \
	"ns\":1000000000}"

/* One sample at `at`, answered after `took`. o: 'g' ok, 'w' wrong, 'r' refused, 't' timeout, 's'
 * skipped, 'e' local-error. */
static inline void sample(struct story *s, int rep, const char *probe, int64_t at, int64_t took,
			  char o)
{
	const char *name = o == 'g'   ? "ok"
			   : o == 'w' ? "wrong"
			   : o == 'r' ? "refused"
			   : o == 't' ? "timeout"
			   : o == 's' ? "skipped"
				      : "local-error";

	say(s,
	    "{\"e\":\"sample\",\"t\":%lld,\"rep\":%d,\"p\":\"%s\",\"n\":%lld,\"due\":%lld,\"sent\":"
	    "%lld,\"done\":%lld,\"o\":\"%s\"%s}\n",
	    (long long)MS(at + took), rep, probe, (long long)at / 100, (long long)MS(at),
	    (long long)MS(at), (long long)MS(at + took), name,
	    o == 'g'		   ? ",\"good\":true"
	    : o == 's' || o == 'e' ? ""
				   : ",\"good\":false,\"why\":\"it did not\"");
}

/* Every 100 ms from `from` until before `to`. */
static inline void samples(struct story *s, int rep, const char *probe, int64_t from, int64_t to,
			   int64_t took, char o)
{
	for (int64_t at = from; at < to; at += 100)
		sample(s, rep, probe, at, took, o);
}

static inline void phase(struct story *s, int rep, int64_t at, const char *name)
{
	say(s, "{\"e\":\"phase\",\"t\":%lld,\"rep\":%d,\"phase\":\"%s\"}\n", (long long)MS(at), rep,
	    name);
}

static inline void fault(struct story *s, int rep, int64_t at, const char *state, const char *more)
{
	say(s, "{\"e\":\"fault\",\"t\":%lld,\"rep\":%d,\"fault\":\"slow\",\"state\":\"%s\"%s}\n",
	    (long long)MS(at), rep, state, more);
}

static inline void steady(struct story *s, int rep, int64_t at, const char *when, const char *holds)
{
	say(s,
	    "{\"e\":\"steady\",\"t\":%lld,\"rep\":%d,\"when\":\"%s\",\"holds\":%s,\"conditions\":[{"
	    "\"text\":\"orders.ok_ratio >= 0.99 over 5s\",\"value\":1000000,\"met\":%s}]}\n",
	    (long long)MS(at), rep, when, holds, holds);
}

static inline void finish(struct story *s, int64_t at, const char *cause)
{
	say(s, "{\"e\":\"end\",\"t\":%lld,\"cause\":\"%s\"}\n", (long long)MS(at), cause);
}

/* Everything of a repetition but its samples: steady until 5 s, in force from 5.01 s to 15.02 s,
 * over at 25 s. */
static inline void events(struct story *s, int rep, int64_t at)
{
	phase(s, rep, at, "steady-before");
	steady(s, rep, at + 4900, "before", "true");
	phase(s, rep, at + 5000, "inject");
	fault(s, rep, at + 5000, "requested", "");
	say(s,
	    "{\"e\":\"fault\",\"t\":%lld,\"rep\":%d,\"fault\":\"slow\",\"state\":\"injected\","
	    "\"requested_t\":%lld,\"at_t\":%lld}\n",
	    (long long)MS(at + 5011), rep, (long long)MS(at + 5000), (long long)MS(at + 5010));
	phase(s, rep, at + 5010, "hold");
	phase(s, rep, at + 15000, "revert");
	fault(s, rep, at + 15000, "reverting", ",\"cause\":\"removed\"");
	fault(s, rep, at + 15020, "reverted",
	      ",\"cause\":\"removed\",\"residue\":0,\"left\":[],\"figures\":{\"matched_packets\":"
	      "420}");
	phase(s, rep, at + 15020, "recovery");
	phase(s, rep, at + 24000, "steady-after");
	steady(s, rep, at + 24900, "after", "true");
}

static inline int read_story(struct story *s)
{
	FILE *in;
	int r;

	if (s->f)
		(void)fclose(s->f);
	s->f = NULL;
	in = fmemopen(s->text, s->size, "r");
	r = ord_timeline_read(in, &s->t, &s->err);
	(void)fclose(in);
	if (r)
		return -1;
	return ord_analyse(&s->t, &s->a, &s->err);
}

static inline void done(struct story *s)
{
	if (s->f)
		(void)fclose(s->f);
	ord_analysis_done(&s->a);
	ord_timeline_done(&s->t);
	free(s->text);
	*s = (struct story){0};
}

#endif
