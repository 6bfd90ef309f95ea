/* Who is asked what was detected, and the probes that ask the same servers. */
#ifndef ORDEAL_SPEC_DETECTION_H
#define ORDEAL_SPEC_DETECTION_H

#include "scheduler/spec/table.h"

/* detection.c */
extern const struct table table_detection, table_prometheus, table_alertmanager, table_webhook,
	table_log, table_slo;
extern const struct type type_share;
#define SHARE_MEANT 64
/* What is added where a share is beyond `most`: "99.9" may mean "99.9%". Returns out, "" where it
 * means nothing better. */
char *share_meant(const char *text, int64_t ppm, int64_t most, char out[static SHARE_MEANT]);
/* sequential.c */
extern const struct table table_sequential;
void check_sequential(struct reader *r, const struct node *root, const struct ord_spec *spec);
/* prom.c, dns.c */
extern const struct table table_prom, table_dns, table_dns_expect;

/* "OP NUMBER" of millionths. False, and the mistake is in the sink. */
bool comparison_read(struct reader *r, const struct key *key, const struct node *node,
		     enum ord_op *ret_op, int64_t *ret_millionths);

/* check_detection.c: what only the whole of an experiment can tell of channels. */
void check_detection(struct reader *r, const struct node *root, const struct ord_spec *spec);
/* Whether who is asked about the channel is there: else the line to add. Names the log's index of a
 * log. */
void check_source(struct reader *r, const struct node *node, enum ord_channel_kind source,
		  const char *channel, const struct ord_spec *spec);

#endif
