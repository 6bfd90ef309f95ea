/* Whether all faults of this machine are halted. */
#ifndef ORDEAL_BASE_HALT_H
#define ORDEAL_BASE_HALT_H

#include <stdbool.h>

/* By root, or by this user: the mark that `ordeal halt` makes and `ordeal resume` takes away. */
bool ord_halted(void);

#endif
