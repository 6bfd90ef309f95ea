/* What a child is started with. */
#ifndef ORDEAL_CHILD_MAKE_H
#define ORDEAL_CHILD_MAKE_H

#include "ordeal/child.h"

#define ARGS_MAX 64

/* Ours does not block. */
int make_pipe(int *ret_read, int *ret_write, struct ord_err *err);
/* Of two ends that are alike, ours and the child's; not a pipe, which would raise SIGPIPE. */
int make_gate(int *ret_ours, int *ret_its, struct ord_err *err);
/* The experiment's text, in memory. */
int make_input(const struct ord_child_options *o, int *ret, struct ord_err *err);
/* Borrows from the options and from `seed`. */
int make_argv(const struct ord_child_options *o, char seed[static 24],
	      const char *argv[static ARGS_MAX], struct ord_err *err);

#endif
