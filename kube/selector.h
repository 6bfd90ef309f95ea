/*
 * Label selectors, as kubectl and the API server read them:
 * "a=b,c!=d,e in (f,g),h notin (i),j,!k". Pure.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
#ifndef ORDEAL_KUBE_SELECTOR_H
#define ORDEAL_KUBE_SELECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

struct kube_selector;

/* ORD_USAGE with the column and what would be right. Keys and values by the API's own rules,
 * unless `annotations`: then a value may be any text, quoted where it holds a comma or a space. */
int kube_selector_parse(const char *text, bool annotations, struct kube_selector **ret,
			struct ord_err *err);
void kube_selector_free(struct kube_selector *s); /* NULL is fine */
/* labels: the JSON object of metadata.labels (or annotations), NULL: none. */
bool kube_selector_matches(const struct kube_selector *s, const json_t *labels);
/* The first thing that they lack: "label app is api, not orders". what: "label", "annotation".
 * Returns out; "" where all holds. */
const char *kube_selector_why(const struct kube_selector *s, const char *what, const json_t *labels,
			      size_t size, char *out);

/* A LabelSelector as objects hold it (matchLabels, matchExpressions), in kubectl's language; ""
 * selects all. Owned; NULL: out of memory, or it is none. */
char *kube_selector_of(const json_t *selector);
/* The same of a Service's spec.selector: a plain map. */
char *kube_selector_of_map(const json_t *map);

#endif
