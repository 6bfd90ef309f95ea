#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/commands.h"

/* A run's Lease is good for 15 s; some more, since clocks are compared by whole seconds. */
#define WAIT_NS	 (20 * ORD_S)
#define AGAIN_NS (2 * ORD_S)

struct tally {
	json_t *records; /* NULL: print for people */
	size_t n, bad;
	bool dry_run;
};

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void print_record(const json_t *r)
{
	const char *message = text(r, "message");
	const json_t *v;
	size_t i;

	if (*text(r, "lease"))
		(void)printf("%s: %s: ", text(r, "lease"), text(r, "fault"));
	(void)printf("%s", text(r, "action"));
	/* Below 0: not counted, as of what is left alone. */
	if (json_integer_value(json_object_get(r, "residue")) > 0 ||
	    !strcmp(text(r, "action"), "reverted"))
		(void)printf(", residue: %" PRId64,
			     (int64_t)json_integer_value(json_object_get(r, "residue")));
	(void)printf("%s%s\n", *message ? ": " : "", message);
	json_array_foreach (json_object_get(r, "left"), i, v)
		(void)printf("  left: %s\n", json_string_value(v));
	json_array_foreach (json_object_get(r, "kept"), i, v)
		(void)printf("  kept: %s\n", json_string_value(v));
}

static void on_answer(void *arg, const char *who, const json_t *event)
{
	struct tally *tally = arg;
	json_t *r;
	size_t i;

	(void)who;
	json_array_foreach (json_object_get(event, "records"), i, r) {
		tally->n++;
		if (json_integer_value(json_object_get(r, "residue")) > 0 ||
		    !strcmp(text(r, "action"), "failed"))
			tally->bad++;
		if (tally->records)
			(void)json_array_append(tally->records, r);
		else
			print_record(r);
	}
}

/* What was given by an option that may be repeated; owned. */
static json_t *given(const struct cli_args *args, const char *name)
{
	json_t *list = json_array();

	for (size_t i = 0; i < args->n_given; i++)
		if (!strcmp(args->given[i].option->name, name))
			(void)json_array_append_new(list, json_string(args->given[i].value));
	return list;
}

/* The request for what is left in a cluster; owned, NULL with err. */
static json_t *sweep_request(const struct cli_args *args, bool dry_run, struct ord_err *err)
{
	const char *context = cli_value(args, "context");
	json_t *request;

	if (!context) {
		(void)ord_fail(err, ORD_USAGE, "--kube: name the cluster by --context");
		return NULL;
	}
	request = cli_request("sweep");
	if (!request || json_object_set_new(request, "context", json_string(context)) ||
	    json_object_set_new(request, "now", json_boolean(cli_flag(args, "now"))) ||
	    json_object_set_new(request, "permitted", json_boolean(cli_flag(args, "permitted"))) ||
	    json_object_set_new(request, "kinds", given(args, "kind")) ||
	    json_object_set_new(request, "namespaces", given(args, "namespace")) ||
	    json_object_set_new(request, "dry_run", json_boolean(dry_run))) {
		json_decref(request);
		(void)ord_fail_nomem(err);
		return NULL;
	}
	return request;
}

/* Takes those that are held out of the answer: whether there are any. */
static bool drop_held(json_t *event)
{
	json_t *records = json_object_get(event, "records");
	size_t before = json_array_size(records);

	for (size_t i = before; i > 0; i--)
		if (!strcmp(text(json_array_get(records, i - 1), "action"), "held"))
			(void)json_array_remove(records, i - 1);
	return json_array_size(records) < before;
}

/* What was just left behind is held until its run's Lease is over: who lives renews it. */
static int sweep(const struct cli_args *args, struct tally *tally, struct ord_err *err)
{
	uint64_t until = ord_boot_ns() + (cli_flag(args, "wait") ? WAIT_NS : 0);
	bool again;

	do {
		ord_auto(json) json_t *event = NULL;
		json_t *request = sweep_request(args, tally->dry_run, err);
		const struct timespec pause = ord_timespec(AGAIN_NS);

		if (!request || cli_ask(ORD_PROGRAM_KUBE, request, false, 600 * ORD_S, &event, err))
			return -1;
		again = ord_boot_ns() < until && drop_held(event);
		on_answer(tally, "you", event);
		if (again)
			(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	} while (again);
	return 0;
}

static int machine(const struct cli_args *args, struct tally *tally, struct ord_err *denied,
		   struct ord_err *err)
{
	const struct cli_question q = {cli_request("rescue"), 60 * ORD_S, on_answer, tally};

	(void)json_object_set_new(q.request, "dry_run", json_boolean(tally->dry_run));
	return cli_ask_all(args, &q, denied, err);
}

static int rescue(const struct cli_args *args, struct ord_err *err)
{
	ord_auto(json) json_t *records = cli_flag(args, "json") ? json_array() : NULL;
	struct tally tally = {.records = records, .dry_run = cli_flag(args, "dry-run")};
	struct ord_err denied = {0};

	if (!cli_flag(args, "kube") &&
	    (cli_value(args, "context") || cli_flag(args, "now") || cli_value(args, "kind") ||
	     cli_value(args, "namespace") || cli_flag(args, "permitted") || cli_flag(args, "wait")))
		return ord_fail(err, ORD_USAGE,
				"--context, --now, --wait, --kind, --namespace and --permitted go "
				"with --kube");
	if (cli_flag(args, "kube") && (cli_flag(args, "via") || cli_flag(args, "via-copy")))
		return ord_fail(err, ORD_USAGE,
				"--via leads to a machine: a cluster is cleared from any");
	if (cli_flag(args, "kube") ? sweep(args, &tally, err) : machine(args, &tally, &denied, err))
		return -1;
	if (records) {
		if (json_dumpf(records, stdout, JSON_INDENT(2)))
			return ord_fail_nomem(err);
		(void)putchar('\n');
	} else if (!tally.n) {
		(void)puts("nothing to rescue");
	}
	if (*denied.msg)
		(void)fprintf(stderr, "ordeal: root's records were not looked at: %s\n",
			      denied.msg);
	if (tally.bad && !tally.dry_run)
		return ord_fail(err, ORD_SYS, "%zu of %zu could not be reverted", tally.bad,
				tally.n);
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"dry-run", 'n', NULL, "only say what would be done"},
	{"kube", 0, NULL, "clear a cluster instead, from any machine"},
	{"context", 0, "NAME", "with --kube: which cluster"},
	{"now", 0, NULL, "with --kube: what is not over yet, too"},
	{"wait", 0, NULL,
	 "with --kube: where a run's Lease is not over yet, wait for 20 s at most whether it is "
	 "renewed"},
	{"kind", 0, "APIVERSION/KIND", "with --kube: look at these objects too"},
	{"namespace", 0, "NAME", "with --kube: look in these namespaces alone"},
	{"permitted", 0, NULL, "with --kube: pass over what may not be listed"},
	{"json", 0, NULL, "print JSON"},
	{"via", 0, "COMMAND", "of the machine that the command leads to, as in inject"},
	{"via-copy", 0, NULL, "as in inject"},
	{0}};

const struct cli_command cli_rescue = {
	.name = "rescue",
	.summary = "take away what was left by runs whose processes all died",
	.operands = "",
	.options = options,
	.details =
		"Replays the undo records of leases whose holder and guardian are both gone, as "
		"after the machine was "
		"restarted or a CI job was killed with everything in it. Leases that are held "
		"are left alone. It is safe to "
		"run at any time, and does nothing where nothing is left.\n\n"
		"With --kube it looks at the objects of a cluster instead, from any machine: what "
		"carries the annotation ordeal.dev/undo of a run that is dead (its Lease has run "
		"out) and whose time is over is put back, field by field. What others changed "
		"meanwhile stays, and is told.",
	.run = rescue,
};
