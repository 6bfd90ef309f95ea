/* Ways to end in which what is around the lease goes: its target, the target's namespace, the room
 * on the disk. */
#include "matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* The target dies while the fault holds; what is left of the fault ends as asked. */
void target_killed(void)
{
	const bool watched = row->on == ON_PROCESS && row->by_guardian;
	json_t *event;
	char *without;

	begin(LONG_HOLD);
	target_end(&target);
	if (!watched)
		driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	event = driver_until(&d, "reverted", 3000);
	must(json_integer_value(json_object_get(event, "residue")) <= 0);
	if (watched &&
	    strcmp(json_string_value(json_object_get(event, "cause")), "target-gone") != 0)
		die("%s: the target's death was not the cause", row->fault);
	json_decref(event);
	must(driver_reap(&d, 3000) == 0);
	row_target(row, &target);
	without = state_read(&target);
	free(before);
	before = without;
}

/* Nothing names the target's namespace any more but the injector; with the lease it goes, and the
 * veth pair with it. */
void namespace_deleted(void)
{
	char *bare;

	if (row->on != ON_NET)
		return;
	target_end(&target);
	for (int i = 0; i < 100 && access("/proc/sys/net/ipv4/conf/vT", F_OK) == 0; i++)
		nap_ms(20);
	bare = state_read(NULL);
	row_target(row, &target);
	begin(LONG_HOLD);
	target_end(&target);
	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	json_decref(driver_until(&d, "reverted", 3000));
	must(driver_reap(&d, 3000) == 0);
	state_same(bare, NULL, SETTLED_MS, "namespace deleted");
	/* And once more with nobody left to end it in order. */
	row_target(row, &target);
	begin(LONG_HOLD);
	target_end(&target);
	must_sys(kill(d.pid, SIGKILL));
	(void)driver_reap(&d, 1000);
	state_same(bare, NULL, SETTLED_MS, "namespace deleted, holder killed");
	free(bare);
	row_target(row, &target);
	free(before);
	before = state_read(&target);
}

/*
 * The process that the record names has died, another lives in its namespace: rescue finds the way
 * in all the same. With nobody in it the record is void.
 */
void namespace_by_another(void)
{
	json_t *one;
	pid_t other;

	if (row->on != ON_NET)
		return;
	for (int with = 1; with >= 0; with--) {
		begin(LONG_HOLD);
		other = with ? fork() : 0;
		must_sys(other);
		if (with && other == 0) {
			(void)setns(target.netns, CLONE_NEWNET);
			(void)close_range(0, ~0u, 0);
			for (;;)
				(void)pause();
		}
		nap_ms(20);
		must_sys(kill(lease_pid(LEASE, "guardian"), SIGSTOP));
		must_sys(kill(lease_pid(LEASE, "guardian"), SIGKILL));
		must_sys(kill(d.pid, SIGKILL));
		(void)driver_reap(&d, 1000);
		target_end(&target);
		one = rescued_one();
		/* The holder may have seen its guardian's death first, and ended in order. */
		if (one)
			rescued_as(one, with ? "reverted" : "removed");
		if (with) {
			must_sys(kill(other, SIGKILL));
			(void)waitpid(other, NULL, 0);
		}
		row_target(row, &target);
	}
	free(before);
	before = state_read(&target);
}

static void fill(const char *path)
{
	char zeros[4096] = "";
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	must_sys(fd);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	must(errno == ENOSPC);
	(void)close(fd);
}

/* No space for the record: refused before anything is changed. No space later: the record is there,
 * all goes on. */
void disk_full(void)
{
	char *place = row_place(row, &target), *line;
	json_t *event;

	must_sys(mount("full", "/run/ordeal", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755"));
	json_decref(driver_op("status"));
	line = request_add(LEASE, row->fault, row->args, place, LONG_HOLD);
	driver_spawn(&d);
	fill("/run/ordeal/filler");
	driver_send(&d, line);
	event = driver_next(&d, 5000);
	while (event &&
	       strcmp(json_string_value(json_object_get(event, "event")), "checked") == 0) {
		json_decref(event);
		event = driver_next(&d, 5000);
	}
	if (!event || strcmp(json_string_value(json_object_get(event, "event")), "failed") != 0)
		die("%s: a full disk for the record was not refused", row->fault);
	json_decref(event);
	must(driver_reap(&d, 3000) == 1);
	must(!row->felt || !row->felt(&target, 20));
	must_sys(unlink("/run/ordeal/filler"));

	driver_spawn(&d);
	driver_send(&d, line);
	json_decref(driver_until(&d, "injected", 10000));
	fill("/run/ordeal/filler");
	must_sys(kill(d.pid, SIGKILL));
	(void)driver_reap(&d, 1000);
	for (int i = 0; access("/run/ordeal/undo/" LEASE ".json", F_OK) == 0; i++) {
		if (i > 200)
			die("%s: the record was not removed on a full disk", row->fault);
		nap_ms(10);
	}
	must_sys(umount2("/run/ordeal", MNT_DETACH));
	d.pid = 0;
	gone(0, "disk full");
	free(line);
	free(place);
}
