/* What changing the history and reading it share. */
#ifndef ORDEAL_HISTORY_ENTER_H
#define ORDEAL_HISTORY_ENTER_H

#include "history/store/store.h"
#include "ordeal/history.h"

int enter_report(struct store *s, const char *home, const char *name, const json_t *report,
		 struct ord_err *err);
/* Makes an empty history where there is none. Locked. */
int enter_first(const struct ord_history *h, struct ord_err *err);
/* Opens it for a change, made where it is not there; the lock is held until *ret_lock is closed. */
int enter_open(const struct ord_history *h, uint64_t patience_ns, int *ret_lock, struct store **ret,
	       struct ord_err *err);

#endif
