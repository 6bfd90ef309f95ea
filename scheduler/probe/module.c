/* Opens the http kind's module at first use: libcurl costs 3.6 ms at every start, and most commands
 * never probe. */
#include "base/module.h"
#include "scheduler/probe/probe.h"

int prb_http_module(const struct prb_kind **ret, struct ord_err *err)
{
	static const struct ord_module module = {
		.file = "ordeal-http.so",
		.folder = "scheduler/probe/http",
		.symbol = PRB_HTTP_SYMBOL,
		.what = "http probes",
	};
	static const struct prb_kind *kind;
	void *symbol;

	if (!kind) {
		if (ord_module_open(&module, &symbol, err))
			return -1;
		kind = symbol;
	}
	*ret = kind;
	return 0;
}
