/* Listing runs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "history/module/enter.h"
#include "history/module/folder.h"
#include "history/module/get.h"
#include "history/module/missed.h"
#include "history/module/place.h"
#include "history/module/record.h"
#include "history/module/tags.h"
#include "ordeal/fault.h"

/* What was missed lately is worth that much of a wait, and no more. */
#define PATIENCE (500 * ORD_MS)

static int check_verdict(const char *verdict, struct ord_err *err)
{
	static const char *const others[] = {"skipped", "interrupted"};
	const char *all[RECORD_VERDICTS + ORD_COUNT(others)], *near;

	if (!verdict)
		return 0;
	memcpy(all, record_verdicts, sizeof record_verdicts);
	memcpy(all + RECORD_VERDICTS, others, sizeof others);
	for (size_t i = 0; i < ORD_COUNT(all); i++)
		if (!strcmp(verdict, all[i]))
			return 0;
	near = ord_nearest(verdict, all, ORD_COUNT(all));
	return ord_fail(err, ORD_USAGE,
			"verdict: '%.40s' is none%s%s%s; there are passed, failed, refused, "
			"aborted, unsteady, inconclusive, error, skipped and interrupted",
			verdict, near ? ", did you mean '" : "", near ? near : "",
			near ? "'?" : "");
}

/* ---- pages: "1793440800000000000:20261031T100000Z-orders-aaaaaa", a start and what tells those of
 * the same instant apart, as history/store/list.c sorts them */

static json_t *cursor_of(const json_t *run)
{
	const char *folder = json_string_value(json_object_get(run, "folder"));

	if (folder)
		return json_sprintf("%" JSON_INTEGER_FORMAT ":%s", get_int(run, "started_ns"),
				    folder);
	return json_sprintf("%" JSON_INTEGER_FORMAT ":%s %s", get_int(run, "started_ns"),
			    get_text(run, "name"), get_text(run, "verdict"));
}

static int add_before(json_t *filter, const char *before, struct ord_err *err)
{
	const char *colon = before ? strchr(before, ':') : NULL;
	char digits[24];
	int64_t at;

	if (!before)
		return json_object_set_new(filter, "before", json_null()) ? ord_fail_nomem(err) : 0;
	(void)snprintf(digits, sizeof digits, "%.*s",
		       colon && colon - before < 22 ? (int)(colon - before) : 0, before);
	if (ord_parse_int(digits, INT64_MIN, INT64_MAX, &at, &(struct ord_err){0}))
		return ord_fail(err, ORD_USAGE,
				"before: '%.80s' is no page; give what another page has as its "
				"'before'",
				before);
	return json_object_set_new(filter, "before",
				   json_pack("{s:I,s:s}", "at", (json_int_t)at, "key", colon + 1))
		       ? ord_fail(err, ORD_USAGE, "before: it is no UTF-8")
		       : 0;
}

static int filter_text(const struct ord_history_filter *f, char **ret, struct ord_err *err)
{
	ord_auto(json) json_t *filter = json_pack(
		"{s:O?,s:O?,s:s?,s:s?,s:I,s:I,s:I,s:b}", "names", f->names, "labels", f->labels,
		"verdict", f->verdict, "folder", f->folder, "since", (json_int_t)f->since, "until",
		(json_int_t)f->until, "last",
		f->last && f->last < INT64_MAX ? (json_int_t)f->last : -1, "missed", f->missed);

	if (!filter)
		return ord_fail(err, ORD_USAGE, "what is asked for is no UTF-8");
	if (add_before(filter, f->before, err))
		return -1;
	if ((!f->names && json_object_set_new(filter, "names", json_array())) ||
	    (!f->labels && json_object_set_new(filter, "labels", json_object())))
		return ord_fail_nomem(err);
	*ret = ord_json_dump(filter);
	return *ret ? 0 : ord_fail_nomem(err);
}

/* ---- opening it */

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

static int absorb(const struct ord_history *h, struct ord_err *err)
{
	ord_autoclose int lock = -1;
	struct store *s;
	int r;

	if (enter_open(h, PATIENCE, &lock, &s, err))
		return -1;
	r = store_begin(s, err) || missed_absorb(h, s, err) || store_commit(s, err);
	store_close(s);
	return r ? -1 : 0;
}

/* Before a list with what was missed. Where it cannot be read on, as in a folder that is not ours,
 * the list is that of before. */
static void catch_up(const struct ord_history *h)
{
	struct ord_err err = {0};
	bool behind = true;
	char path[PATH_MAX];
	struct store *s;

	if (!missed_any(h))
		return;
	if (place_now(h, path) && !open_to_read(h, &s, &err)) {
		if (missed_behind(h, s, &behind, &err))
			behind = true;
		store_close(s);
	}
	if (behind)
		(void)absorb(h, &err);
}

/* ---- lists */

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

		if (!folder)
			continue;
		of = json_object_get(tags, folder);
		if (json_object_set_new(run, "gone", json_boolean(!folder_is_run(home, folder))) ||
		    json_object_set_new(run, "tags", of ? json_incref(of) : json_array()) ||
		    json_object_set_new(run, "tagged", json_boolean(of != NULL)))
			return ord_fail_nomem(err);
	}
	return 0;
}

static int list_text(const struct ord_history *h, const char *filter, char **ret,
		     struct ord_err *err)
{
	struct store *s;
	int r;

	if (open_to_read(h, &s, err))
		return -1;
	r = store_list(s, filter, ret, err);
	store_close(s);
	return r;
}

int ord_history_list(const struct ord_history *h, const struct ord_history_filter *filter,
		     json_t **ret, bool *ret_made, struct ord_err *err)
{
	ord_autofree char *asked = NULL, *text = NULL;
	ord_auto(json) json_t *runs = NULL;
	char path[PATH_MAX];

	if (check_verdict(filter->verdict, err) || filter_text(filter, &asked, err))
		return -1;
	if (filter->missed)
		catch_up(h);
	*ret_made = place_now(h, path);
	if (*ret_made && list_text(h, asked, &text, err))
		return -1;
	runs = text ? json_loads(text, 0, NULL) : json_array();
	if (!runs)
		return ord_fail_nomem(err);
	if (look(h->home, runs, err))
		return -1;
	*ret = ord_steal_ptr(runs);
	return 0;
}

/* One more than were asked for tells that there are more. */
static int page_of(json_t *runs, uint64_t last, json_t **ret)
{
	bool more = last && json_array_size(runs) > last;

	if (more && json_array_remove(runs, 0))
		return -1;
	*ret = json_pack("{s:i,s:O,s:o}", "schema", 1, "runs", runs, "before",
			 more ? cursor_of(json_array_get(runs, 0)) : json_null());
	return *ret ? 0 : -1;
}

int ord_history_page(const struct ord_history *h, const struct ord_history_filter *filter,
		     json_t **ret, struct ord_err *err)
{
	struct ord_history_filter one_more = *filter;
	ord_auto(json) json_t *runs = NULL;
	bool made;

	one_more.last += filter->last && filter->last < INT64_MAX;
	if (ord_history_list(h, &one_more, &runs, &made, err))
		return -1;
	return page_of(runs, filter->last, ret) ? ord_fail_nomem(err) : 0;
}

int ord_history_one(const struct ord_history *h, const char *run, json_t **ret, struct ord_err *err)
{
	struct ord_history_filter filter = ORD_HISTORY_ALL;
	ord_auto(json) json_t *runs = NULL;
	bool made;

	filter.folder = run;
	filter.since = INT64_MIN;
	if (ord_history_list(h, &filter, &runs, &made, err))
		return -1;
	if (!json_array_size(runs))
		return ord_fail(err, ORD_USAGE, "there is no run '%.120s' in the history", run);
	*ret = json_pack("{s:i,s:O}", "schema", 1, "run",
			 json_array_get(runs, json_array_size(runs) - 1));
	return *ret ? 0 : ord_fail_nomem(err);
}

int ord_history_trend(const struct ord_history *h, const char *name,
		      const struct ord_history_filter *filter, const char *figure, json_t **ret,
		      struct ord_err *err)
{
	ord_auto(json) json_t *names = json_pack("[s]", name), *runs = NULL;
	struct ord_history_filter of = *filter;
	bool made;

	if (!names)
		return ord_fail(err, ORD_USAGE, "the name of an experiment is UTF-8");
	of.names = names;
	of.missed = false;
	return ord_history_list(h, &of, &runs, &made, err)
		       ? -1
		       : ord_trend(name, runs, figure, ret, err);
}
