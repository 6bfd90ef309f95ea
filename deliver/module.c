/* Opens the module that posts at first use: libcurl costs 3.6 ms at every start, and most commands
 * send nothing. */
#include "base/module.h"
#include "deliver/post.h"

int post_module(post_fn **ret, struct ord_err *err)
{
	static struct ord_module module = {
		.file = "ordeal-post.so",
		.folder = "deliver/post",
		.symbol = POST_SYMBOL,
		.what = "sending",
	};
	void *found;

	if (ord_module_open(&module, &found, err))
		return -1;
	/* POSIX says that this works; ISO C does not. */
	*(void **)ret = found;
	return 0;
}
