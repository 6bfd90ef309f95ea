#include "injector/lease/halt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/lease/home.h"
#include "injector/lease/pidfd.h"
#include "injector/lease/sandbox.h"

#define MARK	  "halted"
#define ROOT_MARK "/run/ordeal/" MARK

/* Of the second that there is: orderly ends, then SIGKILL, then the guardians. */
#define ORDERLY_NS (650 * ORD_MS)
#define ALL_NS	   (900 * ORD_MS)

/* stat, since the filter of a holder allows it: a SIGTERM is asked for its reason there. */
static bool marked(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static void own_mark(const struct inj_dirs *dirs, char ret[static 192])
{
	(void)snprintf(ret, 192, "%s/" MARK, dirs->base);
}

int inj_halt_refuses(const struct inj_dirs *dirs, struct ord_err *err)
{
	char own[192];

	own_mark(dirs, own);
	if (marked(own) || (strcmp(own, ROOT_MARK) && marked(ROOT_MARK)))
		return ord_fail(err, ORD_GUARD,
				"this host is halted: `ordeal resume` allows faults again");
	return 0;
}

/* One holder that is being ended. */
struct ending {
	int dir;
	size_t n;
	struct {
		int holder;  /* pidfd, -1 where it is dead already */
		int record;  /* its lock tells when holder, guardian and children are gone */
		bool remote; /* reverted through an API: a guardian would not get further */
	} v[INJ_RECORDS_MAX];
};

static void term(void *arg, const char *name)
{
	struct ending *e = arg;
	struct inj_record r;
	struct ord_err err;
	int fd;

	if (e->n == INJ_RECORDS_MAX || inj_record_read(e->dir, name, &r, &fd, &err) < 0)
		return;
	if (inj_record_lock(fd)) { /* nobody there: for `rescue` */
		ord_close(&fd);
	} else {
		e->v[e->n].record = fd;
		e->v[e->n].holder = inj_alive(&r.holder);
		e->v[e->n].remote = r.fault->program == ORD_PROGRAM_KUBE;
		if (e->v[e->n].holder >= 0)
			(void)inj_pidfd_signal(e->v[e->n].holder, SIGTERM);
		e->n++;
	}
	inj_record_done(&r);
}

/* Waits until all locks are free; returns how many are not by then. */
static size_t locks_wait(struct ending *e, uint64_t limit)
{
	size_t left;

	for (;;) {
		left = 0;
		for (size_t i = 0; i < e->n; i++) {
			if (e->v[i].record >= 0 && inj_record_lock(e->v[i].record))
				ord_close(&e->v[i].record);
			left += e->v[i].record >= 0;
		}
		if (left == 0 || ord_now_ns() >= limit)
			return left;
		(void)poll(NULL, 0, 2);
	}
}

/*
 * As the owner of the records: asks all holders to end, sees them end, kills those that do not, for
 * their guardians to revert. A holder that waits for an API server is left to do so.
 * Answers how many leases there were, and how many are left.
 */
static json_t *home_end(int dir, void *arg)
{
	static struct ending e; /* large */
	const uint64_t *began = arg;
	struct ord_err err;
	size_t left;

	e.dir = dir;
	if (inj_records_each(dir, term, &e, &err) < 0)
		return NULL;
	left = locks_wait(&e, *began + ORDERLY_NS);
	for (size_t i = 0; left > 0 && i < e.n; i++)
		if (e.v[i].record >= 0 && e.v[i].holder >= 0 && !e.v[i].remote)
			(void)inj_pidfd_signal(e.v[i].holder, SIGKILL);
	left = left > 0 ? locks_wait(&e, *began + ALL_NS) : 0;
	return json_pack("[I,I]", (json_int_t)e.n, (json_int_t)left);
}

static int mark_set(struct ord_err *err)
{
	struct inj_dirs dirs;
	int undo = -1;
	char own[192];
	ord_autoclose int fd = -1;

	if (inj_dirs_make(&dirs, &undo, err) < 0)
		return -1;
	ord_close(&undo);
	own_mark(&dirs, own);
	fd = open(own, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return ord_fail_sys(err, "make '%s'", own);
	return 0;
}

int inj_halt(unsigned *ret_ended, struct ord_err *err)
{
	static struct inj_home homes[INJ_HOMES_MAX];
	static json_t *answers[INJ_HOMES_MAX];
	uint64_t began = ord_now_ns();
	unsigned all = 0, left = 0;
	size_t n;
	int r;

	if (mark_set(err) < 0)
		return -1;
	n = inj_homes(homes, INJ_HOMES_MAX, err);
	r = inj_homes_ask(homes, n, home_end, &began, answers, err);
	for (size_t i = 0; i < n; i++) {
		all += (unsigned)json_integer_value(json_array_get(answers[i], 0));
		left += (unsigned)json_integer_value(json_array_get(answers[i], 1));
		json_decref(answers[i]);
	}
	if (r < 0)
		return -1;
	*ret_ended = all - left;
	return left ? ord_fail(err, ORD_SYS,
			       "%u lease%s not ended within a second; what is reverted through an "
			       "API goes on by itself",
			       left, left == 1 ? " has" : "s have")
		    : 0;
}

int inj_resume(struct ord_err *err)
{
	struct inj_dirs dirs;
	char own[192];

	if (inj_dirs(&dirs, err) < 0)
		return -1;
	own_mark(&dirs, own);
	if (unlink(own) < 0 && errno != ENOENT)
		return ord_fail_sys(err, "remove '%s'", own);
	if (marked(ROOT_MARK))
		return ord_fail(err, ORD_GUARD,
				"root has halted this host, so root must resume it");
	return 0;
}
