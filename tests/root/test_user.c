/* Who is not root: what needs no privilege works, root's halt reaches it, and nothing that a user
 * writes makes root act. */
#include "harness.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER	  4242
#define OTHER	  4243
#define LONG_HOLD 3600000000000ull

static struct driver d;

static pid_t sleeper(uid_t uid)
{
	pid_t pid = fork();

	must_sys(pid);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (uid && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
			    setresuid(uid, uid, uid) < 0))
			_exit(1);
		for (;;)
			(void)pause();
	}
	nap_ms(20);
	return pid;
}

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

static void add(const char *lease, const struct target *t, uid_t uid)
{
	char *place = place_of(t), *line = request_add(lease, "proc.pause", "{}", place, LONG_HOLD);

	driver_spawn_as(&d, uid);
	driver_send(&d, line);
	free(line);
	free(place);
}

/* An add that must be refused with this code. */
static void refused(const struct target *t, uid_t uid, const char *code, const char *says)
{
	json_t *event;

	add("u-x", t, uid);
	event = driver_next(&d, 3000);
	if (!event || strcmp(text_of(event, "code"), code) != 0 ||
	    !strstr(text_of(event, "message"), says))
		die("not refused as %s: %s", code,
		    event ? json_dumps(event, JSON_COMPACT) : "nothing");
	json_decref(event);
	must(driver_reap(&d, 1000) == 1);
}

static size_t leases_seen(uid_t uid)
{
	json_t *event = driver_op_as("status", uid);
	size_t n = json_array_size(json_object_get(event, "leases"));

	json_decref(event);
	return n;
}

static void halted_by_root(const struct target *mine)
{
	json_t *event;

	add("u-1", mine, USER);
	json_decref(driver_until(&d, "injected", 3000));
	must(target_stopped(mine));
	must(leases_seen(USER) == 1 && leases_seen(0) == 1 && leases_seen(OTHER) == 0);
	event = driver_op("halt");
	if (json_integer_value(json_object_get(event, "ended")) != 1)
		die("root's halt: %s", json_dumps(event, JSON_COMPACT));
	json_decref(event);
	event = driver_until(&d, "reverted", 1000);
	must(strcmp(text_of(event, "cause"), "halted") == 0);
	json_decref(event);
	must(driver_reap(&d, 1000) == 0);
	must(!target_stopped(mine));
	refused(mine, USER, "guard", "halted");
	event = driver_op_as("resume", USER);
	must(strcmp(text_of(event, "code"), "guard") == 0);
	json_decref(event);
	json_decref(driver_op("resume"));
}

static void rescued(const struct target *mine)
{
	json_t *event, *one;
	char path[64];
	pid_t guardian;

	add("u-2", mine, USER);
	json_decref(driver_until(&d, "injected", 3000));
	(void)snprintf(path, sizeof path, "/tmp/ordeal-%d/undo/u-2.json", USER);
	one = json_load_file(path, 0, NULL);
	guardian = (pid_t)json_integer_value(json_array_get(json_object_get(one, "guardian"), 0));
	json_decref(one);
	must(guardian > 1);
	must_sys(kill(guardian, SIGSTOP));
	must_sys(kill(d.pid, SIGKILL));
	must_sys(kill(guardian, SIGKILL));
	(void)driver_reap(&d, 1000);
	must(target_stopped(mine));
	event = driver_op_as("rescue", USER);
	one = json_array_get(json_object_get(event, "records"), 0);
	must(strcmp(text_of(one, "action"), "reverted") == 0);
	json_decref(event);
	must(!target_stopped(mine));
	must(access(path, F_OK) < 0);
}

/*
 * A record that names a process of root's as its holder, held locked by its forger: root's halt
 * must not touch that process. And one that says so of a process of another user, found by rescue.
 */
static void forged(void)
{
	struct target root = {.pid = sleeper(0), .netns = -1};
	char *place = place_of(&root), text[1024];
	unsigned long long start;
	int pid, fd, status;

	must(sscanf(place, "{\"procs\":[[%d,%llu", &pid, &start) == 2);
	(void)snprintf(text, sizeof text,
		       "{\"state\":\"injected\",\"deadline_boot_ns\":1,\"holder\":[%d,%llu],"
		       "\"guardian\":[%d,%llu],"
		       "\"protocol\":1,\"boot\":\"x\",\"lease\":\"f\",\"fault\":\"proc.pause\","
		       "\"netns\":\"\","
		       "\"netns_ino\":0,\"undo\":{\"stopped\":[[%d,%llu]]}}",
		       pid, start, pid, start, pid, start);
	fd = open("/tmp/ordeal-4242/undo/f.json", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && fchown(fd, USER, USER) == 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	must_sys(flock(fd, LOCK_EX));
	json_decref(driver_op("halt")); /* it says that one has not ended, and kills nobody */
	must(waitpid(root.pid, &status, WNOHANG) == 0);
	json_decref(driver_op("resume"));
	(void)close(fd);
	must_sys(unlink("/tmp/ordeal-4242/undo/f.json"));
	must_sys(kill(root.pid, SIGKILL));
	(void)waitpid(root.pid, NULL, 0);
	free(place);
}

/* A directory that somebody else laid out for us. */
static void untrusted(const struct target *theirs)
{
	must_sys(mkdir("/tmp/ordeal-4243", 0700));
	must_sys(chmod("/tmp/ordeal-4243", 0777));
	must_sys(chown("/tmp/ordeal-4243", USER, USER));
	refused(theirs, OTHER, "guard", "not trusted");
	must_sys(rmdir("/tmp/ordeal-4243"));
	must_sys(symlink("/tmp/ordeal-4242", "/tmp/ordeal-4243"));
	refused(theirs, OTHER, "sys", "ordeal-4243");
	must_sys(unlink("/tmp/ordeal-4243"));
	must_sys(mkdir("/tmp/ordeal-4243", 0700));
	must_sys(chown("/tmp/ordeal-4243", OTHER, OTHER));
	must_sys(mkdir("/tmp/ordeal-4243/undo", 0700));
	must_sys(chown("/tmp/ordeal-4243/undo", OTHER, OTHER));
	must_sys(chmod("/tmp/ordeal-4243/undo", 0770));
	refused(theirs, OTHER, "guard", "not trusted");
}

/* Directories that look like a user's but cannot be looked at: they keep root from nobody's leases.
 */
static void strange(void)
{
	must_sys(mkdir("/tmp/ordeal-7", 0700));
	must_sys(mkdir("/tmp/ordeal-7/undo", 0700));
	must_sys(chown("/tmp/ordeal-7/undo", OTHER, OTHER));
	must_sys(mkdir("/tmp/ordeal-0", 0700));
	must_sys(mkdir("/tmp/ordeal-0/undo", 0700));
	must_sys(symlink("/proc", "/tmp/ordeal-8"));
}

int main(void)
{
	struct target mine = {.netns = -1}, roots = {.netns = -1}, theirs = {.netns = -1};

	world_enter();
	must_sys(mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
	strange();
	mine.pid = sleeper(USER);
	theirs.pid = sleeper(OTHER);
	roots.pid = sleeper(0);
	refused(&roots, USER, "skip", "another user");
	halted_by_root(&mine);
	rescued(&mine);
	forged();
	untrusted(&theirs);
	target_end(&mine);
	target_end(&theirs);
	target_end(&roots);
	return 0;
}
