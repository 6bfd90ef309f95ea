/*
 * "available >= 3", "Available=True and updated = desired", "count(.status.phase = Running) >= 3":
 * what a kube probe asks. By hand, as the other sentences are: every mistake has its byte.
 */
#include "ordeal/that.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "ordeal/fault.h"

struct scan {
	const char *text, *p, *kind;
	bool of_set, quoted;
	char word[128];
	size_t at;
	struct ord_that_mistake *mistake;
};

static int wrong(struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct scan *s, const char *fmt, ...)
{
	va_list ap;

	s->mistake->at = s->at;
	va_start(ap, fmt);
	(void)vsnprintf(s->mistake->text, sizeof s->mistake->text, fmt, ap);
	va_end(ap);
	return -1;
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._-/$", c)) || (unsigned char)c >= 0x80;
}

/* Letters and the like, with what stands in brackets; or a text in quotes; or a comparison; or one
 * sign. "" at the end. */
static int next(struct scan *s)
{
	size_t n = 0;
	char quote;

	while (isspace((unsigned char)*s->p))
		s->p++;
	s->at = (size_t)(s->p - s->text);
	s->quoted = *s->p == '\'' || *s->p == '"';
	quote = *s->p;
	if (s->quoted) {
		while (s->p[n + 1] && s->p[n + 1] != quote)
			n++;
		if (!s->p[n + 1])
			return wrong(s, "the %c that ends the text is missing", quote);
		(void)snprintf(s->word, sizeof s->word, "%.*s", (int)n, s->p + 1);
		s->p += n + 2;
		return n < sizeof s->word ? 0 : wrong(s, "a text of more than 127 bytes");
	}
	while (in_word(s->p[n]) || s->p[n] == '[') {
		if (s->p[n] == '[')
			n += strcspn(s->p + n, "]");
		if (s->p[n])
			n++;
	}
	if (!n && *s->p && strchr("<>=!", *s->p))
		n = strspn(s->p, "<>=!");
	else if (!n && *s->p)
		n = 1;
	if (n >= sizeof s->word)
		return wrong(s, "a word of more than 127 bytes");
	(void)snprintf(s->word, sizeof s->word, "%.*s", (int)n, s->p);
	s->p += n;
	return 0;
}

/* Words for counts that objects of a kind keep; 0 where they leave one out. */
static const struct {
	const char *kind, *word, *path;
} figures[] = {
	{"Deployment", "desired", ".spec.replicas"},
	{"Deployment", "replicas", ".status.replicas"},
	{"Deployment", "ready", ".status.readyReplicas"},
	{"Deployment", "available", ".status.availableReplicas"},
	{"Deployment", "unavailable", ".status.unavailableReplicas"},
	{"Deployment", "updated", ".status.updatedReplicas"},
	{"StatefulSet", "desired", ".spec.replicas"},
	{"StatefulSet", "replicas", ".status.replicas"},
	{"StatefulSet", "ready", ".status.readyReplicas"},
	{"StatefulSet", "available", ".status.availableReplicas"},
	{"StatefulSet", "updated", ".status.updatedReplicas"},
	{"ReplicaSet", "desired", ".spec.replicas"},
	{"ReplicaSet", "replicas", ".status.replicas"},
	{"ReplicaSet", "ready", ".status.readyReplicas"},
	{"ReplicaSet", "available", ".status.availableReplicas"},
	{"DaemonSet", "desired", ".status.desiredNumberScheduled"},
	{"DaemonSet", "ready", ".status.numberReady"},
	{"DaemonSet", "available", ".status.numberAvailable"},
	{"DaemonSet", "unavailable", ".status.numberUnavailable"},
	{"DaemonSet", "updated", ".status.updatedNumberScheduled"},
	{"Job", "desired", ".spec.completions"},
	{"Job", "active", ".status.active"},
	{"Job", "ready", ".status.ready"},
	{"Job", "succeeded", ".status.succeeded"},
	{"Job", "failed", ".status.failed"},
	{"HorizontalPodAutoscaler", "replicas", ".status.currentReplicas"},
	{"HorizontalPodAutoscaler", "desired", ".status.desiredReplicas"},
	{"PodDisruptionBudget", "allowed", ".status.disruptionsAllowed"},
	{"PodDisruptionBudget", "healthy", ".status.currentHealthy"},
	{"PodDisruptionBudget", "desired", ".status.desiredHealthy"},
	{"EndpointSlice", "endpoints", "#endpoints"},
};

static bool figure(const struct scan *s, const char *word, struct ord_operand *ret)
{
	for (size_t i = 0; i < ORD_COUNT(figures); i++)
		if (!strcmp(figures[i].kind, s->kind) && !strcmp(figures[i].word, word)) {
			ret->kind = ORD_OPERAND_PATH;
			ret->zero = true;
			(void)snprintf(ret->path, sizeof ret->path, "%s", figures[i].path);
			return true;
		}
	return false;
}

/* ".a.b[0]['c.d']" */
static bool path_ok(const char *p)
{
	while (*p) {
		if (*p == '[') {
			const char *end = strchr(p, ']');
			size_t n = end ? (size_t)(end - p) - 1 : 0;
			bool key = n > 2 && (p[1] == '\'' || p[1] == '"') && end[-1] == p[1];

			if (!key && (!n || strspn(p + 1, "0123456789") != n || n > 6))
				return false;
			p = end + 1;
		} else if (*p == '.') {
			size_t n = strcspn(p + 1, ".[");

			if (!n)
				return false;
			p += n + 1;
		} else {
			return false;
		}
	}
	return true;
}

static int no_figure(struct scan *s)
{
	const char *names[ORD_COUNT(figures)], *near;
	char list[160] = "";
	size_t n = 0;

	for (size_t i = 0; i < ORD_COUNT(figures); i++)
		if (!strcmp(figures[i].kind, s->kind)) {
			size_t used = strlen(list);

			(void)snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "",
				       figures[i].word);
			names[n++] = figures[i].word;
		}
	near = ord_nearest(s->word, names, n);
	if (near)
		return wrong(s, "a %s has no figure '%.40s'; did you mean '%s'?", s->kind, s->word,
			     near);
	return wrong(s,
		     "a %s has no figure '%.40s'; there %s %s%spaths as in '.status.phase', and "
		     "conditions as in 'Ready=True'",
		     s->kind, s->word, n == 1 ? "is" : "are", list, n ? ", " : "");
}

static int operator_of(struct scan *s, enum ord_that_op *ret)
{
	static const struct {
		const char *sign;
		enum ord_that_op op;
	} ops[] = {{"=", ORD_THAT_EQ}, {"==", ORD_THAT_EQ}, {"!=", ORD_THAT_NE},
		   {"<", ORD_THAT_LT}, {"<=", ORD_THAT_LE}, {">", ORD_THAT_GT},
		   {">=", ORD_THAT_GE}};

	if (next(s))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(ops); i++)
		if (!s->quoted && !strcmp(s->word, ops[i].sign)) {
			*ret = ops[i].op;
			return 0;
		}
	return wrong(s,
		     "%s%s%s is not a comparison; write =, !=, <, <=, > or >=", *s->word ? "'" : "",
		     *s->word ? s->word : "the end", *s->word ? "'" : "");
}

static int number_of(struct scan *s, int64_t *ret)
{
	struct ord_err err;

	if (next(s))
		return -1;
	if (!*s->word)
		return wrong(s, "a number is missing, as in '>= 3'");
	if (ord_parse_int(s->word, 0, INT32_MAX, ret, &err))
		return wrong(s, "'%.60s' is not a number to compare a count with", s->word);
	return 0;
}

/* The right side: a number, a text, a figure or a path of the same object. */
static int right_side(struct scan *s, struct ord_operand *o)
{
	if (next(s))
		return -1;
	if (!*s->word && !s->quoted)
		return wrong(s, "what it is compared with is missing, as in '>= 3'");
	(void)snprintf(o->word, sizeof o->word, "%.63s", s->word);
	if (s->quoted) {
		o->kind = ORD_OPERAND_TEXT;
	} else if (*s->word == '.') {
		o->kind = ORD_OPERAND_PATH;
		if (!path_ok(s->word))
			return wrong(s, "'%.80s' is not a path; write it as in '.status.phase'",
				     s->word);
		(void)snprintf(o->path, sizeof o->path, "%s", s->word);
	} else if (!ord_parse_int(s->word, INT32_MIN, INT32_MAX, &o->number, NULL)) {
		o->kind = ORD_OPERAND_NUMBER;
	} else if (!figure(s, s->word, o)) {
		o->kind = ORD_OPERAND_TEXT;
	}
	if (o->kind == ORD_OPERAND_TEXT && strlen(s->word) >= sizeof o->word)
		return wrong(s, "a text of more than %zu bytes", sizeof o->word - 1);
	return 0;
}

static bool is_status(const char *word)
{
	return !strcmp(word, "True") || !strcmp(word, "False") || !strcmp(word, "Unknown");
}

/* The word that begins it has been read. */
static int test(struct scan *s, struct ord_test *t)
{
	size_t at = s->at;
	char word[sizeof s->word];
	bool path = *s->word == '.', known;

	if (!*s->word || s->quoted || !in_word(*s->word))
		return wrong(s, "a test begins with a figure ('ready'), a path ('.status.phase') "
				"or a condition ('Ready=True')");
	memcpy(word, s->word, sizeof word);
	(void)snprintf(t->left.word, sizeof t->left.word, "%.63s", word);
	known = path || figure(s, word, &t->left);
	if (path) {
		t->left.kind = ORD_OPERAND_PATH;
		(void)snprintf(t->left.path, sizeof t->left.path, "%s", word);
		if (!path_ok(word))
			return wrong(s, "'%.80s' is not a path; write it as in '.status.phase'",
				     word);
	}
	if (!known && islower((unsigned char)*word) && !strchr(word, '/'))
		return no_figure(s);
	if (operator_of(s, &t->op) || right_side(s, &t->right))
		return -1;
	t->condition = !known;
	if (known) {
		if (t->right.kind == ORD_OPERAND_TEXT && t->op > ORD_THAT_NE)
			return wrong(s,
				     "'%.60s' is a text: compare it with = or !=", t->right.word);
		return 0;
	}
	if (strlen(word) >= sizeof t->left.word) {
		s->at = at;
		return wrong(s, "a condition's name of more than 63 bytes");
	}
	if (t->op != ORD_THAT_EQ || !is_status(t->right.word))
		return wrong(s, "a condition is True, False or Unknown, as in '%.40s=True'", word);
	return 0;
}

static int sum_of(struct scan *s, struct ord_operand *o)
{
	o->kind = ORD_OPERAND_PATH;
	o->zero = true;
	(void)snprintf(o->path, sizeof o->path, "%s", s->word);
	if (figure(s, s->word, o) || (*s->word == '.' && path_ok(s->word)))
		return 0;
	return no_figure(s);
}

/* "(TEST)" or, of a sum, "(PATH)". */
static int bracket(struct scan *s, struct ord_that_term *t)
{
	if (next(s)) /* the bracket */
		return -1;
	if (next(s))
		return -1;
	if (t->scope == ORD_THAT_SUM ? sum_of(s, &t->test.left) : test(s, &t->test))
		return -1;
	if (next(s))
		return -1;
	if (strcmp(s->word, ")") != 0)
		return wrong(s, "')' is wanted here, not '%.40s'", *s->word ? s->word : "the end");
	return 0;
}

/* "count >= 3", "count(TEST) >= 3", "sum(PATH) >= 3", "all(TEST)", "any(TEST)" */
static int set_term(struct scan *s, struct ord_that_term *t)
{
	static const struct {
		const char *word;
		enum ord_that_scope scope;
	} words[] = {{"count", ORD_THAT_COUNT},
		     {"sum", ORD_THAT_SUM},
		     {"all", ORD_THAT_ALL},
		     {"any", ORD_THAT_ANY}};
	size_t i = 0;

	while (i < ORD_COUNT(words) && strcmp(s->word, words[i].word) != 0)
		i++;
	(void)snprintf(t->word, sizeof t->word, "%.63s", s->word);
	if (i < ORD_COUNT(words)) {
		t->scope = words[i].scope;
		while (isspace((unsigned char)*s->p))
			s->p++;
		t->has_test = *s->p == '(';
		if (!t->has_test && t->scope != ORD_THAT_COUNT) {
			(void)next(s);
			return wrong(s, "'%s' needs a test in brackets, as in '%s(%s)'", t->word,
				     t->word,
				     t->scope == ORD_THAT_SUM ? ".status.replicas" : "Ready=True");
		}
		if (t->has_test && bracket(s, t))
			return -1;
	} else if ((!strcmp(s->kind, "Pod") || !strcmp(s->kind, "Node")) &&
		   !strcmp(s->word, "ready")) {
		t->scope = ORD_THAT_COUNT;
		t->has_test = true;
		t->test = (struct ord_test){.condition = true,
					    .alive = true,
					    .left.word = "Ready",
					    .right.word = "True"};
	} else if (figure(s, s->word, &t->test.left)) {
		t->scope = ORD_THAT_SUM;
		t->has_test = true;
	} else {
		return wrong(s,
			     "of a set, ask 'count >= 3', 'ready >= 3', 'count(TEST) >= 3', "
			     "'sum(PATH) >= 3', 'all(TEST)' or 'any(TEST)', not '%.40s'",
			     *s->word ? s->word : "nothing");
	}
	if (t->scope == ORD_THAT_ALL || t->scope == ORD_THAT_ANY)
		return 0;
	return operator_of(s, &t->op) || number_of(s, &t->number) ? -1 : 0;
}

static int term(struct scan *s, struct ord_that_term *t)
{
	if (next(s))
		return -1;
	if (s->of_set)
		return set_term(s, t);
	if (!strcmp(s->word, "exists") || !strcmp(s->word, "absent")) {
		t->scope = *s->word == 'e' ? ORD_THAT_EXISTS : ORD_THAT_ABSENT;
		return 0;
	}
	t->scope = ORD_THAT_OBJECT;
	t->has_test = true;
	return test(s, &t->test);
}

static int fold(struct scan *s, char out[static ORD_THAT_TEXT])
{
	size_t n = 0;

	for (const char *p = s->text; *p; p++) {
		if (!isspace((unsigned char)*p))
			out[n++] = *p;
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
		if (n >= ORD_THAT_TEXT)
			return wrong(s, "longer than %d characters", ORD_THAT_TEXT - 1);
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return 0;
}

int ord_that_parse(const char *text, const char *kind, bool of_set, struct ord_that *ret,
		   struct ord_that_mistake *mistake)
{
	struct scan s = {
		.text = text, .p = text, .kind = kind, .of_set = of_set, .mistake = mistake};
	struct ord_that that = {.of_set = of_set};

	if (fold(&s, that.text))
		return -1;
	do {
		if (that.n == ORD_THAT_TERMS)
			return wrong(&s, "more than %d terms", ORD_THAT_TERMS);
		if (term(&s, &that.v[that.n++]) || next(&s))
			return -1;
	} while (!s.quoted && !strcmp(s.word, "and"));
	if (*s.word)
		return wrong(&s, "nothing but 'and' may follow here, and '%.40s' does", s.word);
	*ret = that;
	return 0;
}
