#include "injector/lease/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "injector/lease/injector.h"
#include "injector/lease/sandbox.h"

/* The head: white space pads each value to its width, so that the whole stays JSON. */
#define HEAD_STATE    "{\"state\":"
#define HEAD_DEADLINE ",\"deadline_boot_ns\":"
#define HEAD_HOLDER   ",\"holder\":"
#define HEAD_GUARDIAN ",\"guardian\":"
#define W_STATE	      10
#define W_DEADLINE    20
#define W_PROC	      34 /* [pid of 10, start of 20] */
#define AT_STATE      (sizeof HEAD_STATE - 1)
#define AT_DEADLINE   (AT_STATE + W_STATE + sizeof HEAD_DEADLINE - 1)
#define AT_HOLDER     (AT_DEADLINE + W_DEADLINE + sizeof HEAD_HOLDER - 1)
#define AT_GUARDIAN   (AT_HOLDER + W_PROC + sizeof HEAD_GUARDIAN - 1)

static const char *const states[] = {
	[INJ_PREPARED] = "prepared",
	[INJ_INJECTED] = "injected",
	[INJ_WAITING] = "waiting",
	[INJ_ENDED] = "ended",
};

const char *inj_state_name(enum inj_state state)
{
	return states[state];
}

int inj_boot_id(char ret[INJ_BOOT_ID], struct ord_err *err)
{
	char text[INJ_BOOT_ID];

	if (ord_file_peek(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof text) !=
	    INJ_BOOT_ID - 1)
		return ord_fail_sys(err, "read the boot id");
	memcpy(ret, text, sizeof text);
	return 0;
}

int inj_dirs(struct inj_dirs *ret, struct ord_err *err)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	struct inj_dirs d = {.base = "/run/ordeal"};
	struct inj_ids ids;

	if (inj_ids(&ids, err) < 0)
		return -1;
	if (!ids.system && xdg && xdg[0] == '/' && strlen(xdg) < 100)
		(void)snprintf(d.base, sizeof d.base, "%s/ordeal", xdg);
	else if (!ids.system)
		(void)snprintf(d.base, sizeof d.base, "/tmp/ordeal-%u", ids.uid);
	(void)snprintf(d.undo, sizeof d.undo, "%s/undo", d.base);
	if (ord_state_dir(d.journal, sizeof d.journal - sizeof "/undo", err) == 0)
		(void)strncat(d.journal, "/undo", sizeof d.journal - strlen(d.journal) - 1);
	else if (inj_program()->journal)
		return -1;
	else
		d.journal[0] = '\0';
	*ret = d;
	return 0;
}

const char *inj_dirs_own(const struct inj_dirs *dirs)
{
	return inj_program()->journal ? dirs->journal : dirs->undo;
}

/* Opens a directory that must be owned by owner and writable by nobody else; -1 in *ret_fd where
 * there is none. */
static int dir_open(const char *path, uid_t owner, mode_t forbidden, int *ret_fd,
		    struct ord_err *err)
{
	ord_autoclose int fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		*ret_fd = -1;
		return 0;
	}
	if (fd < 0)
		return ord_fail_sys(err, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return ord_fail_sys(err, "stat '%s'", path);
	if (st.st_uid != owner || (st.st_mode & forbidden))
		return ord_fail(err, ORD_GUARD, "'%s' belongs to uid %u with mode %o: not trusted",
				path, st.st_uid, st.st_mode & 07777);
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

static int dir_make(const char *path, mode_t mode, uid_t owner, int *ret_fd, struct ord_err *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return ord_fail_sys(err, "make '%s'", path);
	if (dir_open(path, owner, 022, ret_fd, err) < 0)
		return -1;
	return *ret_fd < 0 ? ord_fail(err, ORD_SYS, "'%s' vanished", path) : 0;
}

/* As root the undo directory belongs to the lease's uid, which finishes and removes its records
 * without a capability. */
static int undo_give(const char *path, const struct inj_ids *ids, struct ord_err *err)
{
	ord_autoclose int fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ord_fail_sys(err, "open '%s'", path);
	if (st.st_uid == ids->uid)
		return 0;
	if (st.st_uid != 0)
		return ord_fail(err, ORD_GUARD, "'%s' belongs to uid %u: not trusted", path,
				st.st_uid);
	if (fchown(fd, ids->uid, ids->gid) < 0)
		return ord_fail_sys(err, "give '%s' to uid %u", path, ids->uid);
	return 0;
}

/* Best effort: only root's look at other users' leases follows it. */
static void journal_point(const struct inj_dirs *d)
{
	char path[192], there[INJ_DIR_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof path, "%s/" INJ_JOURNAL_LINK, d->base);
	n = readlink(path, there, sizeof there);
	if (n == (ssize_t)strlen(d->journal) && memcmp(there, d->journal, (size_t)n) == 0)
		return;
	if (n >= 0)
		(void)unlink(path);
	(void)!symlink(d->journal, path);
}

/* It outlives a restart, and so must the directory. */
static int journal_make(const struct inj_dirs *d, uid_t uid, int *ret_fd, struct ord_err *err)
{
	char parent[INJ_DIR_MAX];
	ord_autoclose int above = -1;

	(void)snprintf(parent, sizeof parent, "%s", d->journal);
	*strrchr(parent, '/') = '\0';
	if (ord_mkdirs(parent, 0755, err) < 0)
		return ord_wrap(err, "undo records (XDG_STATE_HOME says where)");
	if (mkdir(d->journal, 0700) < 0 && errno != EEXIST)
		return ord_fail_sys(err, "make '%s'", d->journal);
	if (dir_open(d->journal, uid, 077, ret_fd, err) < 0)
		return -1;
	if (*ret_fd < 0)
		return ord_fail(err, ORD_SYS, "'%s' vanished", d->journal);
	above = open(parent, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (above >= 0)
		(void)fsync(above);
	journal_point(d);
	return 0;
}

int inj_dirs_make(struct inj_dirs *ret, int *ret_fd, struct ord_err *err)
{
	ord_autoclose int base = -1, undo = -1;
	struct inj_dirs d;
	struct inj_ids ids;

	if (inj_ids(&ids, err) < 0 || inj_dirs(&d, err) < 0)
		return -1;
	/* Others may see the halt mark of root; nobody else sees a user's. */
	if (dir_make(d.base, ids.system ? 0755 : 0700, ids.system ? 0 : ids.uid, &base, err) < 0)
		return -1;
	if (inj_program()->journal) {
		if (journal_make(&d, geteuid(), ret_fd, err) < 0)
			return -1;
		*ret = d;
		return 0;
	}
	if (mkdir(d.undo, 0700) < 0 && errno != EEXIST)
		return ord_fail_sys(err, "make '%s'", d.undo);
	if (ids.root && undo_give(d.undo, &ids, err) < 0)
		return -1;
	if (dir_open(d.undo, ids.uid, 077, &undo, err) < 0)
		return -1;
	if (undo < 0)
		return ord_fail(err, ORD_SYS, "'%s' vanished", d.undo);
	*ret = d;
	*ret_fd = ord_steal_fd(&undo);
	return 0;
}

int inj_dir_open(const char *path, int *ret_fd, struct ord_err *err)
{
	ord_autoclose int fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret_fd = -1;
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return ord_fail_sys(err, "open '%s'", path);
	if (st.st_mode & 077)
		return ord_fail(err, ORD_GUARD, "'%s' has mode %o: not trusted", path,
				st.st_mode & 07777);
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

static void proc_format(const struct ord_proc *p, char out[static W_PROC + 1])
{
	(void)snprintf(out, W_PROC + 1, "[%10d, %20" PRIu64 "]", p->pid, p->start);
}

/* The whole text; owned. */
static char *record_text(const struct inj_request *req, uint64_t deadline,
			 const struct ord_proc *holder, const char *boot, json_t *undo)
{
	ord_auto(json) json_t *rest = NULL;
	ord_autofree char *tail = NULL;
	char h[W_PROC + 1], g[W_PROC + 1];
	char *out = NULL;

	proc_format(holder, h);
	proc_format(&(struct ord_proc){0}, g);
	rest = json_pack("{s:i s:s s:s s:s s:s s:I s:O}", "protocol", 1, "boot", boot, "lease",
			 req->lease, "fault", req->args.fault->name, "netns", req->place.netns,
			 "netns_ino", (json_int_t)req->place.netns_ino, "undo", undo);
	tail = rest ? json_dumps(rest, JSON_COMPACT) : NULL;
	/* The tail's own brace becomes the comma after the head. */
	if (!tail || asprintf(&out,
			      HEAD_STATE "%-*s" HEAD_DEADLINE "%*" PRIu64 HEAD_HOLDER
					 "%s" HEAD_GUARDIAN "%s,%s\n",
			      W_STATE, "\"prepared\"", W_DEADLINE, deadline, h, g, tail + 1) < 0)
		return NULL;
	return out;
}

/* -1 with errno EEXIST where the lease is there. A file without a name gets one, else it is
 * renamed. */
static int record_name(int dir, int fd, const char *tmp, const char *name)
{
	char path[32];

	if (!tmp[0]) {
		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
	}
	if (renameat2(dir, tmp, dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* A file system that cannot rename so can link. */
	if (errno != EINVAL || linkat(dir, tmp, dir, name, 0) < 0)
		return -1;
	return unlinkat(dir, tmp, 0);
}

/* It could not be written: says where, since on a full disk one wants to know on which. */
static int record_failed(int dir, struct ord_err *err)
{
	char link[64], path[PATH_MAX] = "";

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
	if (readlink(link, path, sizeof path - 1) <= 0)
		return ord_wrap(err, "write the undo record");
	return ord_wrap(err, "write the undo record in %s", path);
}

/* The lease is there whole or not at all, and only once. */
static int record_publish(int dir, int fd, const char *tmp, const char *name, const char *text,
			  struct ord_err *err)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return ord_fail_sys(err, "lock the undo record");
	if (ord_write_all(fd, text, strlen(text), err) < 0)
		return record_failed(dir, err);
	if (inj_program()->journal && fsync(fd) < 0)
		return ord_fail_sys(err, "make the undo record durable");
	if (record_name(dir, fd, tmp, name) == 0)
		return inj_program()->journal && fsync(dir) < 0
			       ? ord_fail_sys(err, "make the undo record durable")
			       : 0;
	if (errno == EEXIST)
		return ord_fail(
			err, ORD_GUARD,
			"the lease exists: end it, or `ordeal rescue` if its processes are dead");
	return ord_fail_sys(err, "name the undo record");
}

/* Without a name, so that nothing is left of one that dies over it; where the file system cannot,
 * under a name of luck. */
static int record_create(int dir, const char *lease, char tmp[static INJ_RECORD_NAME + 16],
			 struct ord_err *err)
{
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	uint64_t draw;

	tmp[0] = '\0';
	if (fd < 0 && errno != ENOSPC && errno != EACCES) {
		if (getrandom(&draw, sizeof draw, 0) != sizeof draw)
			return ord_fail_sys(err, "getrandom");
		(void)snprintf(tmp, INJ_RECORD_NAME + 16, "%s.%016" PRIx64 ".tmp", lease, draw);
		fd = openat(dir, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	return fd < 0 ? ord_fail_sys(err, "make the undo record") : fd;
}

int inj_undo_write(struct inj_undo *ret, int dir, const struct inj_request *req,
		   uint64_t deadline_boot_ns, json_t *undo, struct ord_err *err)
{
	struct ord_proc self = {.pid = getpid(), .start = ord_proc_start(getpid())};
	struct inj_undo u = {.dir = dir, .fd = -1};
	ord_autofree char *text = NULL;
	char tmp[INJ_RECORD_NAME + 16], boot[INJ_BOOT_ID];

	if (inj_boot_id(boot, err) < 0)
		return -1;
	text = record_text(req, deadline_boot_ns, &self, boot, undo);
	if (!text)
		return ord_fail_nomem(err);
	if (strlen(text) > INJ_RECORD_MAX)
		return ord_fail(err, ORD_GUARD, "the undo record is beyond %u bytes",
				INJ_RECORD_MAX);
	(void)snprintf(u.name, sizeof u.name, "%s.json", req->lease);
	u.fd = record_create(dir, req->lease, tmp, err);
	if (u.fd < 0)
		return -1;
	if (record_publish(dir, u.fd, tmp, u.name, text, err) < 0) {
		if (tmp[0])
			(void)unlinkat(dir, tmp, 0);
		ord_close(&u.fd);
		return -1;
	}
	*ret = u;
	return 0;
}

static int write_at(const struct inj_undo *u, const char *text, size_t n, size_t at,
		    struct ord_err *err)
{
	if (pwrite(u->fd, text, n, (off_t)at) != (ssize_t)n)
		return ord_fail_sys(err, "mark the undo record");
	return 0;
}

int inj_undo_state(const struct inj_undo *u, enum inj_state state, struct ord_err *err)
{
	static const char *const padded[] = {[INJ_PREPARED] = "\"prepared\"",
					     [INJ_INJECTED] = "\"injected\"",
					     [INJ_WAITING] = "\"waiting\" ",
					     [INJ_ENDED] = "\"ended\"   "};

	return write_at(u, padded[state], W_STATE, AT_STATE, err);
}

int inj_undo_deadline(const struct inj_undo *u, uint64_t boot_ns, struct ord_err *err)
{
	char text[W_DEADLINE + 1];

	(void)snprintf(text, sizeof text, "%*" PRIu64, W_DEADLINE, boot_ns);
	return write_at(u, text, W_DEADLINE, AT_DEADLINE, err);
}

int inj_undo_guardian(const struct inj_undo *u, const struct ord_proc *guardian,
		      struct ord_err *err)
{
	char text[W_PROC + 1];

	proc_format(guardian, text);
	return write_at(u, text, W_PROC, AT_GUARDIAN, err);
}

/* Before the last brace and the newline, in one write. */
static int kept_append(const struct inj_undo *u, const json_t *kept, struct ord_err *err)
{
	ord_autofree char *list = json_dumps(kept, JSON_COMPACT);
	ord_autofree char *text = NULL;
	struct stat st;

	if (!list || asprintf(&text, ",\"kept\":%s}\n", list) < 0)
		return ord_fail_nomem(err);
	if (fstat(u->fd, &st) < 0)
		return ord_fail_sys(err, "stat the undo record");
	if ((size_t)st.st_size + strlen(text) > INJ_RECORD_MAX)
		return ord_fail(err, ORD_GUARD, "the undo record has no room for what was kept");
	return write_at(u, text, strlen(text), (size_t)st.st_size - 2, err);
}

int inj_undo_end(const struct inj_undo *u, const json_t *kept, struct ord_err *err)
{
	if (inj_undo_state(u, INJ_ENDED, err) < 0)
		return -1;
	return json_array_size(kept) > 0 && kept_append(u, kept, err) == 0
		       ? 0
		       : inj_undo_remove(u, err);
}

int inj_undo_remove(const struct inj_undo *u, struct ord_err *err)
{
	if (unlinkat(u->dir, u->name, 0) < 0 && errno != ENOENT)
		return ord_fail_sys(err, "remove the undo record");
	return 0;
}
