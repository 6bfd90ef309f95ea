#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/inject.h"
#include "ordeal/far.h"
#include "ordeal/fault.h"
#include "ordeal/run.h"

/* What one user's injector said, or why it could not be asked. */
struct opinion {
	json_t *faults;
	bool halted;
	struct ord_err err;
};

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void consult(enum ord_program which, bool as_root, struct opinion *ret)
{
	json_t *event;

	*ret = (struct opinion){0};
	if (cli_ask(which, cli_request("doctor"), as_root, 10 * ORD_S, &event, &ret->err))
		return;
	ret->faults = json_incref(json_object_get(event, "faults"));
	ret->halted = json_is_true(json_object_get(event, "halted"));
	json_decref(event);
}

static const json_t *find(const struct opinion *o, const char *fault)
{
	const json_t *f;
	size_t i;

	json_array_foreach (o->faults, i, f)
		if (!strcmp(text(f, "fault"), fault))
			return f;
	return NULL;
}

/* One fault: who may run it here. Owned. */
static json_t *judge(const struct ord_fault *fault, const struct opinion *mine,
		     const struct opinion *root)
{
	bool am_root = geteuid() == 0;
	const json_t *m = find(mine, fault->name), *r = am_root ? m : find(root, fault->name);
	const char *reason;

	if (m && json_is_true(json_object_get(m, "available")))
		return json_pack("{s:s,s:b,s:s,s:s,s:s,s:s}", "fault", fault->name, "available", 1,
				 "as", am_root ? "root" : "you", "engine", text(m, "engine"),
				 "class", ord_guarantee_name(fault->guarantee), "reason", "");
	if (r && json_is_true(json_object_get(r, "available")))
		return json_pack(
			"{s:s,s:b,s:s,s:s,s:s,s:s}", "fault", fault->name, "available", 1, "as",
			ord_holder_by_socket() ? "you, by ordeal-injector.socket" : "root, by sudo",
			"engine", text(r, "engine"), "class", ord_guarantee_name(fault->guarantee),
			"reason", "");
	reason = r			      ? text(r, "reason")
		 : !am_root && *root->err.msg ? root->err.msg
		 : m			      ? text(m, "reason")
					      : mine->err.msg;
	return json_pack("{s:s,s:b,s:s,s:s,s:s,s:s}", "fault", fault->name, "available", 0, "as",
			 "", "engine", "", "class", ord_guarantee_name(fault->guarantee), "reason",
			 *reason ? reason : "the injector does not know it");
}

/* Through an API nobody needs to be root: the cluster says what its user may. */
static json_t *judge_cluster(const struct ord_fault *fault, const struct opinion *o)
{
	const json_t *f = find(o, fault->name);
	bool can = f && json_is_true(json_object_get(f, "available"));
	const char *reason = f		   ? text(f, "reason")
			     : *o->err.msg ? o->err.msg
					   : "the injector does not know it";

	return json_pack("{s:s,s:b,s:s,s:s,s:s,s:s}", "fault", fault->name, "available", can, "as",
			 can ? "who the cluster lets" : "", "engine", f ? text(f, "engine") : "",
			 "class", ord_guarantee_name(fault->guarantee), "reason",
			 can ? "" : reason);
}

static const char *cgroup_version(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs))
		return "none";
	if ((unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
		return "2";
	return statfs("/sys/fs/cgroup/unified", &fs) ||
			       (unsigned long)fs.f_type != CGROUP2_SUPER_MAGIC
		       ? "1"
		       : "1, with 2 beside it";
}

static const char *tun_state(void)
{
	static char why[96];
	ord_autoclose int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return "yes";
	(void)snprintf(why, sizeof why, "no: /dev/net/tun: %s", strerrordesc_np(errno));
	return why;
}

static const char *netns_state(void)
{
	struct stat mine, first;

	if (stat("/proc/self/ns/net", &mine))
		return "unknown";
	if (stat("/proc/1/ns/net", &first))
		return "one that cannot be compared with the first process's";
	return mine.st_ino == first.st_ino ? "the machine's" : "another than the first process's";
}

static json_t *environment(void)
{
	struct utsname u = {0};

	(void)uname(&u);
	return json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:b}", "kernel", u.release, "machine", u.machine,
			 "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "cgroup",
			 cgroup_version(), "tun", tun_state(), "netns", netns_state(), "root",
			 geteuid() == 0);
}

static void print_environment(const json_t *env)
{
	(void)printf("kernel %s on %s, %d CPUs; control groups: version %s\n", text(env, "kernel"),
		     text(env, "machine"), (int)json_integer_value(json_object_get(env, "cpus")),
		     text(env, "cgroup"));
	(void)printf("TUN: %s; network namespace: %s; you are %sroot\n\n", text(env, "tun"),
		     text(env, "netns"), json_is_true(json_object_get(env, "root")) ? "" : "not ");
}

/* env: NULL of another machine. */
static void print_people(const json_t *env, const json_t *faults, bool halted)
{
	const json_t *f;
	size_t i, name = 0;

	if (halted)
		(void)puts("halted: no fault is allowed until 'ordeal resume'");
	if (env)
		print_environment(env);
	json_array_foreach (faults, i, f)
		name = strlen(text(f, "fault")) > name ? strlen(text(f, "fault")) : name;
	(void)printf("%-*s %-5s %-9s %s\n", (int)name, "FAULT", "HERE", "CLASS",
		     "AS WHOM AND BY WHICH ENGINE, OR WHY NOT");
	json_array_foreach (faults, i, f) {
		bool can = json_is_true(json_object_get(f, "available"));
		const char *engine = text(f, "engine");
		char how[256];

		(void)snprintf(how, sizeof how, "%s%s%s", text(f, "as"), *engine ? "; engine " : "",
			       engine);
		(void)printf("%-*s %-5s %-9s ", (int)name, text(f, "fault"), can ? "yes" : "no",
			     text(f, "class"));
		cli_wrap(stdout, can ? how : text(f, "reason"), (unsigned)name + 17,
			 (unsigned)name + 17);
	}
}

/* What its injector says, as whoever the command makes us there; owned. */
static json_t *ask_far(const struct cli_args *args, struct ord_err *err)
{
	struct ord_target t = {.kind = ORD_TARGET_HOST};
	struct ord_holder *h = NULL;
	json_t *event = NULL, *f;
	size_t i;

	if (!cli_via_read(args, &t, err) && !ord_far_open(t.via, NULL, &h, err) &&
	    !ord_far_ask(h, cli_request("doctor"), 10 * ORD_S, &event, err))
		json_array_foreach (json_object_get(event, "faults"), i, f)
			(void)json_object_set_new(f, "as",
						  json_string("who the command makes you"));
	ord_holder_free(h);
	ord_target_done(&t);
	return event;
}

static int doctor_far(const struct cli_args *args, struct ord_err *err)
{
	ord_auto(json) json_t *event = ask_far(args, err);

	if (!event)
		return -1;
	if (!cli_flag(args, "json")) {
		print_people(NULL, json_object_get(event, "faults"),
			     json_is_true(json_object_get(event, "halted")));
		return CLI_OK;
	}
	(void)json_object_del(event, "event");
	(void)json_object_del(event, "at_ns");
	(void)json_dumpf(event, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	return CLI_OK;
}

static int doctor_here(const struct cli_args *args, struct ord_err *err)
{
	struct opinion mine, root = {0}, cluster;
	ord_auto(json) json_t *faults = json_array(), *env = environment(), *all = NULL;

	consult(ORD_PROGRAM_HOST, false, &mine);
	if (geteuid() != 0)
		consult(ORD_PROGRAM_HOST, true, &root);
	consult(ORD_PROGRAM_KUBE, false, &cluster);
	for (size_t i = 0; i < ord_n_faults; i++)
		(void)json_array_append_new(faults,
					    ord_faults[i].program == ORD_PROGRAM_KUBE
						    ? judge_cluster(&ord_faults[i], &cluster)
						    : judge(&ord_faults[i], &mine, &root));
	json_decref(mine.faults);
	json_decref(cluster.faults);
	json_decref(root.faults);
	if (!cli_flag(args, "json")) {
		print_people(env, faults, mine.halted || root.halted);
		return CLI_OK;
	}
	all = json_pack("{s:O,s:b,s:O}", "environment", env, "halted", mine.halted || root.halted,
			"faults", faults);
	if (!all || json_dumpf(all, stdout, JSON_INDENT(2)))
		return ord_fail_nomem(err);
	(void)putchar('\n');
	return CLI_OK;
}

static int doctor(const struct cli_args *args, struct ord_err *err)
{
	return cli_flag(args, "via") || cli_flag(args, "via-copy") ? doctor_far(args, err)
								   : doctor_here(args, err);
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "print JSON"},
	{"via", 0, "COMMAND", "of the machine that the command leads to, as in inject"},
	{"via-copy", 0, NULL, "as in inject"},
	{0}};

const struct cli_command cli_doctor = {
	.name = "doctor",
	.summary = "say which faults can run here, as whom, and why others cannot",
	.operands = "",
	.options = options,
	.run = doctor,
};
