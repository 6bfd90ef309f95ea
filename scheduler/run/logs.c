#include "scheduler/run/logs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/pattern.h"
#include "scheduler/run/log_source.h"

#define TOLD_MAX 100 /* matches of one log from one beginning to the next */

struct run_log {
	struct run_logs *all;
	const struct ord_log_spec *spec;
	regex_t match;
	struct log_file *file; /* or */
	struct log_journal *journal;
	unsigned told;
	bool deaf;
};

struct run_logs {
	struct run_logs_sink sink;
	size_t n;
	struct run_log v[ORD_LOGS_MAX];
};

static void tell(struct run_log *log, json_t *state, uint64_t lo_ns, uint64_t hi_ns, json_t *more)
{
	const struct run_logs_sink *sink = &log->all->sink;
	char channel[ORD_NAME_MAX + 8];
	json_t *line;

	(void)snprintf(channel, sizeof channel, "log:%s", log->spec->name);
	line = json_pack("{s:s, s:o, s:I, s:I, s:s}", "channel", channel, "state", state, "lo_t",
			 (json_int_t)sink->t(sink->arg, lo_ns), "hi_t",
			 (json_int_t)sink->t(sink->arg, hi_ns), "source", "log");
	if (line && more)
		(void)json_object_update(line, more);
	json_decref(more);
	sink->line(sink->arg, "channel", line);
}

static void hear_again(struct run_log *log, uint64_t now_ns)
{
	if (log->deaf)
		tell(log, json_false(), now_ns, now_ns, NULL);
	log->deaf = false;
}

/* Who wrote it may have meant the report: it is marked as what strangers wrote. */
static void on_line(void *arg, const char *text, uint64_t lo_ns, uint64_t hi_ns, const char *stamp)
{
	struct run_log *log = arg;
	char shown[LOG_TEXT_MAX], note[160];

	if (log->told > TOLD_MAX || regexec(&log->match, text, 0, NULL, 0) != 0)
		return;
	if (log->told++ == TOLD_MAX) {
		(void)snprintf(note, sizeof note,
			       "log:%s matched more than %d times: further lines are not told",
			       log->spec->name, TOLD_MAX);
		log->all->sink.line(log->all->sink.arg, "note", json_pack("{s:s}", "text", note));
		return;
	}
	hear_again(log, lo_ns);
	tell(log, json_true(), lo_ns, hi_ns,
	     json_pack("{s:{s:s, s:b}, s:s*}", "detail", "text", log_text(text, shown), "untrusted",
		       1, "stamp", *stamp ? stamp : NULL));
}

static void look(struct run_log *log, uint64_t now_ns)
{
	struct log_look l = {.now_ns = now_ns, .line = on_line, .arg = log};
	char why[LOG_TEXT_MAX];
	int r = log->file ? log_file_look(log->file, &l) : log_journal_look(log->journal, &l);

	if (r < 0 && !log->deaf)
		tell(log, json_null(), now_ns, now_ns,
		     json_pack("{s:s}", "message", log_text(l.why, why)));
	if (r < 0)
		log->deaf = true;
	else
		hear_again(log, now_ns);
}

void run_logs_look(struct run_logs *l, uint64_t now_ns)
{
	for (size_t i = 0; l && i < l->n; i++)
		look(&l->v[i], now_ns);
}

void run_logs_begin(struct run_logs *l, uint64_t now_ns)
{
	run_logs_look(l, now_ns);
	for (size_t i = 0; l && i < l->n; i++) {
		l->v[i].told = 0;
		if (!l->v[i].deaf)
			tell(&l->v[i], json_false(), now_ns, now_ns, NULL);
	}
}

static int open_one(struct run_log *log, uint64_t now_ns, struct ord_err *err)
{
	if (ord_pattern_compile(log->spec->match, 0, &log->match, err))
		return ord_wrap(err, "log '%s': match", log->spec->name);
	log->all->n++;
	if (log->spec->file)
		log->file = log_file_open(log->spec->file, now_ns);
	else
		log->journal = log_journal_open(log->spec->unit, now_ns);
	return log->file || log->journal ? 0 : ord_fail_nomem(err);
}

int run_logs_open(const struct ord_detection_spec *detection, uint64_t now_ns,
		  const struct run_logs_sink *sink, struct run_logs **ret, struct ord_err *err)
{
	struct run_logs *l;

	if (!detection->n_logs)
		return 0;
	l = calloc(1, sizeof *l);
	if (!l)
		return ord_fail_nomem(err);
	l->sink = *sink;
	for (size_t i = 0; i < detection->n_logs; i++) {
		l->v[i] = (struct run_log){.all = l, .spec = &detection->logs[i]};
		if (open_one(&l->v[i], now_ns, err)) {
			run_logs_close(l);
			return -1;
		}
	}
	*ret = l;
	return 0;
}

void run_logs_close(struct run_logs *l)
{
	for (size_t i = 0; l && i < l->n; i++) {
		regfree(&l->v[i].match);
		log_file_close(l->v[i].file);
		log_journal_close(l->v[i].journal);
	}
	free(l);
}
