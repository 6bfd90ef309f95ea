/* What must stay reachable where a device of one's own network is set down. */
#ifndef ORDEAL_HOST_NET_DOWN_H
#define ORDEAL_HOST_NET_DOWN_H

#include "engines/link.h"
#include "injector/lease/injector.h"

/*
 * ORD_GUARD where the device is loopback, or packets to the default gateway or to who sits at this
 * machine by SSH leave by it: also as a port, or below the device of the route. Not where the
 * request says that it is meant. In the network namespace of the target, which is one's own.
 */
int net_down_guard(const struct inj_step *step, struct nl_talk *route, const struct link *device,
		   struct ord_err *err);
/* ORD_SKIP where devices sit on it that would go down with it, and come back otherwise. */
int net_down_above(struct nl_talk *route, const struct link *device, struct ord_err *err);

#endif
