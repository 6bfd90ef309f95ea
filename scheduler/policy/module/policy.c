/* All that must allow it, one after the other. */
#include "ordeal/policy.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/trust.h"
#include "scheduler/policy/module/opa.h"
#include "scheduler/policy/module/question.h"
#include "scheduler/policy/rules/rules.h"

#define TOKEN_MAX  4096
#define TIMEOUT_NS (5 * ORD_S)

/* One that is asked. */
struct guard {
	char *text; /* owned: as it is named */
	enum ord_policy_by by;
	struct rules *rules;	   /* owned; NULL: a URL */
	char sha256[ORD_HASH_HEX]; /* of the rule file */
	char shown[512];	   /* the file, or the URL without its query, which may be secret */
};

struct ord_policy {
	struct ord_policy_options options;
	struct guard guards[ORD_POLICY_MAX];
	size_t n;
	char *token;	  /* owned; NULL: none */
	json_t *question; /* owned: what was asked last */
};

/* What came of asking one. */
struct verdict {
	bool answered, allow;
	json_t *line; /* owned: of the timeline */
};

__attribute__((format(printf, 2, 3))) static void tell(const struct ord_policy *p, const char *fmt,
						       ...)
{
	char text[2048];
	va_list ap;

	if (!p->options.tell)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	p->options.tell(p->options.arg, text);
}

static const char *name_of(const struct guard *g)
{
	return g->rules ? g->rules->name : g->shown;
}

static bool is_url(const char *text)
{
	return strstr(text, "://");
}

static int read_token(struct ord_policy *p, struct ord_err *err)
{
	const char *path = p->options.token_file;
	size_t size = 0;

	if (!path)
		return 0;
	if (ord_file_read(path, TOKEN_MAX, &p->token, &size, err)) {
		err->code = ORD_USAGE;
		return ord_wrap(err, "--policy-token-file");
	}
	size = strcspn(p->token, "\r\n");
	p->token[size] = '\0';
	/* What it holds must not get into a message. */
	for (size_t i = 0; i < size; i++)
		if (p->token[i] <= ' ' || p->token[i] > '~')
			return ord_fail(err, ORD_USAGE,
					"--policy-token-file: '%.200s' holds more than one word",
					path);
	return size ? 0 : ord_fail(err, ORD_USAGE, "--policy-token-file: '%.200s' is empty", path);
}

/* The operator's rules are read from the file that was looked at. */
static int read_guard(const char *path, char **ret, size_t *ret_size, struct ord_err *err)
{
	char self[32];
	ord_autoclose int fd = -1;

	if (strcmp(path, ORD_POLICY_FILE) != 0)
		return ord_file_read(path, ORD_SPEC_BYTES_MAX, ret, ret_size, err);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return ord_fail_sys(err, "open '%s'", path);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return ord_trust_check(fd, path, err) ||
			       ord_file_read(self, ORD_SPEC_BYTES_MAX, ret, ret_size, err)
		       ? -1
		       : 0;
}

static int read_rules(struct ord_policy *p, struct guard *g, struct ord_err *err)
{
	struct ord_mistakes mistakes = {0};
	ord_autofree char *text = NULL;
	const char *path = g->text;
	size_t size = 0;
	int r;

	if (read_guard(path, &text, &size, err)) {
		err->code = ORD_USAGE;
		return ord_wrap(err, "policy");
	}
	(void)ord_sha256(text, size, g->sha256);
	r = rules_parse(text, size, &g->rules, &mistakes);
	for (size_t i = 0; i < mistakes.n; i++)
		tell(p, "%s:%u:%u: %s%s", path, mistakes.v[i].line, mistakes.v[i].column,
		     mistakes.v[i].warning ? "warning: " : "", mistakes.v[i].text);
	if (mistakes.more)
		tell(p, "%s: and %zu more", path, mistakes.more);
	ord_mistakes_done(&mistakes);
	return r ? ord_fail(err, ORD_USAGE,
			    "policy: '%.300s' is no rule file, so nothing is allowed", path)
		 : 0;
}

static int check_url(struct guard *g, struct ord_err *err)
{
	const char *url = g->text, *host = strstr(url, "://") + 3;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return ord_fail(err, ORD_USAGE, "policy: '%.60s' is no URL of http or https",
				g->shown);
	if (memchr(host, '@', strcspn(host, "/?#")))
		return ord_fail(err, ORD_USAGE,
				"policy: the URL has a user in it, which everybody sees in the "
				"list of processes; give --policy-token-file");
	if (!*host || strchr("/?#:", *host))
		return ord_fail(err, ORD_USAGE, "policy: the URL '%.60s' has no host", g->shown);
	return 0;
}

static int add(struct ord_policy *p, const struct ord_policy_named *named, struct ord_err *err)
{
	struct guard *g = &p->guards[p->n];

	if (p->n == ORD_POLICY_MAX)
		return ord_fail(err, ORD_USAGE, "more than %d policies", ORD_POLICY_MAX);
	p->n++;
	g->by = named->by;
	g->text = strdup(named->text);
	if (!g->text)
		return ord_fail_nomem(err);
	(void)snprintf(g->shown, sizeof g->shown, "%.*s",
		       is_url(named->text) ? (int)strcspn(named->text, "?#")
					   : (int)strlen(named->text),
		       named->text);
	return is_url(named->text) ? check_url(g, err) : read_rules(p, g, err);
}

int ord_policy_open(const struct ord_policy_options *options, struct ord_policy **ret,
		    struct ord_err *err)
{
	struct ord_policy *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return ord_fail_nomem(err);
	p->options = *options;
	r = read_token(p, err);
	for (size_t i = 0; !r && i < options->n_named; i++)
		r = add(p, &options->named[i], err);
	if (r)
		ord_policy_close(p);
	else
		*ret = p;
	return r;
}

void ord_policy_close(struct ord_policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		rules_free(p->guards[i].rules);
		free(p->guards[i].text);
	}
	json_decref(p->question);
	free(p->token);
	free(p);
}

static const char *by_name(enum ord_policy_by by)
{
	static const char *const names[] = {[ORD_POLICY_BY_OPERATOR] = "operator",
					    [ORD_POLICY_BY_OPTION] = "option",
					    [ORD_POLICY_BY_EXPERIMENT] = "experiment"};

	return names[by];
}

static int ask_rules(const struct ord_policy *p, const struct guard *g,
		     const struct ord_policy_question *q, struct verdict *ret, struct ord_err *err)
{
	json_t *d;

	if (rules_decide(g->rules, g->shown, p->question, q->now_ns, q->longest_ns, &d, err))
		return -1;
	ret->answered = true;
	ret->allow = json_is_true(json_object_get(d, "allow"));
	(void)json_object_set_new(d, "kind", json_string("rules"));
	(void)json_object_set_new(d, "sha256", json_string(g->sha256));
	ret->line = d;
	return 0;
}

/* The token and the CA are the operator's: a URL that an experiment names is given neither. */
static int ask_opa(const struct ord_policy *p, const struct guard *g, struct verdict *ret,
		   struct ord_err *err)
{
	bool ours = g->by != ORD_POLICY_BY_EXPERIMENT;
	const struct opa_request request = {.url = g->text,
					    .token = ours ? p->token : NULL,
					    .ca_file = ours ? p->options.ca_file : NULL,
					    .question = p->question,
					    .timeout_ns = TIMEOUT_NS};
	struct opa_answer a;

	if (opa_ask(&request, &a, err))
		return -1;
	ret->answered = a.answered;
	ret->allow = a.allow;
	ret->line =
		json_pack("{s:s, s:b, s:O}", "kind", "opa", "allow", a.allow, "reasons", a.reasons);
	if (ret->line && *a.decision_id)
		(void)json_object_set_new(ret->line, "decision_id", json_string(a.decision_id));
	opa_answer_done(&a);
	return ret->line ? 0 : ord_fail_nomem(err);
}

static int ask_one(const struct ord_policy *p, const struct guard *g,
		   const struct ord_policy_question *q, struct verdict *ret, struct ord_err *err)
{
	uint64_t began = ord_now_ns();

	if (g->rules ? ask_rules(p, g, q, ret, err) : ask_opa(p, g, ret, err))
		return -1;
	if (json_object_set_new(ret->line, "policy", json_string(name_of(g))) ||
	    json_object_set_new(ret->line, "source", json_string(g->shown)) ||
	    json_object_set_new(ret->line, "by", json_string(by_name(g->by))) ||
	    json_object_set_new(ret->line, "took_ns",
				json_integer((json_int_t)(ord_now_ns() - began))))
		return ord_fail_nomem(err);
	return 0;
}

/* What of all is the worst: who did not answer, then who refused. */
struct outcome {
	const struct guard *silent, *refused;
};

static int ask_all(struct ord_policy *p, const struct ord_policy_question *q, json_t *lines,
		   struct outcome *ret, struct ord_err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct guard *g = &p->guards[i];
		struct verdict v = {0};
		int r = ask_one(p, g, q, &v, err);

		if (v.line && json_array_append(lines, v.line))
			r = ord_fail_nomem(err);
		json_decref(v.line);
		if (r)
			return ord_wrap(err, "policy %s", g->shown);
		if (!v.answered)
			ret->silent = g;
		else if (!v.allow)
			ret->refused = g;
	}
	return 0;
}

int ord_policy_ask(struct ord_policy *p, const struct ord_policy_question *q, json_t **ret,
		   struct ord_err *err)
{
	ord_auto(json) json_t *lines = json_array();
	struct outcome o = {0};
	int r;

	json_decref(p->question);
	p->question = question_json(q);
	if (!lines || !p->question)
		return ord_fail_nomem(err);
	r = ask_all(p, q, lines, &o, err);
	if (ret)
		*ret = json_incref(lines);
	if (r)
		return -1;
	if (o.refused)
		return ord_fail(err, ORD_GUARD, "refused by the policy '%.200s'",
				name_of(o.refused));
	if (o.silent)
		return ord_fail(err, ORD_SYS, "the policy '%.200s' could not be asked",
				name_of(o.silent));
	return 0;
}

int ord_policy_again(struct ord_policy *p, uint64_t now_ns, uint64_t longest_ns,
		     struct ord_err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct guard *g = &p->guards[i];
		json_t *d = NULL;
		const char *why;

		if (!g->rules)
			continue;
		if (rules_hours(g->rules, g->shown, p->question, now_ns, longest_ns, &d, err))
			return -1;
		why = json_string_value(json_array_get(json_object_get(d, "reasons"), 0));
		if (why)
			(void)ord_fail(err, ORD_GUARD, "%.500s", why);
		json_decref(d);
		if (why)
			return -1;
	}
	return 0;
}

int ord_policy_schema(json_t **ret, struct ord_err *err)
{
	*ret = rules_schema();
	return *ret ? 0 : ord_fail_nomem(err);
}
