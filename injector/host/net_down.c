/*
 * A device is set down. The kernel does not set it up again when we die, so the guardian does. With
 * the device go its IPv6 addresses, its routes and its neighbours that were set by hand: they are
 * read before and put back after, from the record alone (engines/keep.h).
 *
 * That somebody set the device up and down again meanwhile shows in how often it has got a carrier:
 * then it is left down.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/json.h"
#include "engines/keep.h"
#include "net.h"
#include "net_down.h"

struct down {
	struct nl_talk route;
	struct link link;
	struct nl_msg *off, *ask; /* made beforehand */
	json_t *kept;		  /* borrowed from the record */
	int watch;		  /* is told of changes of devices */
};

/* What the record says. */
struct record {
	const char *lease, *device;
	int index;
	uint32_t ups;
	uint64_t after_s; /* since it was made */
	json_t *kept;
};

static int record_read(const json_t *undo, struct record *ret, struct ord_err *err)
{
	static const char *const keys[] = {"lease", "device", "index", "ups", "boot_ns", "kept"};
	struct record r;
	uint64_t boot_ns, ups;
	int64_t index;

	if (ord_json_keys(undo, keys, ORD_COUNT(keys), err) < 0 ||
	    ord_json_text(undo, "lease", 64, &r.lease, err) < 0 ||
	    ord_json_text(undo, "device", IFNAMSIZ - 1, &r.device, err) < 0 ||
	    ord_json_int(undo, "index", 1, INT32_MAX, &index, err) < 0 ||
	    ord_json_uint(undo, "ups", UINT32_MAX, &ups, err) < 0 ||
	    ord_json_uint(undo, "boot_ns", INT64_MAX, &boot_ns, err) < 0 ||
	    ord_json_array(undo, "kept", KEEP_MAX, &r.kept, err) < 0)
		return -1;
	r.index = (int)index;
	r.ups = (uint32_t)ups;
	r.after_s = ord_boot_ns() > boot_ns ? (ord_boot_ns() - boot_ns) / ORD_S : 0;
	*ret = r;
	return 0;
}

static int validate(const json_t *undo, struct ord_err *err)
{
	struct record r;

	return record_read(undo, &r, err) < 0 ? -1 : keep_validate(r.kept, r.index, err);
}

/* ---- check ---- */

static int watch_open(struct down *d, struct ord_err *err)
{
	const struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};

	d->watch = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (d->watch < 0 || bind(d->watch, (const struct sockaddr *)&links, sizeof links) < 0)
		return ord_fail_sys(err, "watch the devices");
	return 0;
}

static int note_left(const struct keep_left *left, json_t *report, struct ord_err *err)
{
	if (left->learned && net_tell(report, "notes", err,
				      "%u addresses and routes were learned by router "
				      "advertisements: the kernel asks for them anew, which takes "
				      "a router's answer",
				      left->learned) < 0)
		return -1;
	if (left->temporary &&
	    net_tell(report, "notes", err, "%u temporary IPv6 addresses: the kernel makes others",
		     left->temporary) < 0)
		return -1;
	if (left->external && net_tell(report, "notes", err,
				       "%u neighbours of a control plane: it has to put them back",
				       left->external) < 0)
		return -1;
	return 0;
}

static int tell(const struct down *d, const struct keep_left *left, json_t *report,
		struct ord_err *err)
{
	if (json_object_set_new(report, "engine", json_string("")) < 0)
		return ord_fail_nomem(err);
	if (net_tell(report, "objects", err,
		     "device %s is down; the guardian sets it up and puts back what goes with it: "
		     "%u IPv6 addresses, %u routes, %u neighbours",
		     d->link.name, keep_count(d->kept, RTM_NEWADDR),
		     keep_count(d->kept, RTM_NEWROUTE), keep_count(d->kept, RTM_NEWNEIGH)) < 0)
		return -1;
	return note_left(left, report, err);
}

static int write_record(const struct inj_step *step, struct down *d, json_t *undo,
			struct ord_err *err)
{
	d->kept = json_array();
	if (json_object_set_new(undo, "kept", d->kept) < 0 ||
	    json_object_set_new(undo, "lease", json_string(step->lease)) < 0 ||
	    json_object_set_new(undo, "device", json_string(d->link.name)) < 0 ||
	    json_object_set_new(undo, "index", json_integer(d->link.index)) < 0 ||
	    json_object_set_new(undo, "ups", json_integer(d->link.ups)) < 0 ||
	    json_object_set_new(undo, "boot_ns", json_integer((json_int_t)ord_boot_ns())) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int look(struct inj_step *step, struct down *d, bool own, json_t *undo, json_t *report,
		struct ord_err *err)
{
	struct links links;
	struct keep_left left;

	if (talk_open(&d->route, NETLINK_ROUTE, err) < 0 || watch_open(d, err) < 0 ||
	    links_choose(&d->route, LINKS_BOTTOM, ord_arg_text(step->args, "device"), false, &links,
			 err) < 0)
		return -1;
	d->link = links.v[0];
	if (net_down_above(&d->route, &d->link, err) < 0 ||
	    (own && net_down_guard(step, &d->route, &d->link, err) < 0) ||
	    write_record(step, d, undo, err) < 0 ||
	    keep_read(&d->route, d->link.index, true, d->kept, &left, err) < 0)
		return -1;
	d->off = link_change(d->link.index, 0, IFF_UP);
	d->ask = link_question(d->link.index);
	if (!d->off || !d->ask)
		return ord_fail_nomem(err);
	return tell(d, &left, report, err);
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const bool own = net_own(step->place);
	struct down *d;

	if (inj_netns_enter(step->place->netns, step->place->netns_ino, err) < 0)
		return -1;
	d = calloc(1, sizeof *d);
	if (!d)
		return ord_fail_nomem(err);
	d->route.fd = d->watch = -1;
	step->state = d;
	return look(step, d, own, undo, report, err);
}

/* ---- inject ---- */

/* Nothing has changed since it was read: else it could not be put back. */
static int same_as_kept(struct down *d, struct ord_err *err)
{
	json_t *now = json_array(), *one, *other;
	struct keep_left left;
	bool same;
	size_t i;
	int rc;

	if (!now)
		return ord_fail_nomem(err);
	rc = keep_read(&d->route, d->link.index, true, now, &left, err);
	same = json_array_size(now) == json_array_size(d->kept);
	json_array_foreach (d->kept, i, one) {
		other = json_array_get(now, i);
		same = same && json_equal(json_array_get(one, 1), json_array_get(other, 1));
	}
	json_decref(now);
	if (rc == 0 && !same)
		return ord_fail(err, ORD_SYS,
				"addresses or routes of device '%s' are being changed by somebody: "
				"try again",
				d->link.name);
	return rc;
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct down *d = step->state;
	struct link now;
	bool found;

	if (same_as_kept(d, err) < 0 || link_ask(&d->route, d->ask, &found, &now, err) < 0)
		return -1;
	if (!found || !(now.flags & IFF_UP) || now.ups != d->link.ups)
		return ord_fail(err, ORD_SYS, "device '%s' was removed or set down by somebody",
				d->link.name);
	if (talk_ask(&d->route, d->off, NULL, NULL, err) < 0)
		return ord_wrap(err, "set device '%s' down", d->link.name);
	if (link_ask(&d->route, d->ask, &found, &now, err) < 0)
		return -1;
	if (!found || now.flags & (IFF_UP | IFF_RUNNING))
		return ord_fail(err, ORD_SYS, "device '%s' is not down", d->link.name);
	return 0;
}

/* ---- held ---- */

static unsigned wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct down *d = step->state;

	(void)due_ns;
	if (max == 0)
		return 0;
	fds[0] = (struct pollfd){.fd = d->watch, .events = POLLIN};
	return 1;
}

/* What was told is not read: the device is asked. */
static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct down *d = step->state;
	struct link now;
	char drop[4096];
	bool found;

	*ret_over = false;
	if (n == 0 || !fds[0].revents)
		return 0;
	while (recv(d->watch, drop, sizeof drop, 0) > 0 || errno == ENOBUFS)
		;
	if (link_ask(&d->route, d->ask, &found, &now, err) < 0)
		return -1;
	*ret_over = !found;
	if (found && now.flags & IFF_UP)
		return ord_fail(err, ORD_SYS, "somebody else set device '%s' up", now.name);
	return 0;
}

static int end(struct inj_step *step, struct ord_err *err)
{
	struct down *d = step->state;

	(void)err;
	talk_close(&d->route);
	ord_close(&d->watch);
	return 0;
}

/* ---- revert ---- */

/* Who is told that something was left as another has made it. */
static void left_alone(const struct record *r, const char *why)
{
	struct inj_step step = {.lease = r->lease};
	struct ord_object device = {.kind = "device"};

	(void)snprintf(device.name, sizeof device.name, "%s", r->device);
	inj_acted(&step, "kept", &device, why);
}

/* Down, and not by us. */
static bool others_down(const struct link *now, const struct record *r)
{
	return !(now->flags & IFF_UP) && now->ups > r->ups;
}

static int take_back(struct nl_talk *t, const struct record *r, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *up = link_change(r->index, IFF_UP, IFF_UP);
	struct link now;
	bool found;

	if (!up)
		return ord_fail_nomem(err);
	if (link_find_index(t, r->index, &found, &now, err) < 0)
		return -1;
	if (!found) {
		left_alone(r, "it is gone, or in another network namespace");
		return 0;
	}
	if (others_down(&now, r)) {
		left_alone(r, "somebody set it up and down again meanwhile: it stays down");
		return 0;
	}
	if (!(now.flags & IFF_UP) && talk_ask(t, up, NULL, NULL, err) < 0)
		return ord_wrap(err, "set device '%s' up", now.name);
	return keep_put_back(t, r->kept, r->after_s, inj_beat, err);
}

static int revert(const json_t *undo, struct ord_err *err)
{
	struct nl_talk t = {.fd = -1};
	struct record r;
	int rc;

	if (record_read(undo, &r, err) < 0 || talk_open(&t, NETLINK_ROUTE, err) < 0)
		return -1;
	rc = take_back(&t, &r, err);
	talk_close(&t);
	return rc;
}

static int left_of(struct nl_talk *t, const struct record *r, json_t *left, struct ord_err *err)
{
	struct link now;
	bool found;

	if (link_find_index(t, r->index, &found, &now, err) < 0)
		return -1;
	if (!found || others_down(&now, r))
		return 0;
	if (now.flags & IFF_UP)
		return keep_missing(t, r->index, r->kept, r->after_s, left, err);
	if (json_array_append_new(left, json_sprintf("device %s is down", now.name)) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int residue(const json_t *undo, json_t *left, struct ord_err *err)
{
	struct nl_talk t = {.fd = -1};
	struct record r;
	int rc;

	if (record_read(undo, &r, err) < 0 || talk_open(&t, NETLINK_ROUTE, err) < 0)
		return -1;
	rc = left_of(&t, &r, left, err);
	talk_close(&t);
	return rc;
}

static void done(struct inj_step *step)
{
	struct down *d = step->state;

	if (!d)
		return;
	talk_close(&d->route);
	ord_close(&d->watch);
	nlmsg_free(d->off);
	nlmsg_free(d->ask);
	free(d);
	step->state = NULL;
}

static int available(const char **ret_engine, struct ord_err *err)
{
	*ret_engine = "";
	return net_capable(err);
}

const struct ord_injector inj_net_down = {
	.name = "net.down",
	.syscalls = net_syscalls,
	.revert_syscalls = net_residue_syscalls,
	.check = check,
	.inject = inject,
	.wait = wait,
	.wake = wake,
	.end = end,
	.revert = revert,
	.residue = residue,
	.validate = validate,
	.done = done,
	.available = available,
};
