/* Who hears of what is done to single objects (inj_acted). */
#ifndef ORDEAL_LEASE_ACTED_H
#define ORDEAL_LEASE_ACTED_H

#include <jansson.h>

/* This process, and no child of it, tells `acted` events: the holder, whose standard output they go
 * to. */
void inj_acted_teller(void);
/*
 * What a revert leaves because another changed it meanwhile (`kept`) goes to this list too, a text
 * each: nobody may be there to hear of it, as of a guardian. Borrows; NULL ends it.
 */
void inj_kept_collect(json_t *texts);

#endif
