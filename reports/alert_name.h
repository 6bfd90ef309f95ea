/* What a channel of Prometheus or Alertmanager names. */
#ifndef ORDEAL_REPORTS_ALERT_NAME_H
#define ORDEAL_REPORTS_ALERT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/alert.h"

struct json_t;

/* The alert's name within the channel, len bytes; false: no channel of either. */
bool ord_alert_channel(const char *channel, const char **ret_name, size_t *ret_len);
enum ord_stage ord_alert_wanted(const char *channel); /* the stage that it waits for */
/* Whether an alert of these labels is one that the channel's matchers mean; NULL: not told, yes. */
bool ord_alert_matches(const char *channel, const struct json_t *labels);

#endif
