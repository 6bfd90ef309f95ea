/* Listing runs. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "history/module/enter.h"
#include "history/module/folder.h"
#include "history/module/place.h"
#include "history/module/record.h"
#include "history/module/tags.h"
#include "ordeal/fault.h"

static int check_verdict(const char *verdict, struct ord_err *err)
{
	const char *near;

	if (!verdict)
		return 0;
	for (size_t i = 0; i < RECORD_VERDICTS; i++)
		if (!strcmp(verdict, record_verdicts[i]))
			return 0;
	near = ord_nearest(verdict, record_verdicts, RECORD_VERDICTS);
	return ord_fail(err, ORD_USAGE,
			"verdict: '%.40s' is none%s%s%s; there are passed, failed, refused, "
			"aborted, unsteady, inconclusive and error",
			verdict, near ? ", did you mean '" : "", near ? near : "",
			near ? "'?" : "");
}

static char *filter_text(const struct ord_history_filter *f)
{
	ord_auto(json) json_t *filter = json_pack(
		"{s:O?,s:O?,s:s?,s:I,s:I,s:I}", "names", f->names, "labels", f->labels, "verdict",
		f->verdict, "since", (json_int_t)f->since, "until", (json_int_t)f->until, "last",
		f->last && f->last < INT64_MAX ? (json_int_t)f->last : -1);

	if (!filter)
		return NULL;
	if (!f->names)
		(void)json_object_set_new(filter, "names", json_array());
	if (!f->labels)
		(void)json_object_set_new(filter, "labels", json_object());
	return ord_json_dump(filter);
}

/* For reading; one of an older version is brought to ours first. */
static int open_to_read(const struct ord_history *h, struct store **ret, struct ord_err *err)
{
	ord_autoclose int lock = -1;
	char path[PATH_MAX];

	/* A rebuild between finding and opening takes away the one that was found only when it is
	 * the second since: once more is enough. */
	for (int tries = 0;; tries++) {
		(void)place_now(h, path);
		if (!store_open(path, STORE_READ, PLACE_PATIENCE, ret, err))
			break;
		if (err->code != ORD_SYS || tries == 2)
			return -1;
	}
	return *ret ? 0 : enter_open(h, PLACE_PATIENCE, &lock, ret, err);
}

/* What the folders know, and not the database. */
static int look(const char *home, json_t *runs, struct ord_err *err)
{
	ord_auto(json) json_t *tags = NULL;
	json_t *run, *of;
	size_t i;

	if (tags_all(home, &tags, err))
		return -1;
	json_array_foreach (runs, i, run) {
		const char *folder = json_string_value(json_object_get(run, "folder"));

		of = json_object_get(tags, folder);
		if (json_object_set_new(run, "gone", json_boolean(!folder_is_run(home, folder))) ||
		    json_object_set_new(run, "tags", of ? json_incref(of) : json_array()) ||
		    json_object_set_new(run, "tagged", json_boolean(of != NULL)))
			return ord_fail_nomem(err);
	}
	return 0;
}

int ord_history_list(const struct ord_history *h, const struct ord_history_filter *filter,
		     json_t **ret, bool *ret_made, struct ord_err *err)
{
	ord_autofree char *asked = filter_text(filter), *text = NULL;
	ord_auto(json) json_t *runs = NULL;
	char path[PATH_MAX];
	struct store *s;
	int r;

	if (!asked)
		return ord_fail_nomem(err);
	if (check_verdict(filter->verdict, err))
		return -1;
	*ret_made = place_now(h, path);
	if (*ret_made) {
		if (open_to_read(h, &s, err))
			return -1;
		r = store_list(s, asked, &text, err);
		store_close(s);
		if (r)
			return -1;
	}
	runs = text ? json_loads(text, 0, NULL) : json_array();
	if (!runs)
		return ord_fail_nomem(err);
	if (look(h->home, runs, err))
		return -1;
	*ret = ord_steal_ptr(runs);
	return 0;
}
