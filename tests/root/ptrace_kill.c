/*
 * ptrace_kill FAULT holder|guardian [SHARD OF]: runs the unmodified injector under ptrace and kills
 * the holder, or the guardian, at its k-th system call, for all k from its start to its end. After
 * each, once what is left has reverted or `rescue` has, the state of the machine is byte-identical
 * to before.
 *
 * Between the first and the last k only each STRIDE-th is tried unless ORDEAL_EVERY_STEP is set;
 * the shards of one stride are disjoint, so that together they try every k.
 */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define INJECTOR  BUILD_DIR "/injector/host/ordeal-injector"
#define HOLD_NS	  10000000ull
#define BUDGET_MS "4000" /* where not every step is asked for; or $ORDEAL_TEST_BUDGET_MS */

static const struct row *row;
static struct target target;

/* Whatever the step was: what the survivors left, rescue clears. */
static void clear(unsigned k)
{
	json_t *event = driver_op("rescue"), *records = json_object_get(event, "records"), *one;
	size_t i;

	json_array_foreach (records, i, one) {
		const char *action = json_string_value(json_object_get(one, "action"));

		if ((strcmp(action, "reverted") != 0 && strcmp(action, "removed") != 0) ||
		    json_integer_value(json_object_get(one, "residue")) > 0)
			die("%s: step %u: rescue: %s", row->fault, k,
			    json_dumps(one, JSON_COMPACT));
	}
	json_decref(event);
}

static unsigned steps(const char *line, enum trace_role victim, bool both)
{
	static struct trace r;

	r = (struct trace){.victim = victim, .both = both};
	trace_run(&r, INJECTOR, line, target.pid);
	clear(0);
	return r.seen;
}

static void all_steps(const char *line, const char *name, enum trace_role victim, bool both)
{
	uint64_t from = now_ms();
	const char *budget = getenv("ORDEAL_TEST_BUDGET_MS");
	const uint64_t budget_ms = strtoull(budget ? budget : BUDGET_MS, NULL, 10);
	unsigned n = steps(line, victim, both), tried = 0, stride;
	char *before = state_read(&target), what[96];
	static struct trace r;

	must(n > 20);
	/* One whole run and one reading tell how many fit. */
	stride =
		getenv("ORDEAL_EVERY_STEP") ? 1 : 1 + (unsigned)((now_ms() - from) * n / budget_ms);
	from = now_ms();
	/* A few more than were counted: no run is quite like another. */
	for (unsigned k = 1; k <= n + 20; k += stride) {
		r = (struct trace){.victim = victim, .both = both, .k = k};
		trace_run(&r, INJECTOR, line, target.pid);
		clear(k);
		(void)snprintf(what, sizeof what, "%s killed at system call %u of %u", name, k, n);
		state_same(before, &target, 2000, what);
		if (!r.killed && k > n)
			break;
		tried++;
	}
	(void)printf("%s: %s killed at %u of %u system calls, %llu ms\n", row->fault, name, tried,
		     n, (unsigned long long)(now_ms() - from));
	free(before);
}

int main(int argc, char **argv)
{
	char *place, *request, *line;

	if (argc != 3)
		die("usage: ptrace_kill FAULT holder|guardian|both");
	world_enter();
	row = row_find(argv[1]);
	row_target(row, &target);
	place = row_place(row, &target);
	request = request_add("k-1", row->fault, row->args, place, HOLD_NS);
	must_sys(asprintf(&line, "%s\n", request));
	all_steps(line, argv[2], strcmp(argv[2], "holder") == 0 ? TRACE_HOLDER : TRACE_GUARDIAN,
		  strcmp(argv[2], "both") == 0);
	target_end(&target);
	free(line);
	free(request);
	free(place);
	return 0;
}
