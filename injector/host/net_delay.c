/* net.delay: packets are late. */
#include "net_emulate.h"

const struct ord_injector inj_net_delay = {
	.name = "net.delay",
	NET_EMULATE_VERBS,
	.check = net_emulate_check,
};
