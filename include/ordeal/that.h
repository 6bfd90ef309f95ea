/*
 * What objects of a cluster must be, as a probe says it ("available >= 3"), and what of them is a
 * detection ("kubernetes:event/BackOff"). Plain structs, parsed by scheduler/spec and judged by
 * whoever watches; no cluster is needed for either.
 */
#ifndef ORDEAL_THAT_H
#define ORDEAL_THAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/kube.h"

#define ORD_THAT_TEXT  160
#define ORD_THAT_TERMS 4

struct json_t;

/* What a message says is wrong, and at which byte. */
struct ord_that_mistake {
	size_t at;
	char text[256];
};
/* Writes one down; -1, to return. */
int ord_that_wrong(struct ord_that_mistake *m, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum ord_that_op { ORD_THAT_EQ, ORD_THAT_NE, ORD_THAT_LT, ORD_THAT_LE, ORD_THAT_GT, ORD_THAT_GE };

enum ord_operand_kind { ORD_OPERAND_PATH, ORD_OPERAND_NUMBER, ORD_OPERAND_TEXT };

/* A path is ".status.readyReplicas"; figures ("ready") are paths whose absence is a 0. */
struct ord_operand {
	enum ord_operand_kind kind;
	char word[64];	/* as written */
	char path[128]; /* "#endpoints": the ready endpoints of a slice */
	bool zero;	/* absent counts as 0 */
	int64_t number;
};

/* One question about one object: a condition's status, or a comparison. */
struct ord_test {
	bool condition;	     /* left.word is its type, right.word its status */
	bool alive;	     /* false as well where the object is being deleted */
	enum ord_that_op op; /* of a condition: EQ */
	struct ord_operand left, right;
};

enum ord_that_scope {
	ORD_THAT_OBJECT, /* the test holds of the object */
	ORD_THAT_EXISTS, /* it is there; */
	ORD_THAT_ABSENT, /* it is not */
	ORD_THAT_COUNT,	 /* how many of the set pass the test (any, where has_test is false) */
	ORD_THAT_SUM,	 /* of test.left over the set */
	ORD_THAT_ALL,	 /* every one passes, and there is one */
	ORD_THAT_ANY,	 /* one passes */
};

struct ord_that_term {
	enum ord_that_scope scope;
	bool has_test;
	struct ord_test test;
	char word[64]; /* the count's or sum's, as written */
	enum ord_that_op op;
	int64_t number; /* COUNT, SUM: compared with */
};

/* Terms joined by `and`. */
struct ord_that {
	char text[ORD_THAT_TEXT]; /* as written, white space folded */
	bool of_set;
	size_t n;
	struct ord_that_term v[ORD_THAT_TERMS];
};

/* What a probe of kind `kube` watches. */
struct ord_kube_watch {
	char api_version[ORD_KUBE_VERSION], kind[ORD_KUBE_KIND];
	char ns[ORD_KUBE_NS], name[ORD_KUBE_NAME]; /* name "": the set of those that match */
	char *selector, *field_selector;	   /* owned; NULL: any */
	struct ord_that that;
};

/* kubernetes:[NS/]event/REASON or kubernetes:[NS/]KIND/NAME/CONDITION=STATUS; reason, name and
 * namespace may be globs. */
struct ord_kube_channel {
	bool is_event;
	char api_version[ORD_KUBE_VERSION], kind[ORD_KUBE_KIND];
	char ns[ORD_KUBE_NS]; /* "": where the targets are */
	char name[ORD_KUBE_NAME];
	char reason[128]; /* of an event; else the condition's type */
	char status[16];
};

/*
 * An owner as it is compared: "deploy/orders" and "Deployment/orders" are "Deployment/orders"; a
 * kind that is not known, or wild, stays as it is. ORD_USAGE: not KIND/NAME.
 */
#define ORD_OWNER_TEXT (ORD_KUBE_KIND + ORD_KUBE_NAME)
int ord_owner_parse(const char *text, char ret[static ORD_OWNER_TEXT], struct ord_err *err);

/*
 * A word for a kind ("deployment", "deploy", "pods", "Node") as API version and kind. -1: not among
 * those that are known without asking; ret_near (may be NULL) is then the nearest, or NULL.
 */
int ord_kind_word(const char *word, char api_version[static ORD_KUBE_VERSION],
		  char kind[static ORD_KUBE_KIND], bool *ret_namespaced, const char **ret_near);

/* Pure. kind: the words for figures depend on it. -1, and *mistake says what would be right. */
int ord_that_parse(const char *text, const char *kind, bool of_set, struct ord_that *ret,
		   struct ord_that_mistake *mistake);
/* "kubernetes:..." -1: the same. */
int ord_channel_parse(const char *text, struct ord_kube_channel *ret,
		      struct ord_that_mistake *mistake);

/* What one object says to one term: kept by who watches, so that a set is not asked again when one
 * of it changes. */
struct ord_said {
	bool pass;
	int64_t number; /* SUM */
};
struct ord_said ord_term_ask(const struct ord_that_term *term, const struct json_t *object);

/* A set as its sums say: of every term, how many passed, and the sum. */
struct ord_tally {
	size_t n; /* objects */
	struct {
		size_t passed;
		int64_t sum;
	} v[ORD_THAT_TERMS];
};
void ord_tally_add(struct ord_tally *t, const struct ord_that *that, const struct ord_said *said,
		   int sign);

/* Whether it holds. why: "" then, else what was seen: "available is 2, not >= 3". object: of an
 * object, NULL: it is not there. tally: of a set. */
bool ord_that_judge(const struct ord_that *that, const struct json_t *object,
		    const struct ord_tally *tally, size_t size, char *why);
/* The status of a condition of status.conditions; NULL where there is none. Borrowed. */
const char *ord_condition_status(const struct json_t *object, const char *type);

#endif
