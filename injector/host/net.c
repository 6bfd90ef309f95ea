#include "net.h"

#include <sched.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "engines/nft_read.h"

const int net_syscalls[] = {
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(getsockname),
	-1,
};

const int net_residue_syscalls[] = {
	SCMP_SYS(socket),   SCMP_SYS(setsockopt), SCMP_SYS(sendto),
	SCMP_SYS(recvfrom), SCMP_SYS(close),	  -1,
};

static uint64_t inode(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

bool net_own(const struct ord_place *place)
{
	uint64_t target = place->netns[0] ? inode(place->netns) : inode("/proc/self/ns/net");

	return place->host || !place->netns[0] || target == 0 ||
	       target == inode("/proc/self/ns/net") || target == inode("/proc/1/ns/net");
}

int net_guard(const struct inj_step *step, struct ord_err *err)
{
	if (step->whole_host || !net_own(step->place))
		return 0;
	return ord_fail(err, ORD_GUARD,
			"this would cut the whole host off: name peers (to) or a device, "
			"or say that the whole "
			"host is meant (--yes-whole-host, limits.wholeHost)");
}

int net_enter(const struct inj_step *step, bool severe, struct ord_err *err)
{
	if (ord_args_names(step->args, "hosts") || ord_args_names(step->args, "exclude-hosts"))
		return ord_fail(err, ORD_USAGE,
				"hosts: names are looked up by `ordeal`, which sends addresses in "
				"'to' and 'exclude'");
	if (severe && ord_arg(step->args, "to")->eps.n == 0 && !ord_arg_set(step->args, "device") &&
	    !net_sender_asked(step) && net_guard(step, err) < 0)
		return -1;
	return inj_netns_enter(step->place->netns, step->place->netns_ino, err);
}

struct match net_match(const struct inj_step *step)
{
	return (struct match){
		.to = &ord_arg(step->args, "to")->eps,
		.exclude = &ord_arg(step->args, "exclude")->eps,
		.direction = (enum match_direction)ord_arg_int(step->args, "direction"),
		.state = (enum match_state)ord_arg_int(step->args, "state"),
	};
}

/* Are all of the peers on loopback? Then no other device can be meant. */
static bool loopback_only(const struct ord_endpoints *to)
{
	static const uint8_t one[16] = {[15] = 1};

	for (size_t i = 0; i < to->n; i++) {
		const struct ord_endpoint *e = &to->v[i];

		if (!(e->family == AF_INET && e->prefix >= 8 && e->addr[0] == 127) &&
		    !(e->family == AF_INET6 && e->prefix == 128 &&
		      memcmp(e->addr, one, sizeof one) == 0))
			return false;
	}
	return to->n > 0;
}

int net_change_fits(const struct inj_step *step, const struct links *devices, struct ord_err *err)
{
	if (ord_arg_set(step->args, "device") || devices->n != 1 || !devices->v[0].loopback ||
	    loopback_only(&ord_arg(step->args, "to")->eps))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"to: it was about loopback alone, and holds no other device");
}

int net_devices(const struct inj_step *step, struct nl_talk *route, enum link_side side,
		struct links *ret, json_t *report, struct ord_err *err)
{
	const struct ord_endpoints *to = &ord_arg(step->args, "to")->eps;
	const char *device = loopback_only(to) ? "lo" : "";

	if (ord_arg_set(step->args, "device"))
		device = ord_arg_text(step->args, "device");
	/* Who sent a packet is known where the host sends it. */
	if (links_choose(route, net_sender_asked(step) ? LINKS_TOP : side, device, to->n > 0, ret,
			 err) < 0)
		return -1;
	if (net_sender_asked(step) && ret->n == 1 && ret->v[0].master)
		return ord_fail(
			err, ORD_USAGE,
			"device %s is a port of a bridge or bond, and a filter by cgroup works "
			"where the host sends: name that bridge or bond",
			device);
	if (ret->n_left_out)
		return net_tell(report, "notes", err, "left out: %s", ret->left_out);
	return 0;
}

void net_comment(const struct inj_step *step, char out[static 128])
{
	(void)snprintf(out, 128, "ordeal %s pid %d", step->lease, (int)getpid());
}

int net_tell(json_t *report, const char *list, struct ord_err *err, const char *fmt, ...)
{
	json_t *texts = json_object_get(report, list);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!texts) {
		texts = json_array();
		if (json_object_set_new(report, list, texts) < 0)
			return ord_fail_nomem(err);
	}
	return json_array_append_new(texts, json_string(text)) < 0 ? ord_fail_nomem(err) : 0;
}

/* ---- the record ---- */

int net_undo(json_t *undo, const struct inj_step *step, struct ord_err *err)
{
	if (json_object_set_new(undo, "lease", json_string(step->lease)) < 0 ||
	    json_object_set_new(undo, "tables", json_array()) < 0 ||
	    json_object_set_new(undo, "links", json_array()) < 0)
		return ord_fail_nomem(err);
	return 0;
}

int net_undo_table(json_t *undo, uint8_t family, const char *name, struct ord_err *err)
{
	if (json_array_append_new(json_object_get(undo, "tables"),
				  json_pack("[i s]", (int)family, name)) < 0)
		return ord_fail_nomem(err);
	return 0;
}

int net_undo_link(json_t *undo, const char *name, struct ord_err *err)
{
	if (json_array_append_new(json_object_get(undo, "links"), json_string(name)) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static bool our_name(const char *name)
{
	return name && strncmp(name, "ordeal-", 7) == 0 && strlen(name) < NFT_NAME;
}

int net_validate(const json_t *undo, struct ord_err *err)
{
	static const char *const keys[] = {"lease", "tables", "links"};
	const char *lease, *name;
	json_t *tables, *links, *v;
	size_t i;
	int family;

	if (ord_json_keys(undo, keys, ORD_COUNT(keys), err) < 0 ||
	    ord_json_text(undo, "lease", 64, &lease, err) < 0 ||
	    ord_json_array(undo, "tables", 2 * LINKS_MAX, &tables, err) < 0 ||
	    ord_json_array(undo, "links", LINKS_MAX, &links, err) < 0)
		return -1;
	json_array_foreach (tables, i, v)
		if (json_unpack(v, "[i s!]", &family, &name) < 0 || !our_name(name) || family < 0 ||
		    family > UINT8_MAX)
			return ord_fail(err, ORD_USAGE, "tables[%zu] is no table of ordeal's", i);
	json_array_foreach (links, i, v)
		if (!our_name(json_string_value(v)) || json_string_length(v) >= IFNAMSIZ)
			return ord_fail(err, ORD_USAGE, "links[%zu] is no device of ordeal's", i);
	return 0;
}

struct left {
	const json_t *undo;
	json_t *list;
};

/* Ours: the name is in the record, and the comment is of this lease (the same device may be
 * another's by now). */
static int table_left(void *arg, uint8_t family, const char *name, const char *comment,
		      struct ord_err *err)
{
	const struct left *l = arg;
	const char *ours;
	char mine[96];
	json_t *v;
	size_t i;
	int fam;

	(void)snprintf(mine, sizeof mine, "ordeal %s pid ",
		       json_string_value(json_object_get(l->undo, "lease")));
	json_array_foreach (json_object_get(l->undo, "tables"), i, v) {
		if (json_unpack(v, "[i s]", &fam, &ours) < 0 || fam != family ||
		    strcmp(ours, name) != 0 || strncmp(comment, mine, strlen(mine)) != 0)
			continue;
		if (json_array_append_new(l->list, json_sprintf("nftables table %s", name)) < 0)
			return ord_fail_nomem(err);
	}
	return 0;
}

static void forget_left(void *arg)
{
	const struct left *l = arg;

	(void)json_array_clear(l->list);
}

static int links_left(struct nl_talk *route, const json_t *undo, json_t *left, struct ord_err *err)
{
	struct link link;
	bool found;
	json_t *v;
	size_t i;

	json_array_foreach (json_object_get(undo, "links"), i, v) {
		if (link_find(route, json_string_value(v), &found, &link, err) < 0)
			return -1;
		if (found && json_array_append_new(left, json_sprintf("device %s", link.name)) < 0)
			return ord_fail_nomem(err);
	}
	return 0;
}

int net_residue(const json_t *undo, json_t *left, struct ord_err *err)
{
	struct nl_talk t = {.fd = -1};
	struct left l = {undo, left};
	int rc;

	if (talk_open(&t, NETLINK_NETFILTER, err) < 0)
		return -1;
	rc = nft_read_tables(&t, table_left, forget_left, &l, err);
	talk_close(&t);
	if (rc < 0 || json_array_size(json_object_get(undo, "links")) == 0)
		return rc;
	if (talk_open(&t, NETLINK_ROUTE, err) < 0)
		return -1;
	rc = links_left(&t, undo, left, err);
	talk_close(&t);
	return rc;
}

/* Not in every header: sched_setattr(2). */
struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

void net_first_in_line(bool threads)
{
	const struct sched_attributes a = {.size = sizeof a,
					   .policy = SCHED_OTHER,
					   .flags = threads ? 0 : 1 /* SCHED_FLAG_RESET_ON_FORK */,
					   .nice = -20,
					   .runtime = 100 * ORD_US};

	(void)syscall(SYS_sched_setattr, 0, &a, 0);
}

void net_figure(json_t *figures, const char *name, uint64_t value)
{
	(void)json_object_set_new(figures, name, json_integer((json_int_t)(value & INT64_MAX)));
}
