#include <stddef.h>

#include "base/auto.h"
#include "ordeal/far.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

int ord_far_or_here(const struct ord_target *target, uint64_t seed, struct ord_place *ret,
		    struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = NULL;

	if (!target->via)
		return ord_target_resolve(target, seed, ret, err);
	if (ord_far_open(target->via, NULL, &h, err) < 0)
		return -1;
	return ord_far_resolve(h, target, seed, ret, err);
}
