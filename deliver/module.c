/* Opens the module that posts at first use: libcurl costs 3.6 ms at every start, and most commands
 * send nothing. */
#include <dlfcn.h>

#include "base/module.h"
#include "deliver/post.h"

#define FILE_NAME "ordeal-post.so"

int post_module(post_fn **ret, struct ord_err *err)
{
	static post_fn *post;
	char path[PATH_MAX];
	void *module, *symbol;

	if (!post) {
		if (ord_module_find(FILE_NAME, "deliver/post", ORDEAL_MODULE_DIR, path))
			return ord_fail(err, ORD_SKIP,
					"sending needs " FILE_NAME ", which is not in %s",
					ORDEAL_MODULE_DIR);
		module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!module)
			return ord_fail(err, ORD_SKIP, "sending: %.300s", dlerror());
		symbol = dlsym(module, POST_SYMBOL);
		if (!symbol)
			return ord_fail(err, ORD_SYS, "%s is not ordeal's module", path);
		/* POSIX says that this works; ISO C does not. */
		*(void **)&post = symbol;
	}
	*ret = post;
	return 0;
}
