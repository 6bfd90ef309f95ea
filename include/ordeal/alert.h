/* An alert as a channel: "prometheus:SlowOrders{severity="page"}/firing". */
#ifndef ORDEAL_ALERT_H
#define ORDEAL_ALERT_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/spec.h"

#define ORD_MATCHERS_MAX  8
#define ORD_ALERT_NAME	  128
#define ORD_MATCHER_NAME  64
#define ORD_MATCHER_VALUE 128

enum ord_alert_stage {
	ORD_ALERT_PENDING,  /* prometheus: it is true, and waits for its `for` */
	ORD_ALERT_FIRING,   /* prometheus */
	ORD_ALERT_RECEIVED, /* alertmanager: it has it */
	ORD_ALERT_ACTIVE,   /* alertmanager: it has it, and does not suppress it */
	ORD_ALERT_NOTIFIED, /* alertmanager: it told our webhook */
};
const char *ord_alert_stage_name(enum ord_alert_stage stage); /* "firing" */

struct ord_alert {
	bool alertmanager; /* else Prometheus */
	char name[ORD_ALERT_NAME];
	/* All must be equal; sorted by name. */
	struct {
		char name[ORD_MATCHER_NAME], value[ORD_MATCHER_VALUE];
	} labels[ORD_MATCHERS_MAX];
	size_t n_labels;
	enum ord_alert_stage stage;
};

/*
 * Reads a channel of either source; without a stage it is /firing, or /active. -1, and the mistake
 * says at which byte and what would be right.
 */
int ord_alert_parse(const char *text, struct ord_alert *ret, struct ord_that_mistake *mistake);
/* Writes it as it is called everywhere: labels sorted, with its stage. -1: it does not fit. */
int ord_alert_text(const struct ord_alert *alert, char out[static ORD_CHANNEL_MAX]);
/* How many bytes of the text are the channel: to the bracket or blank that is in no quotes. */
size_t ord_alert_length(const char *text);

#endif
