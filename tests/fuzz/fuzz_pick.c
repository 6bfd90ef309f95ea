/*
 * Schedules that draw experiments: any bytes are read or refused with a reason, and what is read
 * names something to draw.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ordeal/pick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ord_pick pick;
	struct ord_mistakes m = {0};
	int rc = ord_pick_parse((const char *)data, size, NULL, 0, &pick, &m);

	if (rc && !m.n)
		abort();
	ord_mistakes_done(&m);
	if (rc)
		return 0;
	if (!ord_pick_named((const char *)data, size) || !pick.n_one_of ||
	    pick.schedule.kind == ORD_SCHEDULE_NONE)
		abort();
	for (size_t i = 0; i < pick.n_one_of; i++)
		if (!pick.one_of[i].text || !*pick.one_of[i].text)
			abort();
	if (ord_pick_chosen(&pick, (int64_t)size) >= pick.n_one_of)
		abort();
	ord_pick_done(&pick);
	return 0;
}
