/* What the files of the OpenMetrics writer share. */
#ifndef ORDEAL_REPORTS_WRITE_OPENMETRICS_H
#define ORDEAL_REPORTS_WRITE_OPENMETRICS_H

#include "reports/write/metrics.h"

/* Durations: of each repetition, and over them. */
int ord_om_figures(struct ord_metrics *m, struct ord_err *err);
void ord_om_probes(struct ord_metrics *m);
void ord_om_faults(struct ord_metrics *m);
/* One pass over all samples. */
void ord_om_latency(struct ord_metrics *m);
void ord_om_losses(struct ord_metrics *m);

/* Whether the repetition was begun; sets the time of its samples to its end. */
bool ord_om_rep(struct ord_metrics *m, uint32_t i);
void ord_om_number(uint32_t n, char out[static 12]);
/* Whether an earlier fault, or probe, has the same name. */
bool ord_om_fault_twin(const struct ord_timeline *t, size_t k);
bool ord_om_probe_twin(const struct ord_timeline *t, size_t p);

#endif
