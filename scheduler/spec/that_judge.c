/* Whether objects are as a probe wants them. Pure. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ordeal/that.h"

const char *ord_condition_status(const json_t *object, const char *type)
{
	const json_t *list = json_object_get(json_object_get(object, "status"), "conditions"), *c;
	size_t i;

	json_array_foreach (list, i, c) {
		const char *is = json_string_value(json_object_get(c, "type"));

		if (is && !strcmp(is, type))
			return json_string_value(json_object_get(c, "status"));
	}
	return NULL;
}

/* Borrowed; NULL: there is no such place. */
static const json_t *follow(const json_t *at, const char *p)
{
	while (at && *p) {
		size_t n;

		if (*p == '.') {
			n = strcspn(++p, ".[");
			at = json_object_getn(at, p, n);
			p += n;
			continue;
		}
		n = strcspn(++p, "]");
		if (*p == '\'' || *p == '"')
			at = json_object_getn(at, p + 1, n - 2);
		else
			at = json_array_get(at, strtoul(p, NULL, 10));
		p += n + 1;
	}
	return at;
}

/* An endpoint without `ready` counts as ready (the API's own rule). */
static int64_t endpoints(const json_t *slice)
{
	const json_t *e;
	int64_t n = 0;
	size_t i;

	json_array_foreach (json_object_get(slice, "endpoints"), i, e)
		n += !json_is_false(json_object_get(json_object_get(e, "conditions"), "ready"));
	return n;
}

struct worth {
	bool is_number, there;
	int64_t number;
	char text[64];
};

static struct worth worth_of(const struct ord_operand *o, const json_t *object)
{
	struct worth w = {.there = true};
	const json_t *v;

	if (o->kind == ORD_OPERAND_NUMBER || o->kind == ORD_OPERAND_TEXT) {
		w.is_number = o->kind == ORD_OPERAND_NUMBER;
		w.number = o->number;
		(void)snprintf(w.text, sizeof w.text, "%s", o->word);
		return w;
	}
	if (!strcmp(o->path, "#endpoints")) {
		w.is_number = true;
		w.number = endpoints(object);
	} else if (!(v = follow(object, o->path)) || json_is_null(v)) {
		w.is_number = w.there = o->zero;
	} else if (json_is_integer(v)) {
		w.is_number = true;
		w.number = json_integer_value(v);
	} else if (json_is_real(v)) {
		(void)snprintf(w.text, sizeof w.text, "%.17g", json_real_value(v));
	} else if (json_is_boolean(v)) {
		(void)snprintf(w.text, sizeof w.text, "%s", json_is_true(v) ? "true" : "false");
	} else {
		(void)snprintf(w.text, sizeof w.text, "%.63s",
			       json_is_string(v)   ? json_string_value(v)
			       : json_is_object(v) ? "{...}"
						   : "[...]");
	}
	if (w.is_number)
		(void)snprintf(w.text, sizeof w.text, "%" PRId64, w.number);
	return w;
}

static bool compare(int64_t a, enum ord_that_op op, int64_t b)
{
	switch (op) {
	case ORD_THAT_EQ:
		return a == b;
	case ORD_THAT_NE:
		return a != b;
	case ORD_THAT_LT:
		return a < b;
	case ORD_THAT_LE:
		return a <= b;
	case ORD_THAT_GT:
		return a > b;
	case ORD_THAT_GE:
		break;
	}
	return a >= b;
}

static const char *sign_of(enum ord_that_op op)
{
	static const char *const signs[] = {
		[ORD_THAT_EQ] = "=",  [ORD_THAT_NE] = "!=", [ORD_THAT_LT] = "<",
		[ORD_THAT_LE] = "<=", [ORD_THAT_GT] = ">",  [ORD_THAT_GE] = ">="};

	return signs[op];
}

static bool dying(const json_t *object)
{
	return json_object_get(json_object_get(object, "metadata"), "deletionTimestamp");
}

/* why may be NULL. */
static bool passes(const struct ord_test *t, const json_t *object, size_t size, char *why)
{
	const char *status;
	struct worth a, b;
	bool holds;

	if (t->condition) {
		status = ord_condition_status(object, t->left.word);
		if (why)
			(void)snprintf(why, size,
				       status ? "%s is %s, not %s" : "there is no condition %s",
				       t->left.word, status, t->right.word);
		return status && !strcmp(status, t->right.word) && !(t->alive && dying(object));
	}
	a = worth_of(&t->left, object);
	b = worth_of(&t->right, object);
	if (!a.there || !b.there) {
		if (why)
			(void)snprintf(why, size, "there is no %s",
				       a.there ? t->right.word : t->left.word);
		return t->op == ORD_THAT_NE;
	}
	if (a.is_number && b.is_number)
		holds = compare(a.number, t->op, b.number);
	else
		holds = t->op <= ORD_THAT_NE && (!strcmp(a.text, b.text) == (t->op == ORD_THAT_EQ));
	if (why && t->right.kind == ORD_OPERAND_PATH)
		(void)snprintf(why, size, "%s is %s, not %s %s (%s)", t->left.word, a.text,
			       sign_of(t->op), t->right.word, b.text);
	else if (why)
		(void)snprintf(why, size, "%s is %s, not %s %s", t->left.word, a.text,
			       sign_of(t->op), b.text);
	return holds;
}

struct ord_said ord_term_ask(const struct ord_that_term *term, const json_t *object)
{
	struct ord_said said = {.pass = true};

	if (term->scope == ORD_THAT_SUM) {
		struct worth w = worth_of(&term->test.left, object);

		said.number = w.is_number ? w.number : 0;
	} else if (term->has_test) {
		said.pass = passes(&term->test, object, 0, NULL);
	}
	return said;
}

void ord_tally_add(struct ord_tally *t, const struct ord_that *that, const struct ord_said *said,
		   int sign)
{
	t->n += (size_t)(int64_t)sign;
	for (size_t i = 0; i < that->n; i++) {
		if (said[i].pass)
			t->v[i].passed += (size_t)(int64_t)sign;
		t->v[i].sum += sign * said[i].number;
	}
}

static bool set_holds(const struct ord_that *that, size_t i, const struct ord_tally *tally,
		      size_t size, char *why)
{
	const struct ord_that_term *t = &that->v[i];
	size_t passed = tally->v[i].passed;
	int64_t n = t->scope == ORD_THAT_SUM ? tally->v[i].sum : (int64_t)passed;

	if (t->scope == ORD_THAT_ALL || t->scope == ORD_THAT_ANY) {
		(void)snprintf(why, size, "%zu of %zu pass, not %s", passed, tally->n, t->word);
		return passed && (t->scope == ORD_THAT_ANY || passed == tally->n);
	}
	(void)snprintf(why, size, "%s is %" PRId64 ", not %s %" PRId64, t->word, n, sign_of(t->op),
		       t->number);
	return compare(n, t->op, t->number);
}

bool ord_that_judge(const struct ord_that *that, const json_t *object,
		    const struct ord_tally *tally, size_t size, char *why)
{
	for (size_t i = 0; i < that->n; i++) {
		const struct ord_that_term *t = &that->v[i];
		bool holds;

		if (that->of_set) {
			holds = set_holds(that, i, tally, size, why);
		} else if (t->scope == ORD_THAT_ABSENT || !object) {
			holds = (t->scope == ORD_THAT_ABSENT) == !object;
			(void)snprintf(why, size, object ? "it is there" : "it is not there");
		} else {
			holds = t->scope == ORD_THAT_EXISTS || passes(&t->test, object, size, why);
		}
		if (!holds)
			return false;
	}
	if (size)
		*why = '\0';
	return true;
}
