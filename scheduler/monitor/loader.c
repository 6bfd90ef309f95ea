/*
 * The calls of ordeal/monitor.h in `ordeal`: each goes to the module, which is opened at first use,
 * as scheduler/cluster/loader.c does it.
 */
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/monitor/table.h"

#define FILE_NAME "ordeal-monitor.so"

static const struct monitor_calls *calls;

static bool there(char out[PATH_MAX], const char *dir, const char *below)
{
	int n = snprintf(out, PATH_MAX, "%s/%s" FILE_NAME, dir, below);

	return n > 0 && n < PATH_MAX && access(out, R_OK) == 0;
}

static int find_module(char out[PATH_MAX], struct ord_err *err)
{
	static const char *const beside[] = {
		"../scheduler/monitor/module/",	   /* build tree, from cli/ */
		"../../scheduler/monitor/module/", /* build tree, from tests/unit/ */
		"../lib/ordeal/",		   /* a moved installation */
	};
	const char *env = secure_getenv("ORDEAL_MODULES");
	char self[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (env && *env == '/' && there(out, env, ""))
		return 0;
	if (n > 0) {
		self[n] = '\0';
		(void)dirname(self);
		for (size_t i = 0; i < ORD_COUNT(beside); i++)
			if (there(out, self, beside[i]))
				return 0;
	}
	if (there(out, ORDEAL_MODULE_DIR, ""))
		return 0;
	return ord_fail(err, ORD_SKIP,
			"asking Prometheus or Alertmanager needs " FILE_NAME ", which is not in %s",
			ORDEAL_MODULE_DIR);
}

static int load(struct ord_err *err)
{
	const struct monitor_calls *found;
	char path[PATH_MAX];
	void *module;

	if (calls)
		return 0;
	if (find_module(path, err))
		return -1;
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		return ord_fail(err, ORD_SKIP,
				"asking Prometheus or Alertmanager needs its module: %.300s",
				dlerror());
	found = dlsym(module, MONITOR_SYMBOL);
	if (!found || found->size != sizeof *found)
		return ord_fail(err, ORD_SYS, "%s is not the module of this version", path);
	calls = found;
	return 0;
}

#define ORD_OPENS(name, parameters, arguments)                 \
	int name parameters                                    \
	{                                                      \
		return load(err) ? -1 : calls->name arguments; \
	}
#define ORD_CALL(type, name, parameters, arguments) \
	type name parameters                        \
	{                                           \
		return calls->name arguments;       \
	}
#define ORD_DROP(name, parameters, arguments)  \
	void name parameters                   \
	{                                      \
		if (calls)                     \
			calls->name arguments; \
	}
#include "scheduler/monitor/calls.def"
