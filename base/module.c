#include "base/module.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool there(char out[PATH_MAX], const char *dir, const char *below, const char *file)
{
	int n = snprintf(out, PATH_MAX, "%s/%s%s%s", dir, below, *below ? "/" : "", file);

	return n > 0 && n < PATH_MAX && access(out, R_OK) == 0;
}

/* Beside the executable, which is in cli/ or tests/unit/ of the build tree, or in bin/. */
static bool beside(char out[PATH_MAX], const char *folder, const char *file)
{
	char self[PATH_MAX - 64], below[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return false;
	self[n] = '\0';
	(void)dirname(self);
	(void)snprintf(below, sizeof below, "../../%s", folder);
	return there(out, self, below + 3, file) || there(out, self, below, file) ||
	       there(out, self, "../lib/ordeal", file);
}

static bool find(const struct ord_module *m, char out[static PATH_MAX])
{
	const char *env = secure_getenv("ORDEAL_MODULES");

	return (env && *env == '/' && there(out, env, "", m->file)) ||
	       beside(out, m->folder, m->file) || there(out, ORDEAL_MODULE_DIR, "", m->file);
}

static int open_it(const struct ord_module *m, void **ret, struct ord_err *err)
{
	char path[PATH_MAX];
	void *module, *symbol;

	if (!find(m, path))
		return ord_fail(err, ORD_SKIP, "%s: this needs %s, which is not in %s", m->what,
				m->file, ORDEAL_MODULE_DIR);
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		return ord_fail(err, ORD_SKIP, "%s: %.300s", m->what, dlerror());
	symbol = dlsym(module, m->symbol);
	if (!symbol || (m->size && *(const size_t *)symbol != m->size))
		return ord_fail(err, ORD_SYS, "%s: %s is not the module of this version", m->what,
				path);
	*ret = symbol;
	return 0;
}

int ord_module_open(struct ord_module *m, void **ret_symbol, struct ord_err *err)
{
	if (!m->found && open_it(m, &m->found, err))
		return -1;
	*ret_symbol = m->found;
	return 0;
}
