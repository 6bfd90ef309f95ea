/* Which runs a retention lets go, and letting them go. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"
#include "history/module/against.h"
#include "history/module/enter.h"
#include "history/module/folder.h"
#include "history/module/get.h"
#include "history/module/missed.h"
#include "history/module/place.h"
#include "history/module/prune.h"
#include "ordeal/history.h"

static bool goes(const json_t *run)
{
	return json_object_get(run, "why") != NULL;
}

/* Is it already in `seen`, by name? Then counts it. */
static int64_t count(json_t *seen, const json_t *run)
{
	int64_t n = get_int(seen, get_text(run, "name")) + 1;

	(void)json_object_set_new(seen, get_text(run, "name"), json_integer(n));
	return n;
}

/* Marks what stays whatever the rules say. From the newest on, so the first that passed is the
 * last that did. */
static void protect(json_t *runs)
{
	ord_auto(json) json_t *passed = json_object();

	for (size_t i = json_array_size(runs); i-- > 0;) {
		json_t *run = json_array_get(runs, i);
		bool last_passed = !get_true(run, "gone") && get_int(run, "exit") == 0 &&
				   count(passed, run) == 1;
		const char *kept = get_true(run, "tagged")	   ? "tagged"
				   : get_true(run, "lasting")	   ? "in progress"
				   : last_passed		   ? "the last that passed"
				   : *get_text(run, "baseline_of") ? "a baseline"
								   : NULL;

		if (kept)
			(void)json_object_set_new(run, "kept", json_string(kept));
	}
}

static void let_go(json_t *run, const char *why)
{
	if (!goes(run) && !json_object_get(run, "kept"))
		(void)json_object_set_new(run, "why", json_string(why));
}

/* Older than so long, beyond so many of one experiment, and rows whose folder is gone. */
static void by_age_and_count(json_t *runs, const struct ord_history_rules *rules)
{
	ord_auto(json) json_t *seen = json_object();

	for (size_t i = json_array_size(runs); i-- > 0;) {
		json_t *run = json_array_get(runs, i);
		char why[96], time[32];

		if (get_true(run, "gone")) {
			let_go(run, "its folder is gone");
			continue;
		}
		if (rules->keep_for_ns &&
		    get_int(run, "started_ns") < rules->now_ns - rules->keep_for_ns) {
			(void)snprintf(why, sizeof why, "older than %s",
				       ord_format_duration(rules->keep_for_ns, time));
			let_go(run, why);
		}
		if (count(seen, run) > (int64_t)rules->keep_last && rules->keep_last) {
			(void)snprintf(why, sizeof why, "not of the last %" PRIu64,
				       rules->keep_last);
			let_go(run, why);
		}
	}
}

int64_t prune_choose(json_t *runs, const struct ord_history_rules *rules)
{
	char why[96], size[32];
	int64_t stay = 0;
	json_t *run;
	size_t i;

	protect(runs);
	by_age_and_count(runs, rules);
	json_array_foreach (runs, i, run)
		if (!goes(run))
			stay += get_int(run, "bytes");
	if (rules->max_size < 0)
		return stay;
	(void)snprintf(why, sizeof why, "the oldest beyond %s",
		       ord_format_size(rules->max_size, size));
	json_array_foreach (runs, i, run) {
		if (stay <= rules->max_size)
			break;
		if (goes(run))
			continue;
		let_go(run, why);
		if (goes(run))
			stay -= get_int(run, "bytes");
	}
	return stay;
}

/* Sets `bytes` of each run's folder, and `lasting` where the run is in progress. */
static int measure(const struct ord_history *h, json_t *runs, struct ord_err *err)
{
	json_t *run;
	size_t i;

	json_array_foreach (runs, i, run) {
		const char *name = get_text(run, "folder");
		struct record_folder folder = {0};

		if (!get_true(run, "gone") && folder_measure(h->home, name, &folder, err))
			return -1;
		if (json_object_set_new(run, "bytes", json_integer((json_int_t)folder.bytes)) ||
		    json_object_set_new(run, "lasting", json_boolean(folder_lasts(h->home, name))))
			return ord_fail_nomem(err);
	}
	return 0;
}

int ord_history_choose(const struct ord_history *h, json_t *runs,
		       const struct ord_history_rules *rules, int64_t *ret_left,
		       struct ord_err *err)
{
	if (measure(h, runs, err))
		return -1;
	against_find(h, runs);
	*ret_left = prune_choose(runs, rules);
	return 0;
}

int ord_history_remove(const struct ord_history *h, const json_t *run, bool *ret_gone,
		       struct ord_err *err)
{
	const char *name = get_text(run, "folder");
	ord_autoclose int lock = -1;
	struct store *s;
	bool gone;
	int r;

	if (enter_open(h, PLACE_PATIENCE, &lock, &s, err))
		return -1;
	r = folder_remove(h->home, name, &gone, err) || (gone && store_remove(s, name, err));
	store_close(s);
	if (r)
		return -1;
	*ret_gone = gone;
	return 0;
}

int ord_history_sweep(const struct ord_history *h, struct ord_err *err)
{
	ord_autoclose int lock = -1;

	return place_lock(h, PLACE_PATIENCE, &lock, err) ? -1 : folder_sweep(h->home, err);
}

int ord_history_forget(const struct ord_history *h, int64_t before_ns, size_t *ret,
		       struct ord_err *err)
{
	ord_autoclose int lock = -1;
	struct store *s;
	int n, r;

	if (!missed_any(h)) {
		*ret = 0;
		return 0;
	}
	if (enter_open(h, PLACE_PATIENCE, &lock, &s, err))
		return -1;
	n = missed_forget(h, before_ns, err);
	r = n < 0 || store_begin(s, err) || missed_absorb(h, s, err) || store_commit(s, err);
	store_close(s);
	if (r)
		return -1;
	*ret = (size_t)n;
	return 0;
}
