/* disk.fill on real file systems: how much, whose room, where it is looked for, what it refuses. */
#include "group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLD 60000000000ull
#define MIB  1048576ll
#define HOST "{\"host\":true}"

static struct driver d;

/* Ends the test where the command fails; what it prints is the reader's. */
static void sh(const char *command)
{
	pid_t pid = fork();
	int status;

	must_sys(pid);
	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(127);
	}
	must_sys(waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("failed: %s", command);
}

/* A file system of that kind in a sparse file of so many MiB, at /run/disk. */
static void disk_make(const char *kind, int mib)
{
	char command[512];

	(void)snprintf(command, sizeof command,
		       "mkdir -p /run/disk; truncate -s %dM /run/image; mkfs.%s -q -F /run/image; "
		       "mount -o loop /run/image /run/disk; chmod 1777 /run/disk; "
		       "rmdir /run/disk/lost+found",
		       mib, kind);
	sh(command);
}

static void disk_end(void)
{
	must_sys(umount2("/run/disk", 0));
	must_sys(unlink("/run/image"));
}

static long long room(const char *path, bool root)
{
	struct statvfs fs;

	must_sys(statvfs(path, &fs));
	return (long long)((root ? fs.f_bfree : fs.f_bavail) * fs.f_frsize);
}

static bool empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	bool found = false;

	must(dir);
	while ((e = readdir(dir)))
		found |= strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(dir);
	return !found;
}

/* How much that user can write there until the kernel says that the disk is full. */
static long long writes(const char *path, uid_t uid)
{
	int pipes[2];
	long long n = 0;
	pid_t pid;

	must_sys(pipe(pipes));
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		static const char zeros[65536];
		int fd = open(path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
		ssize_t r = 0;

		must_sys(setresuid(uid, uid, uid));
		while (fd >= 0 && (r = write(fd, zeros, sizeof zeros)) > 0)
			n += r;
		must(r < 0 && errno == ENOSPC);
		(void)!write(pipes[1], &n, sizeof n);
		_exit(0);
	}
	(void)close(pipes[1]);
	must(read(pipes[0], &n, sizeof n) == (ssize_t)sizeof n);
	(void)close(pipes[0]);
	must_sys(waitpid(pid, NULL, 0));
	return n;
}

static void begin(const char *args, const char *place)
{
	char *line = request_add("disk-1", "disk.fill", args, place, HOLD);

	driver_spawn(&d);
	driver_send(&d, line);
	free(line);
}

static json_int_t figure(const json_t *reverted, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(reverted, "figures"), key));
}

/* The event `reverted`, and nothing left. Owned. */
static json_t *end(void)
{
	json_t *e;

	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	e = driver_until(&d, "reverted", 20000);
	must(json_integer_value(json_object_get(e, "residue")) == 0);
	must(driver_reap(&d, 3000) == 0);
	must(effect_child(0) == 0);
	return e;
}

static void refused_to(const char *args, const char *place, const char *folder, const char *why)
{
	char *line = request_add("disk-1", "disk.fill", args, place, HOLD);
	const char *message;
	json_t *e;

	if (folder) {
		char *more;

		must_sys(asprintf(&more, "%.*s,\"folder\":\"%s\"}", (int)strlen(line) - 1, line,
				  folder));
		free(line);
		line = more;
	}
	driver_spawn(&d);
	driver_send(&d, line);
	free(line);
	e = driver_next(&d, 5000);
	message = json_string_value(json_object_get(e, "message"));
	if (!message || !strstr(message, why))
		die("not refused with '%s': %s", why, json_dumps(e, JSON_COMPACT));
	json_decref(e);
	must(driver_reap(&d, 3000) == 1);
}

static void refused(const char *args, const char *place, const char *why)
{
	refused_to(args, place, NULL, why);
}

/* Who is not root has what was left and no more, root has its reserve besides; then all is as
 * before. */
static void leaves_what_was_asked(void)
{
	long long before = room("/run/disk", true), left, reserve;
	json_t *e;

	begin("{\"path\":\"/run/disk\",\"leave\":8388608}", HOST);
	e = driver_until(&d, "checked", 5000);
	must(strstr(json_dumps(json_object_get(e, "notes"), 0), "reserved for root"));
	json_decref(e);
	json_decref(driver_until(&d, "injected", 20000));
	left = room("/run/disk", false);
	reserve = room("/run/disk", true) - left;
	must(left <= 8 * MIB && left > 8 * MIB - 65536 && empty("/run/disk"));
	must(writes("/run/disk", 65534) <= left);
	must(writes("/run/disk", 0) > left && reserve > 8 * MIB);
	(void)printf("%lld KiB left of 8 MiB, %lld KiB for root alone\n", left / 1024,
		     reserve / 1024);
	e = end();
	must(room("/run/disk", true) == before && empty("/run/disk"));
	must(figure(e, "free_bytes") == left && figure(e, "free_end_bytes") <= left);
	must(figure(e, "written") == 0 && figure(e, "filled_bytes") > 100 * MIB);
	json_decref(e);
}

static void takes_roots_reserve_too(void)
{
	long long before = room("/run/disk", true), n, r;

	if (prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) != 1) {
		refused("{\"path\":\"/run/disk\",\"reserved\":1}", HOST, "CAP_SYS_RESOURCE");
		return;
	}
	begin("{\"path\":\"/run/disk\",\"reserved\":1}", HOST);
	json_decref(driver_until(&d, "injected", 20000));
	n = writes("/run/disk", 65534);
	r = writes("/run/disk", 0);
	(void)printf("free %lld KiB for root, %lld KiB written by another, %lld by root\n",
		     room("/run/disk", true) / 1024, n / 1024, r / 1024);
	must(n == 0 && r < MIB);
	json_decref(end());
	must(room("/run/disk", true) == before);
}

static void counts_size_and_share(void)
{
	long long before = room("/run/disk", false), total;
	struct statvfs fs;

	begin("{\"path\":\"/run/disk\",\"size\":33554432}", HOST);
	json_decref(driver_until(&d, "injected", 20000));
	must(before - room("/run/disk", false) >= 32 * MIB &&
	     before - room("/run/disk", false) < 33 * MIB);
	json_decref(end());
	/* Less than a block of it, and than what is let pass. */
	begin("{\"path\":\"/run/disk\",\"size\":5000}", HOST);
	json_decref(driver_until(&d, "injected", 20000));
	must(before - room("/run/disk", false) >= 5000);
	json_decref(end());
	must_sys(statvfs("/run/disk", &fs));
	total = (long long)(fs.f_blocks * fs.f_frsize);
	begin("{\"path\":\"/run/disk\",\"leave-percent\":250000}", HOST);
	json_decref(driver_until(&d, "injected", 20000));
	must(room("/run/disk", false) <= total / 4 && room("/run/disk", false) > total / 4 - MIB);
	json_decref(end());
}

/* All of it at once, so that nobody could revert: the kernel frees the blocks. */
static void is_gone_with_its_holder(void)
{
	long long before = room("/run/disk", true);
	pid_t guardian;
	uint64_t from;

	begin("{\"path\":\"/run/disk\"}", HOST);
	json_decref(driver_until(&d, "injected", 20000));
	guardian = lease_pid("disk-1", "guardian");
	must_sys(kill(guardian, SIGSTOP));
	must_sys(kill(guardian, SIGKILL));
	from = now_us();
	must_sys(kill(d.pid, SIGKILL));
	while (room("/run/disk", true) != before)
		must(now_us() - from < 1000000);
	(void)printf("free %llu us after SIGKILL of the holder\n",
		     (unsigned long long)(now_us() - from));
	must(empty("/run/disk"));
	(void)driver_reap(&d, 3000);
	json_decref(driver_op("rescue"));
}

/* The root of overlayfs is the file system below it, to the guard as well. */
static void sees_through_an_overlay(void)
{
	sh("mkdir /run/lower /run/over /run/disk/up /run/disk/work /run/up /run/work;"
	   "mount -t overlay -o lowerdir=/run/lower,upperdir=/run/disk/up,workdir=/run/disk/work "
	   "overlay /run/over");
	begin("{\"path\":\"/run/over\",\"leave\":1048576}", HOST);
	json_decref(driver_until(&d, "injected", 20000));
	must(room("/run/disk", false) <= MIB && empty("/run/over") && empty("/run/disk/up"));
	json_decref(end());
	sh("umount /run/over; mount -t overlay -o lowerdir=/run/lower,upperdir=/run/up,"
	   "workdir=/run/work overlay /run/over");
	refused("{\"path\":\"/run/over\"}", HOST, "ordeal writes to '/run/ordeal'");
	sh("umount /run/over; rm -r /run/disk/up /run/disk/work");
}

/* Another mount namespace, in which a link leads away from our own directory of that name. */
static void looks_where_the_target_does(void)
{
	long long before, ours = room("/run/disk", false);
	struct target t = {.netns = -1};
	int ready[2];
	char c, path[64], *place;

	must_sys(pipe(ready));
	t.pid = fork();
	must_sys(t.pid);
	if (t.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		must_sys(unshare(CLONE_NEWNS));
		must_sys(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must_sys(mount("own", "/mnt", "tmpfs", 0, "size=32m"));
		must_sys(mkdir("/mnt/data", 0755));
		must_sys(mount("data", "/mnt/data", "tmpfs", 0, "size=24m"));
		must_sys(symlink("/mnt/data", "/mnt/disk"));
		must_sys(chroot("/mnt"));
		must_sys(symlink("/data", "/link"));
		(void)!write(ready[1], "r", 1);
		for (;;)
			(void)pause();
	}
	must(read(ready[0], &c, 1) == 1);
	place = place_of(&t);
	(void)snprintf(path, sizeof path, "/proc/%d/root/data", t.pid);
	before = room(path, false);
	begin("{\"path\":\"/link\",\"leave\":4194304}", place);
	json_decref(driver_until(&d, "injected", 20000));
	must(room(path, false) <= 4 * MIB && room("/run/disk", false) == ours);
	json_decref(end());
	must(room(path, false) == before);
	/* Nor does a link of its own lead out of its root. */
	refused("{\"path\":\"/disk\"}", place, "No such file");
	free(place);
	target_end(&t);
}

static void refuses(void)
{
	refused("{\"path\":\"/run\"}", HOST, "ordeal writes to '/run/ordeal'");
	refused_to("{\"path\":\"/run/disk\"}", HOST, "/run/disk/runs/one", "leave at least 64MiB");
	refused("{\"path\":\"/run/disk/none\"}", HOST, "No such file");
	refused("{\"path\":\"/run/disk\",\"size\":1073741824}", HOST, "are free");
	refused("{\"path\":\"/run/disk\",\"leave\":1073741824}", HOST, "no more than");
	sh("mkdir /run/queue /run/large; mount -t mqueue queue /run/queue;"
	   "mount -t tmpfs -o size=1t large /run/large");
	/* It has no O_TMPFILE either: the name that the file had for an instant is gone. */
	refused("{\"path\":\"/run/queue\"}", HOST, "without a size");
	must(empty("/run/queue"));
	refused("{\"path\":\"/run/large\"}", HOST, "a tmpfs is memory");
	must_sys(umount2("/run/large", 0));
}

/* No fallocate: it is written; and ended while it is. */
static void writes_where_it_must(void)
{
	long long before = room("/run/disk", true);
	json_t *e;

	begin("{\"path\":\"/run/disk\",\"leave\":2097152}", HOST);
	json_decref(driver_until(&d, "injected", 30000));
	must(room("/run/disk", false) <= 2 * MIB && empty("/run/disk"));
	e = end();
	must(figure(e, "written") == 1 && figure(e, "filled_bytes") > 64 * MIB);
	json_decref(e);
	must(room("/run/disk", true) == before);
	begin("{\"path\":\"/run/disk\"}", HOST);
	json_decref(driver_until(&d, "checked", 5000));
	json_decref(end());
	must(room("/run/disk", true) == before);
}

int main(void)
{
	world_enter();
	if (access("/dev/loop-control", R_OK) < 0)
		skip("no loop devices for file systems of our own");
	disk_make("ext4", 256);
	leaves_what_was_asked();
	takes_roots_reserve_too();
	counts_size_and_share();
	is_gone_with_its_holder();
	sees_through_an_overlay();
	looks_where_the_target_does();
	refuses();
	disk_end();
	disk_make("ext2", 128);
	writes_where_it_must();
	disk_end();
	return 0;
}
