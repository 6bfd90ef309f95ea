/* A notification as Alertmanager posts it to a webhook, version 4. Pure. */
#ifndef ORDEAL_MONITOR_NOTICE_H
#define ORDEAL_MONITOR_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define MON_NOTICE_SIZE	  (1u << 20)
#define MON_NOTICE_ALERTS 1000

struct json_t;

struct mon_notice_alert {
	const struct json_t *labels; /* an object of texts; borrowed */
	bool firing;		     /* else resolved */
	const char *starts, *ends, *fingerprint;
	int64_t starts_ns; /* since 1970, by Alertmanager's sender */
};

struct mon_notice {
	struct json_t *json; /* owned */
	const char *receiver, *group_key;
	int64_t truncated; /* alerts of the group that were left out */
	size_t n;
	struct mon_notice_alert *v; /* owned */
};

/* ORD_USAGE where it is none; what is right and not known to us (newer keys) is passed over. */
int mon_notice_parse(const char *text, size_t size, struct mon_notice *ret, struct ord_err *err);
void mon_notice_done(struct mon_notice *n);

#endif
