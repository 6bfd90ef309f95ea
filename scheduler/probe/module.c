/* Opens the http kind's module at first use: libcurl costs 3.6 ms at every start, and most commands
 * never probe. */
#include <dlfcn.h>

#include "base/module.h"
#include "scheduler/probe/probe.h"

#define FILE_NAME "ordeal-http.so"

int prb_http_module(const struct prb_kind **ret, struct ord_err *err)
{
	static const struct prb_kind *kind;
	char path[PATH_MAX];
	void *module;

	if (!kind) {
		if (ord_module_find(FILE_NAME, "scheduler/probe/http", ORDEAL_MODULE_DIR, path))
			return ord_fail(err, ORD_SKIP,
					"http probes need " FILE_NAME ", which is not in %s",
					ORDEAL_MODULE_DIR);
		module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!module)
			return ord_fail(err, ORD_SKIP, "http probes: %.300s", dlerror());
		kind = dlsym(module, PRB_HTTP_SYMBOL);
		if (!kind)
			return ord_fail(err, ORD_SYS, "%s is not ordeal's module", path);
	}
	*ret = kind;
	return 0;
}
