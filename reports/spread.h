/* Making a summary: room, figures in the order of the repetitions, then what they come to. */
#ifndef ORDEAL_REPORTS_SPREAD_H
#define ORDEAL_REPORTS_SPREAD_H

#include "reports/analysis.h"

int ord_spread_room(struct ord_summary *s, size_t n, struct ord_err *err);
void ord_spread_add(struct ord_summary *s, const struct ord_rep *r, const struct ord_span *v);
int ord_spread(struct ord_summary *s, struct ord_err *err);
void ord_spread_done(struct ord_summary *s);

#endif
