/* Pods by UID: a hash table that keeps their names and a few flags, not the objects. */
#ifndef ORDEAL_KUBE_KNOWN_H
#define ORDEAL_KUBE_KNOWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/kube.h"

#define INJ_KNOWN_BUCKETS 4096 /* of 50,000 pods a dozen in each */

struct inj_known {
	struct inj_known *next; /* in its bucket */
	/* The owner's. */
	unsigned flags;
	uint32_t group;
	int64_t born_ns;
	const char *ns, *name, *uid;
	char text[]; /* all three */
};

struct inj_known_table {
	struct inj_known *buckets[INJ_KNOWN_BUCKETS];
	size_t n;
};

/* NULL: it is not there. */
struct inj_known *inj_known_find(const struct inj_known_table *t, const char *uid);
/* The one of this object's metadata, made with no flag where it is new (*ret_new). NULL: out of
 * memory. */
struct inj_known *inj_known_note(struct inj_known_table *t, const json_t *meta, bool *ret_new);
void inj_known_drop(struct inj_known_table *t, struct inj_known *k);
void inj_known_done(struct inj_known_table *t);
void inj_known_object(const struct inj_known *k, struct ord_object *ret);
/* "" where there is no such text. */
const char *inj_json_text(const json_t *object, const char *key);

#endif
