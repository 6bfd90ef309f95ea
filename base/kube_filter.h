/* A filter's fields as tables, so that freeing, copying and both directions of JSON are one loop
 * each. */
#ifndef ORDEAL_BASE_KUBE_FILTER_H
#define ORDEAL_BASE_KUBE_FILTER_H

#include "ordeal/kube.h"

struct kube_field {
	const char *key;
	size_t offset; /* in struct ord_kube_filter */
};

#define KUBE_LISTS 7 /* struct ord_texts */
#define KUBE_WORDS 5 /* char * */
#define KUBE_AGES  2 /* uint64_t */
extern const struct kube_field kube_lists[KUBE_LISTS], kube_words[KUBE_WORDS], kube_ages[KUBE_AGES];

static inline void *kube_field(struct ord_kube_filter *f, size_t offset)
{
	return (char *)f + offset;
}

static inline const void *kube_const_field(const struct ord_kube_filter *f, size_t offset)
{
	return (const char *)f + offset;
}

#endif
