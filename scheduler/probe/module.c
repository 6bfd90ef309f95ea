/* Opens the http kind's module at first use: libcurl costs 3.6 ms at every start, and most commands
 * never probe. */
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/probe/probe.h"

#define FILE_NAME "ordeal-http.so"

static int find_module(char out[PATH_MAX], struct ord_err *err)
{
	static const char *const beside[] = {
		"../scheduler/probe/http/" FILE_NAME,	 /* build tree, from cli/ */
		"../../scheduler/probe/http/" FILE_NAME, /* build tree, from tests/unit/ */
		"../lib/ordeal/" FILE_NAME,		 /* a moved installation */
	};
	const char *env = secure_getenv("ORDEAL_MODULES");
	char self[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (env && *env == '/') {
		(void)snprintf(out, PATH_MAX, "%s/" FILE_NAME, env);
		if (access(out, R_OK) == 0)
			return 0;
	}
	if (n > 0) {
		self[n] = '\0';
		(void)dirname(self);
		for (size_t i = 0; i < ORD_COUNT(beside); i++) {
			(void)snprintf(out, PATH_MAX, "%s/%s", self, beside[i]);
			if (access(out, R_OK) == 0)
				return 0;
		}
	}
	(void)snprintf(out, PATH_MAX, "%s", ORDEAL_MODULE_DIR "/" FILE_NAME);
	if (access(out, R_OK) == 0)
		return 0;
	return ord_fail(err, ORD_SKIP, "http probes need " FILE_NAME ", which is not in %s",
			ORDEAL_MODULE_DIR);
}

int prb_http_module(const struct prb_kind **ret, struct ord_err *err)
{
	static const struct prb_kind *kind;
	char path[PATH_MAX];
	void *module;

	if (!kind) {
		if (find_module(path, err) < 0)
			return -1;
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
