/*
 * JSON, strictly: one text, limits on size and depth, duplicate keys and NUL refused. Getters name
 * the key in their errors (ORD_USAGE) and leave their result untouched on failure. Texts and
 * children that they hand out are borrowed from the object.
 */
#ifndef ORDEAL_BASE_JSON_H
#define ORDEAL_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/auto.h"
#include "ordeal/err.h"

ORD_AUTO(json, json_t, json_decref);

struct ord_json_limits {
	size_t size;	/* bytes of the text */
	unsigned depth; /* nested objects and arrays; the outermost counts as 1 */
	bool integers;	/* refuse real numbers */
};

/* The limits of a request and of an event (docs/formats/protocol.md). */
extern const struct ord_json_limits ord_json_protocol;

/* The text must hold one object or array and nothing else. *ret is owned by the caller. */
int ord_json_parse(const char *text, size_t size, const struct ord_json_limits *limits,
		   json_t **ret, struct ord_err *err);
/* Compact, keys sorted: equal values give equal bytes. Owned; NULL: out of memory. */
char *ord_json_dump(const json_t *json);

/* Any value, laid out by jansson's JSON_INDENT(n), JSON_COMPACT and JSON_ENSURE_ASCII, keys in
 * their own order; real numbers as ord_format_real() does. -1: it could not
 * be written, or there is no memory. */
int ord_json_print(const json_t *json, size_t flags, FILE *out);

/* Refuses a value that is no object, and every key that is not among the n known ones. */
int ord_json_keys(const json_t *object, const char *const *known, size_t n, struct ord_err *err);

bool ord_json_has(const json_t *object, const char *key);
int ord_json_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *ret,
		 struct ord_err *err);
int ord_json_uint(const json_t *object, const char *key, uint64_t max, uint64_t *ret,
		  struct ord_err *err);
int ord_json_bool(const json_t *object, const char *key, bool *ret, struct ord_err *err);
/* At most max bytes. */
int ord_json_text(const json_t *object, const char *key, size_t max, const char **ret,
		  struct ord_err *err);
/* Copies into out, of that many bytes. */
int ord_json_copy(const json_t *object, const char *key, char *out, size_t size,
		  struct ord_err *err);
int ord_json_array(const json_t *object, const char *key, size_t max, json_t **ret,
		   struct ord_err *err);
int ord_json_object(const json_t *object, const char *key, json_t **ret, struct ord_err *err);

/* The same where the key may be absent: *ret stays as it was then. */
int ord_json_opt_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *ret,
		     struct ord_err *err);
int ord_json_opt_uint(const json_t *object, const char *key, uint64_t max, uint64_t *ret,
		      struct ord_err *err);
int ord_json_opt_bool(const json_t *object, const char *key, bool *ret, struct ord_err *err);
int ord_json_opt_text(const json_t *object, const char *key, size_t max, const char **ret,
		      struct ord_err *err);
int ord_json_opt_copy(const json_t *object, const char *key, char *out, size_t size,
		      struct ord_err *err);

#endif
