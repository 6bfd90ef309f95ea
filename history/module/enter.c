/* Entering a run. */
#include "history/module/enter.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "history/module/folder.h"
#include "history/module/get.h"
#include "history/module/place.h"

/* A run's end is not to wait for the history. */
#define PATIENCE (500 * ORD_MS)

int enter_report(struct store *s, const char *home, const char *name, const json_t *report,
		 struct ord_err *err)
{
	ord_auto(json) json_t *record = NULL;
	ord_autofree char *line = NULL;
	struct record_folder folder;

	if (folder_measure(home, name, &folder, err) || record_make(report, &folder, &record, err))
		return -1;
	line = ord_json_dump(record);
	return line ? store_enter(s, line, err) : ord_fail_nomem(err);
}

int enter_first(const struct ord_history *h, struct ord_err *err)
{
	char path[PATH_MAX];
	struct store *s;

	if (place_now(h, path))
		return 0;
	if (place_next(h, path, err) || store_open(path, STORE_MAKE, PLACE_PATIENCE, &s, err))
		return -1;
	store_close(s);
	return place_swap(h, path, err);
}

int enter_open(const struct ord_history *h, uint64_t patience_ns, int *ret_lock, struct store **ret,
	       struct ord_err *err)
{
	ord_autoclose int lock = -1;
	char path[PATH_MAX];

	if (place_lock(h, patience_ns, &lock, err) || enter_first(h, err))
		return -1;
	(void)place_now(h, path);
	if (store_open(path, STORE_WRITE, patience_ns, ret, err))
		return -1;
	*ret_lock = ord_steal_fd(&lock);
	return 0;
}

int ord_history_enter(const struct ord_history *h, const char *run, const json_t *report,
		      struct ord_err *err)
{
	const char *slash = strrchr(run, '/');
	ord_autoclose int lock = -1;
	struct store *s;
	int r;

	/* The report of one in progress; it enters itself when it ends. */
	if (!*get_text(report, "end_cause") && folder_lasts(h->home, slash ? slash + 1 : run))
		return 0;
	if (enter_open(h, PATIENCE, &lock, &s, err))
		return -1;
	r = enter_report(s, h->home, slash ? slash + 1 : run, report, err);
	store_close(s);
	return r;
}
