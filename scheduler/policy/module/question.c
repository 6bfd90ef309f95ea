#include "scheduler/policy/module/question.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

/* Who asks. sudo is root's: what it says of who called it can be believed. */
static json_t *user(void)
{
	char buffer[4096];
	struct passwd entry, *found = NULL;
	const char *sudo = getuid() ? NULL : secure_getenv("SUDO_USER");

	(void)getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found);
	return json_pack("{s:I, s:s*, s:s*}", "uid", (json_int_t)getuid(), "name",
			 found ? found->pw_name : NULL, "sudo_user", sudo);
}

static json_t *target(const struct ord_fault_spec *fault, const struct ord_resolved *r)
{
	if (!r)
		return json_pack("{s:s, s:i}", "fault", fault->name, "targets", 0);
	return json_pack("{s:s, s:I, s:s, s:o}", "fault", fault->name, "targets",
			 (json_int_t)r->n_targets, "hash", r->hash, "place",
			 ord_place_to_json(&r->place));
}

static json_t *targets(const struct ord_policy_question *q)
{
	const struct ord_spec *spec = q->plan->spec;
	json_t *list = json_array();

	for (size_t i = 0; list && i < spec->n_faults; i++)
		if (json_array_append_new(list, target(&spec->faults[i], q->resolved[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *question_json(const struct ord_policy_question *q)
{
	char now[32], latest[32];
	struct utsname u = {0};
	json_t *out;

	(void)uname(&u);
	ord_format_utc(q->now_ns, now);
	ord_format_utc(q->now_ns + q->longest_ns, latest);
	out = json_pack("{s:i, s:s, s:s, s:s, s:I, s:s, s:o, s:o, s:O}", "version", 1, "command",
			q->command, "now", now, "latest_end", latest, "longest_ns",
			(json_int_t)q->longest_ns, "host", u.nodename, "user", user(), "targets",
			targets(q), "plan", q->plan->json);
	if (out && q->server &&
	    json_object_set_new(out, "cluster",
				json_pack("{s:s, s:s, s:s}", "context", q->context, "name",
					  q->cluster, "server", q->server))) {
		json_decref(out);
		return NULL;
	}
	return out;
}
