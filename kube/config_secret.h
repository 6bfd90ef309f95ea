/*
 * Secrets in memory: pages of their own that no core file holds (MADV_DONTDUMP), locked where that
 * is allowed, wiped when they are replaced or freed. Nothing here is a descriptor or a thread: a
 * fork has them too.
 */
#ifndef ORDEAL_KUBE_CONFIG_SECRET_H
#define ORDEAL_KUBE_CONFIG_SECRET_H

#include <stddef.h>

#include "ordeal/err.h"

struct kube_secret {
	char *text;  /* NUL-terminated; NULL: none */
	size_t size; /* without the NUL */
	size_t room; /* of the mapping */
};

/* Room for that many bytes and a NUL, and size 0; what was there is wiped. */
int kube_secret_room(struct kube_secret *s, size_t size, struct ord_err *err);
int kube_secret_set(struct kube_secret *s, const void *data, size_t size, struct ord_err *err);
/* Fine on a zeroed one, which it is after. */
void kube_secret_done(struct kube_secret *s);
/* Wipes ordinary memory that held one; NULL is fine. */
void kube_wipe(void *data, size_t size);
/*
 * libcurl, the TLS library and the readers of YAML and JSON make copies that we cannot reach: leave
 * anonymous memory out of this process's core files (core(5), coredump_filter). Children have it
 * too.
 */
void kube_secret_guard_cores(void);

#endif
