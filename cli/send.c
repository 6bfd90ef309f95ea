#include "cli/send.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/report_file.h"

#define TOKEN_MAX 4096

static int read_token(const char *path, char **ret, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size = 0;
	struct stat st;

	if (ord_file_read(path, TOKEN_MAX, &text, &size, err)) {
		err->code = ORD_USAGE;
		return ord_wrap(err, "--token-file");
	}
	while (size && (text[size - 1] == '\n' || text[size - 1] == '\r' || text[size - 1] == ' '))
		text[--size] = '\0';
	/* What it holds must not get into a message. */
	for (size_t i = 0; i < size; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return ord_fail(err, ORD_USAGE,
					"--token-file: '%.200s' holds more than one word", path);
	if (!size)
		return ord_fail(err, ORD_USAGE, "--token-file: '%.200s' is empty", path);
	if (!stat(path, &st) && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH))
		(void)fprintf(stderr,
			      "ordeal: warning: --token-file: '%s' can be read by everybody\n",
			      path);
	*ret = ord_steal_ptr(text);
	return 0;
}

/* A token is given to the kind that it names; to which of several is never guessed. */
static int take_token(struct cli_sends *s, const char *value, struct ord_err *err)
{
	size_t len = strcspn(value, "="), given = 0;
	const char *path = value;
	bool named = false;

	for (unsigned k = 0; k < ORD_SINKS && !named; k++)
		named = value[len] && strlen(ord_sink_name((enum ord_sink)k)) == len &&
			!strncmp(value, ord_sink_name((enum ord_sink)k), len);
	if (named)
		path = value + len + 1;
	if (!named && s->n > 1)
		return ord_fail(err, ORD_USAGE,
				"--token-file: say whose it is: otlp=FILE, grafana=FILE or "
				"cloudevents=FILE");
	for (size_t i = 0; i < s->n; i++) {
		if (named && strncmp(ord_sink_name(s->v[i].sink), value, len) != 0)
			continue;
		free(s->v[i].token);
		s->v[i].token = NULL;
		if (read_token(path, &s->v[i].token, err))
			return -1;
		given++;
	}
	if (!given)
		return ord_fail(err, ORD_USAGE, "--token-file: nothing is sent there; give --send");
	return 0;
}

static int read_all(const struct cli_args *args, struct cli_sends *s, struct ord_err *err)
{
	const char *within = cli_value(args, "send-within");

	for (size_t i = 0; i < args->n_given; i++) {
		if (strcmp(args->given[i].option->name, "send") != 0)
			continue;
		if (s->n == CLI_SENDS_MAX)
			return ord_fail(err, ORD_USAGE, "more than %d --send", CLI_SENDS_MAX);
		if (ord_sink_parse(args->given[i].value, &s->v[s->n].sink, s->v[s->n].url, err))
			return ord_wrap(err, "--send");
		s->n++;
	}
	for (size_t i = 0; i < args->n_given; i++)
		if (!strcmp(args->given[i].option->name, "token-file") &&
		    take_token(s, args->given[i].value, err))
			return -1;
	if (within && ord_parse_duration(within, &s->within, err))
		return ord_wrap(err, "--send-within");
	if (s->within < (int64_t)ORD_MS || s->within > 600 * (int64_t)ORD_S)
		return ord_fail(err, ORD_USAGE, "--send-within: from 1ms to 10m");
	return 0;
}

int cli_sends_read(const struct cli_args *args, struct cli_sends *ret, struct ord_err *err)
{
	*ret = (struct cli_sends){.within = 30 * (int64_t)ORD_S};
	if (!read_all(args, ret, err))
		return 0;
	cli_sends_done(ret);
	return -1;
}

void cli_sends_done(struct cli_sends *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].token);
	s->n = 0;
}

/* The format of a kind has its name. */
static char *body_of(const char *dir, enum ord_sink sink, size_t *ret_size, struct ord_err *err)
{
	struct cli_verdict v;
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);
	int r;

	if (!f) {
		(void)ord_fail_nomem(err);
		return NULL;
	}
	r = cli_report_print(dir, ord_sink_name(sink), f, &v, err);
	if (fclose(f) && !r)
		r = ord_fail_nomem(err);
	if (!r)
		return text;
	free(text);
	return NULL;
}

/* A query may hold what is not for a log. */
static void where(const struct cli_send *s, struct ord_delivered *d, bool ok, const char *text)
{
	(void)fprintf(stderr, "ordeal: %s%s: %s %.*s",
		      ok ? "" : "warning: ", ord_sink_name(s->sink), ok ? "sent to" : "not sent to",
		      (int)strcspn(s->url, "?"), s->url);
	if (d->parts > 1)
		(void)fprintf(stderr, ", %zu of %zu", d->delivered, d->parts);
	if (ok && d->tries > d->parts)
		(void)fprintf(stderr, ", tried %u times", d->tries);
	if (*text)
		(void)fprintf(stderr, ": %s", text);
	(void)fputc('\n', stderr);
}

size_t cli_sends_do(const struct cli_sends *s, const char *dir, bool quiet)
{
	size_t failed = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct ord_err err = {0};
		struct ord_delivered d = {0};
		size_t size = 0;
		ord_autofree char *body = body_of(dir, s->v[i].sink, &size, &err);
		const struct ord_delivery way = {.sink = s->v[i].sink,
						 .url = s->v[i].url,
						 .token = s->v[i].token,
						 .body = body,
						 .size = size,
						 .within_ns = (uint64_t)s->within,
						 .seed = ord_now_ns()};

		if (!body || ord_deliver(&way, &d, &err)) {
			where(&s->v[i], &d, false, err.msg);
			failed++;
		} else if (!quiet || d.remark[0]) {
			where(&s->v[i], &d, true, d.remark);
		}
	}
	return failed;
}
