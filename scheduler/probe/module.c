/* Opens the http kind's module at first use: libcurl costs 3.6 ms at every start, and most commands
 * never probe. */
#include "base/module.h"
#include "scheduler/probe/probe.h"

int prb_http_module(const struct prb_kind **ret, struct ord_err *err)
{
	static struct ord_module module = {
		.file = "ordeal-http.so",
		.folder = "scheduler/probe/http",
		.symbol = PRB_HTTP_SYMBOL,
		.what = "http probes",
	};
	void *found;

	if (ord_module_open(&module, &found, err))
		return -1;
	*ret = found;
	return 0;
}
