/*
 * What this kernel's nftables have, asked without a change: of a batch that has no end the kernel
 * reads every message, loads the modules that it needs, says what is wrong, and takes nothing
 * (nft(8), --check). That waits for a grace period of RCU, 5 to 20 ms: so it is asked in `check`,
 * and only where nothing else tells.
 *
 * inject sends what will be taken. A batch that is refused there waits as long, and while the
 * kernel takes its hooks back it drops whatever the packet queues of the namespace hold.
 */
#ifndef ORDEAL_ENGINES_NFT_CAN_H
#define ORDEAL_ENGINES_NFT_CAN_H

#include <stdbool.h>

#include "nft.h"

/*
 * The batch's expressions are there: ORD_SKIP names one that is not. Where the kernel has modules,
 * those that are not loaded are loaded here: within inject that could take longer than a guardian
 * waits for a sign of life. Asks nothing where all are loaded, or the kernel has no modules.
 */
int nft_can_load(const struct nft_batch *b, struct nl_talk *t, struct ord_err *err);

/* How a packet gets to a queue (nft_queue): by nftables' own expression, else by the target of
 * xtables. ORD_SKIP: by neither. */
int nft_can_queue(struct nl_talk *t, bool *ret_xtables, struct ord_err *err);

/* A packet's control group can be asked (nft_cgroup). ORD_SKIP: it cannot. */
int nft_can_cgroup(struct nl_talk *t, struct ord_err *err);

#endif
