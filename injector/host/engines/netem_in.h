/* How what came out of a netem is received by a device once more, and why that cannot be at some.
 */
#ifndef ORDEAL_ENGINES_NETEM_IN_H
#define ORDEAL_ENGINES_NETEM_IN_H

#include "link.h"

/*
 * What comes in at a device of ours comes in at another instead, with the mark (tc's clsact,
 * matchall, skbedit and mirred, which go with our device); read back. ORD_SKIP: this kernel has not
 * all of them.
 */
int netem_in_turn(struct nl_talk *t, int index, int into, uint32_t mark, struct ord_err *err);

/*
 * ORD_SKIP where something stands at the device that would see each packet twice: classifiers and
 * programs where packets come in, of tc or tcx, and XDP in its generic form.
 */
int netem_in_free(struct nl_talk *t, const struct link *device, struct ord_err *err);

#endif
