/* The one call of `ordeal gameday`: it goes to the module, which is opened for it. */
#include "base/module.h"
#include "scheduler/gameday/table.h"

int ord_gameday_do(const struct ord_gameday_order *order, int *ret_exit, struct ord_err *err)
{
	static struct ord_module module = {
		.file = "ordeal-gameday.so",
		.folder = "scheduler/gameday/module",
		.symbol = GAMEDAY_SYMBOL,
		.what = "holding game days",
		.size = sizeof(struct gameday_calls),
	};
	const struct gameday_calls *calls;
	void *found;

	if (ord_module_open(&module, &found, err))
		return -1;
	calls = found;
	return calls->work(order, ret_exit, err);
}
