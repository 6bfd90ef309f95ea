#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "cli/ask.h"
#include "cli/commands.h"

struct seen {
	json_t *leases; /* NULL: print for people */
	size_t n;
	bool halted;
};

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void print_lease(struct seen *seen, const char *who, const json_t *lease, int64_t left)
{
	char time[32];

	if (!seen->n++)
		(void)printf("%-28s %-16s %-10s %8s %8s  %-8s %s\n", "LEASE", "FAULT", "STATE",
			     "HOLDER", "GUARDIAN", "LEFT", "OF");
	(void)printf("%-28s %-16s %-10s %8" PRId64 " %8" PRId64 "  %-8s %s\n", text(lease, "lease"),
		     text(lease, "fault"), text(lease, "state"),
		     (int64_t)json_integer_value(json_object_get(lease, "holder")),
		     (int64_t)json_integer_value(json_object_get(lease, "guardian")),
		     left > 0 ? ord_human_duration(left / (int64_t)ORD_MS * (int64_t)ORD_MS, time)
			      : "over",
		     who);
}

static void on_answer(void *arg, const char *who, const json_t *event)
{
	struct seen *seen = arg;
	/* The deadlines are on the clock of the machine that answers. */
	int64_t now = json_integer_value(json_object_get(event, "boot_ns"));
	json_t *lease;
	size_t i;

	if (json_is_true(json_object_get(event, "halted")))
		seen->halted = true;
	json_array_foreach (json_object_get(event, "leases"), i, lease) {
		int64_t left = json_integer_value(json_object_get(lease, "deadline_boot_ns")) - now;

		if (!seen->leases) {
			print_lease(seen, who, lease, left);
		} else {
			(void)json_object_set_new(lease, "of", json_string(who));
			(void)json_object_set_new(lease, "left_ns",
						  json_integer(left > 0 ? left : 0));
			(void)json_array_append(seen->leases, lease);
		}
	}
}

static int status(const struct cli_args *args, struct ord_err *err)
{
	bool json = cli_flag(args, "json");
	ord_auto(json) json_t *leases = json ? json_array() : NULL;
	struct seen seen = {.leases = leases};
	const struct cli_question q = {cli_request("status"), 5 * ORD_S, on_answer, &seen};
	struct ord_err denied;

	if (cli_ask_all(args, &q, &denied, err))
		return -1;
	if (json) {
		ord_auto(json) json_t *all = json_pack("{s:b,s:O,s:s}", "halted", seen.halted,
						       "leases", leases, "not_seen", denied.msg);

		if (!all || json_dumpf(all, stdout, JSON_INDENT(2)))
			return ord_fail_nomem(err);
		(void)putchar('\n');
		return CLI_OK;
	}
	if (!seen.n)
		(void)puts("no lease is held");
	if (seen.halted)
		(void)puts("halted: new leases are refused until 'ordeal resume'");
	if (*denied.msg)
		(void)printf("root's leases cannot be seen: %s\n", denied.msg);
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "print JSON"},
	{"via", 0, "COMMAND", "of the machine that the command leads to, as in inject"},
	{"via-copy", 0, NULL, "as in inject"},
	{0}};

const struct cli_command cli_status = {
	.name = "status",
	.summary = "show the leases that are held on this machine",
	.operands = "",
	.options = options,
	.run = status,
};
