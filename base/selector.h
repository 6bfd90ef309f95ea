/*
 * Label selectors, as kubectl and the API server read them:
 * "a=b,c!=d,e in (f,g),h notin (i),j,!k". Pure.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
#ifndef ORDEAL_BASE_SELECTOR_H
#define ORDEAL_BASE_SELECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

struct ord_selector;

/* ORD_USAGE with the column and what would be right. Keys and values by the API's own rules,
 * unless `annotations`: then a value may be any text, quoted where it holds a comma or a space. */
int ord_selector_parse(const char *text, bool annotations, struct ord_selector **ret,
		       struct ord_err *err);
/* The same; *ret_at becomes the mistake's byte, and err says only what is wrong there. */
int ord_selector_parse_at(const char *text, bool annotations, struct ord_selector **ret,
			  size_t *ret_at, struct ord_err *err);
void ord_selector_free(struct ord_selector *s); /* NULL is fine */
/* labels: the JSON object of metadata.labels (or annotations), NULL: none. */
bool ord_selector_matches(const struct ord_selector *s, const json_t *labels);
/* The first thing that they lack: "label app is api, not orders". what: "label", "annotation".
 * Returns out; "" where all holds. */
const char *ord_selector_why(const struct ord_selector *s, const char *what, const json_t *labels,
			     size_t size, char *out);

/*
 * A field selector: "status.phase=Running,spec.nodeName!=a", by the rules of apimachinery's
 * pkg/fields: what stands between commas is FIELD=VALUE, FIELD==VALUE or FIELD!=VALUE; in a value
 * ',', '=' and '\\' stand behind a '\\'. -1: *ret_at is the mistake's byte. each() (may be NULL) is
 * told where every field's name stands.
 */
int ord_fields_check(const char *text, void (*each)(void *arg, const char *field, size_t size),
		     void *arg, size_t *ret_at, struct ord_err *err);

/* A LabelSelector as objects hold it (matchLabels, matchExpressions), in kubectl's language; ""
 * selects all. Owned; NULL: out of memory, or it is none. */
char *ord_selector_of(const json_t *selector);
/* The same of a Service's spec.selector: a plain map. */
char *ord_selector_of_map(const json_t *map);

#endif
