/* What a plan's targets are on this machine now. The one part of the plan that looks at the
 * machine. */
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/sha256.h"
#include "ordeal/plan.h"

static int hash_place(const struct ord_place *place, char out[static ORD_HASH_HEX],
		      struct ord_err *err)
{
	ord_auto(json) json_t *json = ord_place_to_json(place);
	ord_autofree char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	if (!text)
		return ord_fail_nomem(err);
	(void)ord_sha256(text, strlen(text), out);
	return 0;
}

static size_t count(const struct ord_place *place)
{
	if (place->cluster)
		return place->cluster->n;
	return place->n_procs ? place->n_procs : 1;
}

int ord_plan_settle(const struct ord_plan *plan, size_t fault, struct ord_place *place,
		    struct ord_resolved *ret, struct ord_err *err)
{
	struct ord_resolved r = {.place = *place, .n_targets = count(place)};

	*place = (struct ord_place){0};
	if (r.n_targets > plan->spec->limit_targets)
		(void)ord_fail(
			err, ORD_GUARD, "target of '%s': it would hit %zu, limits.targets is %u",
			plan->spec->faults[fault].name, r.n_targets, plan->spec->limit_targets);
	else if (!hash_place(&r.place, r.hash, err)) {
		*ret = r;
		return 0;
	}
	ord_place_done(&r.place);
	return -1;
}

int ord_plan_resolve(const struct ord_plan *plan, size_t fault, uint32_t rep,
		     struct ord_resolved *ret, struct ord_err *err)
{
	const struct ord_fault_spec *f = &plan->spec->faults[fault];
	struct ord_place place = {0};

	if (ord_target_resolve(&f->target, ord_plan_seed(plan, fault, rep), &place, err))
		return ord_wrap(err, "target of '%s'", f->name);
	return ord_plan_settle(plan, fault, &place, ret, err);
}
