#include "injector/door/judge.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"

/* `ordeal run` asks for a little more than the fault's time, so that it ends it and not the
 * deadline. */
#define SLACK_NS ((int64_t)ORD_S)

bool door_named(const struct door_rule *rule, const struct door_peer *peer)
{
	for (size_t i = 0; i < rule->who_text.n; i++) {
		const struct door_who *w = &rule->who[i];

		if (!w->group && w->id == peer->uid)
			return true;
		for (size_t g = 0; w->group && g < peer->n_groups; g++)
			if (w->id == peer->groups[g])
				return true;
	}
	return false;
}

/* "a, b, c", cut where it gets long. Returns out. */
static const char *join(const struct door_list *list, size_t size, char *out)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < list->n; i++) {
		int n = snprintf(out + used, size - used, "%s%s", i ? ", " : "", list->v[i]);

		if (n < 0 || (size_t)n >= size - used) {
			(void)snprintf(out + size - 4, 4, "...");
			break;
		}
		used += (size_t)n;
	}
	return out;
}

static bool matches(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, FNM_NOESCAPE) == 0;
}

static bool has_fault(const struct door_rule *rule, const struct ord_fault *fault)
{
	for (size_t i = 0; i < rule->faults.n; i++)
		if (matches(rule->faults.v[i], fault->name))
			return true;
	return false;
}

static int user_id(const char *name, unsigned *ret)
{
	int64_t id;

	if (ord_parse_int(name, 0, UINT32_MAX - 1, &id, NULL) < 0)
		return door_names_files.user(name, ret);
	*ret = (unsigned)id;
	return 0;
}

/* Whose process it is counts for signals to it alone: what else a fault does hits its whole control
 * group or network, which may be others' too. */
static bool target_fits(const char *target, const struct door_subject *s,
			const struct ord_fault *fault)
{
	unsigned uid;

	if (strncmp(target, "unit:", 5) == 0)
		return s->unit[0] && matches(target + 5, s->unit);
	return strncmp(target, "user:", 5) == 0 && s->uid != (uid_t)-1 &&
	       !(fault->targets & (ORD_ON_CGROUP | ORD_ON_NET)) && user_id(target + 5, &uid) == 0 &&
	       uid == s->uid;
}

static bool subject_permitted(const struct door_rule *rule, const struct door_subject *s,
			      const struct ord_fault *fault)
{
	for (size_t i = 0; i < rule->targets.n; i++)
		if (target_fits(rule->targets.v[i], s, fault))
			return true;
	return false;
}

static bool netns_permitted(const struct door_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->targets.n; i++)
		if (strncmp(rule->targets.v[i], "netns:", 6) == 0 &&
		    matches(rule->targets.v[i] + 6, name))
			return true;
	return false;
}

static bool host_permitted(const struct door_rule *rule)
{
	for (size_t i = 0; i < rule->targets.n; i++)
		if (strcmp(rule->targets.v[i], "host") == 0)
			return true;
	return false;
}

static int targets_judge(const struct door_rule *rule, const struct inj_request *req,
			 const struct door_facts *facts, struct ord_err *err)
{
	char allowed[160];

	(void)join(&rule->targets, sizeof allowed, allowed);
	if (facts->host && !host_permitted(rule))
		return ord_fail(err, ORD_GUARD,
				"this would hit the host or its network, and its targets are %s",
				allowed);
	if (facts->netns[0] && !netns_permitted(rule, facts->netns))
		return ord_fail(err, ORD_GUARD, "netns:%s is not among its targets (%s)",
				facts->netns, allowed);
	for (size_t i = 0; i < facts->n; i++) {
		const struct door_subject *s = &facts->v[i];

		if (!subject_permitted(rule, s, req->args.fault))
			return ord_fail(err, ORD_GUARD, "%s (%s%s) is not among its targets (%s)",
					s->name, s->unit[0] ? "unit:" : "in no unit of the system",
					s->unit, allowed);
	}
	if ((int64_t)facts->hit > rule->max_targets)
		return ord_fail(err, ORD_GUARD, "%zu targets, and at most %" PRId64 " are allowed",
				facts->hit, rule->max_targets);
	return 0;
}

static int limits_judge(const struct door_rule *rule, const struct inj_request *req,
			struct ord_err *err)
{
	char hold[32], max[32];

	if ((int64_t)req->hold_ns > rule->duration_ns + SLACK_NS)
		return ord_fail(err, ORD_GUARD, "%s is too long: at most %s",
				ord_format_duration((int64_t)req->hold_ns, hold),
				ord_format_duration(rule->duration_ns, max));
	if ((req->whole_host || req->cut_me_off) && !rule->whole_host)
		return ord_fail(err, ORD_GUARD,
				"cutting the whole host off is not allowed "
				"(limits: wholeHost: true would)");
	for (size_t i = 0; i < rule->n_peaks; i++) {
		const struct door_peak *p = &rule->peaks[i];
		const struct ord_value *v = &req->args.v[p->param];

		if (p->fault == req->args.fault && (!v->set || v->i > p->max))
			return ord_fail(err, ORD_GUARD, "%s must be given, and at most %s",
					p->fault->params[p->param].name, p->text);
	}
	return 0;
}

static int hours_judge(const struct door_rule *rule, const struct inj_request *req, time_t now,
		       struct ord_err *err)
{
	int64_t seconds = (int64_t)((req->hold_ns + ORD_S - 1) / ORD_S);
	char allowed[160];

	for (size_t i = 0; i < rule->hours_text.n; i++)
		if (door_hours_hold(&rule->hours[i], now, seconds))
			return 0;
	if (!rule->hours_text.n)
		return 0;
	return ord_fail(err, ORD_GUARD,
			"it would not lie within its hours, from its beginning to its end (%s, in "
			"this machine's time)",
			join(&rule->hours_text, sizeof allowed, allowed));
}

/* How far a rule went along with the request: the refusal of the one that went furthest is told. */
enum { AT_NAME, AT_FAULT, AT_TARGETS, AT_HOURS, AT_LIMITS, AT_END };

static int rule_judge(const struct door_rule *rule, const struct door_peer *peer,
		      const struct inj_request *req, const struct door_facts *facts, time_t now,
		      struct ord_err *err)
{
	char allowed[160];

	if (!door_named(rule, peer))
		return AT_NAME;
	if (!has_fault(rule, req->args.fault)) {
		(void)ord_fail(
			err, ORD_GUARD, "%s is not among its faults (%s)", req->args.fault->name,
			rule->faults.n ? join(&rule->faults, sizeof allowed, allowed) : "none");
		return AT_FAULT;
	}
	if (targets_judge(rule, req, facts, err) < 0)
		return AT_TARGETS;
	if (hours_judge(rule, req, now, err) < 0)
		return AT_HOURS;
	return limits_judge(rule, req, err) < 0 ? AT_LIMITS : AT_END;
}

static int not_named(const struct door_policy *policy, const struct door_peer *peer,
		     struct ord_err *err)
{
	return ord_fail(err, ORD_GUARD, "%s: no rule names user %u or one of their groups",
			policy->path, peer->uid);
}

int door_judge(const struct door_policy *policy, const struct door_peer *peer,
	       const struct inj_request *req, const struct door_facts *facts, time_t now,
	       const struct door_rule **ret_rule, struct ord_err *err)
{
	unsigned line = 0;
	int furthest = AT_NAME;

	for (size_t i = 0; i < policy->n; i++) {
		struct ord_err why = {0};
		int at = rule_judge(&policy->rules[i], peer, req, facts, now, &why);

		if (at == AT_END) {
			*ret_rule = &policy->rules[i];
			return 0;
		}
		if (at <= furthest)
			continue;
		furthest = at;
		line = policy->rules[i].line;
		*err = why;
	}
	if (furthest == AT_NAME)
		return not_named(policy, peer, err);
	return ord_wrap(err, "%s, the rule at line %u", policy->path, line);
}

int door_judge_op(const struct door_policy *policy, const struct door_peer *peer, enum inj_op op,
		  struct ord_err *err)
{
	unsigned need = op == INJ_OP_STATUS   ? DOOR_MAY_STATUS
			: op == INJ_OP_HALT   ? DOOR_MAY_HALT
			: op == INJ_OP_RESUME ? DOOR_MAY_RESUME
			: op == INJ_OP_RESCUE ? DOOR_MAY_RESCUE
					      : 0;
	bool named = false;

	for (size_t i = 0; i < policy->n; i++) {
		if (!door_named(&policy->rules[i], peer))
			continue;
		named = true;
		if ((policy->rules[i].may & need) == need)
			return 0;
	}
	if (!named)
		return not_named(policy, peer, err);
	return ord_fail(err, ORD_GUARD,
			"%s: no rule lets user %u do this: 'may: [status, halt, resume, rescue]' "
			"names what they may",
			policy->path, peer->uid);
}

int door_judge_fault(const struct door_policy *policy, const struct door_peer *peer,
		     const struct ord_fault *fault, struct ord_err *err)
{
	for (size_t i = 0; i < policy->n; i++)
		if (door_named(&policy->rules[i], peer) && has_fault(&policy->rules[i], fault))
			return 0;
	return ord_fail(err, ORD_GUARD, "%s: no rule lets user %u have %s", policy->path, peer->uid,
			fault->name);
}
