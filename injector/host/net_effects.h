/* Parameters of the faults as effects on packets. The names differ: what is `percent` in net.loss
 * is `loss` in net.impair. */
#ifndef ORDEAL_HOST_NET_EFFECTS_H
#define ORDEAL_HOST_NET_EFFECTS_H

#include "engines/fate.h"
#include "engines/fate_table.h"
#include "ordeal/fault.h"

/* delay, jitter and its distribution, slots. */
void net_effect_delay(const struct ord_args *args, const char *correlation,
		      struct fate_params *ret);
void net_effect_loss(const struct ord_args *args, const char *share, const char *correlation,
		     const char *model, struct fate_params *ret);
void net_effect_share(const struct ord_args *args, const char *share, const char *correlation,
		      struct fate_share *ret);
/* rate, burst, overheads. */
void net_effect_rate(const struct ord_args *args, struct fate_params *ret);

/* Half of the packets or more do not arrive: that is a cut. */
bool net_effect_cuts(const struct fate_params *p);

/* The table of a distribution from the file that the parameter names. Everybody must be able to
 * read it, since who asks for the fault may be allowed less than this process. */
int net_effect_table(const struct ord_args *args, const char *name,
		     int16_t ret[static FATE_TABLE_MAX], size_t *ret_n, struct ord_err *err);

#endif
