#include "injector/lease/rescue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/proc.h"
#include "injector/lease/acted.h"
#include "injector/lease/home.h"
#include "injector/lease/pidfd.h"
#include "injector/lease/sandbox.h"
#include "injector/lease/serve.h"
#include "injector/lease/undo.h"

/* A guardian that lives gets this long to finish; then it is one that hangs. */
#define GUARDIAN_NS (3 * ORD_S)
/* Beyond its deadline by this much, a lease is held by nobody who minds it. */
#define OVERDUE_NS (10 * ORD_S)
#define RESIDUE_NS ORD_S
#define OPERATE_NS (20 * ORD_S)

struct rescue {
	int dir;
	const char *lease;
	bool dry_run;
	char boot[INJ_BOOT_ID];
	json_t *records;
	unsigned bad;
};

/* One record under the knife. */
struct patient {
	const struct ord_injector *inj;
	const struct inj_record *record;
	bool dry_run;
};

static json_t *verdict(const char *action, int residue, json_t *left, const char *message)
{
	return json_pack("{s:s s:i s:o s:[] s:s}", "action", action, "residue", residue, "left",
			 left ? left : json_array(), "kept", "message", message);
}

/* With what was kept (NULL: nothing), which is copied. */
static json_t *verdict_kept(json_t *verdict, json_t *kept)
{
	if (verdict && kept)
		(void)json_array_extend(json_object_get(verdict, "kept"), kept);
	return verdict;
}

/* Reads the system back until nothing is left or the time is up. */
static int residue_read(const struct patient *p, uint64_t for_ns, json_t *left, struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + for_ns;

	for (;;) {
		(void)json_array_clear(left);
		if (p->inj->residue(p->record->undo, left, err) < 0)
			return -1;
		if (json_array_size(left) == 0 || ord_now_ns() >= limit)
			return 0;
		(void)poll(NULL, 0, 10);
	}
}

/* In a child of its own: enters the place, leaves all privileges but the fault's, checks the record
 * again, reverts. */
static json_t *operate(void *arg)
{
	const struct patient *p = arg;
	const struct inj_record *r = p->record;
	json_t *left = json_array(), *kept = json_array();
	struct ord_err err;
	char netns[64];

	if (r->netns[0] && !inj_netns_find(r->netns, r->netns_ino, netns))
		return verdict("removed", 0, left,
			       "its network namespace is gone, and the effect with it");
	if (inj_program()->open && p->inj->revert && inj_program()->open(r->undo, &err) < 0)
		return verdict("failed", -1, left, err.msg);
	if ((r->netns[0] && inj_netns_enter(netns, r->netns_ino, &err) < 0) ||
	    inj_drop(inj_fault_caps(r->fault), &err) < 0 ||
	    inj_seccomp(INJ_GUARDIAN, NULL, p->inj->revert_syscalls, &err) < 0)
		return verdict("failed", -1, left, err.msg);
	if (p->inj->validate && p->inj->validate(r->undo, &err) < 0)
		return verdict("refused", -1, left, err.msg);
	if (p->dry_run) {
		if (p->inj->residue && residue_read(p, 0, left, &err) < 0)
			return verdict("failed", -1, left, err.msg);
		return verdict("would-revert", p->inj->residue ? (int)json_array_size(left) : -1,
			       left, "");
	}
	inj_kept_collect(kept);
	if ((p->inj->revert && p->inj->revert(r->undo, &err) < 0) ||
	    (p->inj->residue && residue_read(p, RESIDUE_NS, left, &err) < 0))
		return verdict_kept(verdict("failed", -1, left, err.msg), kept);
	return verdict_kept(
		verdict("reverted", p->inj->residue ? (int)json_array_size(left) : -1, left, ""),
		kept);
}

static json_t *replay(const struct rescue *x, const struct inj_record *r)
{
	struct patient p = {
		.inj = inj_find(inj_program(), r->fault->name), .record = r, .dry_run = x->dry_run};
	struct ord_err err;
	json_t *answer;

	if (!p.inj)
		return verdict("refused", -1, NULL, "the fault is not in this build");
	if (inj_child_ask(operate, &p, OPERATE_NS, &answer, &err) < 0)
		return verdict("failed", -1, NULL, err.msg);
	return answer;
}

static bool stopped(pid_t pid)
{
	ord_autoclose int dir = ord_proc_open(pid);
	struct ord_proc_stat s;

	return dir >= 0 && ord_proc_stat(dir, &s) == 0 && s.state == 'T';
}

static void end(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	(void)inj_pidfd_signal(pidfd, SIGKILL);
	(void)poll(&p, 1, 1000);
}

static bool lock_wait(int fd, uint64_t for_ns)
{
	uint64_t limit = ord_now_ns() + for_ns;

	while (!inj_record_lock(fd)) {
		if (ord_now_ns() >= limit)
			return false;
		(void)poll(NULL, 0, 2);
	}
	return true;
}

/*
 * The record is locked: somebody lives. A live holder keeps its lease, unless it is stopped without
 * a guardian or far beyond its deadline. A live guardian is given its time; one that hangs is
 * ended. True: the lock is ours.
 */
static bool wait_for(const struct inj_record *r, int fd)
{
	ord_autoclose int holder = inj_alive(&r->holder);
	ord_autoclose int guardian = inj_alive(&r->guardian);
	bool forsaken;

	/* Who waits for an API server to come back does not hang. */
	if (inj_program()->journal && guardian >= 0)
		return holder < 0 && lock_wait(fd, GUARDIAN_NS);

	if (holder >= 0) {
		forsaken = (guardian < 0 && r->guardian.pid > 0 && stopped(r->holder.pid)) ||
			   ord_boot_ns() > r->deadline_boot_ns + OVERDUE_NS;
		if (!forsaken)
			return false;
		end(holder);
	}
	if (lock_wait(fd, GUARDIAN_NS))
		return true;
	if (guardian >= 0)
		end(guardian);
	return lock_wait(fd, ORD_S);
}

/* The lock is ours. Whoever had it may have written to the record since we read it. */
static void read_again(const struct rescue *x, const char *name, struct inj_record *r)
{
	struct inj_record now;
	struct ord_err err;
	int fd;

	if (inj_record_read(x->dir, name, &now, &fd, &err) < 0)
		return;
	ord_close(&fd);
	inj_record_done(r);
	*r = now;
}

/* What is to be done with one record; owned, without the names. */
static json_t *decide(const struct rescue *x, const char *name, struct inj_record *r, int fd)
{
	struct stat st;

	if (strcmp(r->boot, x->boot) != 0 && !inj_program()->journal)
		return verdict("removed", 0, NULL,
			       "of an earlier start of this machine: the effect went with it");
	if (!inj_record_lock(fd) && (x->dry_run || !wait_for(r, fd)))
		return verdict("held", 0, NULL,
			       r->state == INJ_WAITING
				       ? "its holder or its guardian waits for the API server: "
					 "left alone"
				       : "its holder or its guardian lives: left alone");
	if (fstat(fd, &st) == 0 && st.st_nlink == 0)
		return verdict("reverted", 0, NULL, "by its guardian");
	read_again(x, name, r);
	if (r->state == INJ_ENDED)
		return verdict_kept(verdict("removed", 0, NULL, "it had been reverted"), r->kept);
	return replay(x, r);
}

static bool cleared(const json_t *entry)
{
	const char *action = json_string_value(json_object_get(entry, "action"));

	return action && (strcmp(action, "removed") == 0 || strcmp(action, "reverted") == 0) &&
	       json_integer_value(json_object_get(entry, "residue")) <= 0;
}

static bool harmless(const json_t *entry)
{
	const char *action = json_string_value(json_object_get(entry, "action"));

	return action && (strcmp(action, "held") == 0 || strcmp(action, "would-revert") == 0);
}

static void rescue_one(void *arg, const char *name)
{
	struct rescue *x = arg;
	struct inj_record r = {0};
	struct ord_err err;
	ord_autoclose int fd = -1;
	json_t *entry;
	size_t lease = strlen(name) - strlen(".json");

	if (x->lease[0] && (strlen(x->lease) != lease || strncmp(x->lease, name, lease) != 0))
		return;
	if (inj_record_read(x->dir, name, &r, &fd, &err) < 0)
		entry = verdict("refused", -1, NULL, err.msg);
	else
		entry = decide(x, name, &r, fd);
	if (cleared(entry)) {
		if (!x->dry_run && unlinkat(x->dir, name, 0) < 0 && errno != ENOENT)
			x->bad++;
	} else if (!harmless(entry)) {
		x->bad++;
	}
	(void)json_object_set_new(entry, "lease", json_stringn(name, lease));
	(void)json_object_set_new(entry, "fault", json_string(r.fault ? r.fault->name : ""));
	(void)json_array_append_new(x->records, entry);
	inj_record_done(&r);
}

/* What is left of one that died while it wrote, on a file system without nameless files: it is
 * nobody's after a minute. */
static void leavings_clear(int dir)
{
	int copy = openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		struct stat st;

		if (n > 4 && strcmp(e->d_name + n - 4, ".tmp") == 0 &&
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ord_wall_ns() / ORD_S > (uint64_t)st.st_mtime + 60)
			(void)unlinkat(dir, e->d_name, 0);
	}
	if (d)
		(void)closedir(d);
	else
		ord_close(&copy);
}

int inj_rescue(const char *lease, bool dry_run, json_t *records, unsigned *ret_bad,
	       struct ord_err *err)
{
	struct rescue x = {.dir = -1, .lease = lease, .dry_run = dry_run, .records = records};
	ord_autoclose int dir = -1;
	struct inj_dirs own;
	int r;

	if (inj_boot_id(x.boot, err) < 0 || inj_dirs(&own, err) < 0 ||
	    inj_dir_open(inj_dirs_own(&own), &dir, err) < 0)
		return -1;
	*ret_bad = 0;
	if (dir < 0)
		return 0; /* no lease was ever made */
	x.dir = dir;
	if (!dry_run)
		leavings_clear(dir);
	r = inj_records_each(dir, rescue_one, &x, err);
	*ret_bad = x.bad;
	return r;
}
