#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bool cut(const struct target *t, unsigned within_ms)
{
	return !target_reaches_us(t, AF_INET, within_ms) &&
	       !target_reaches_us(t, AF_INET6, within_ms);
}

/* The delay of the row is far beyond any time that is asked for here. */
static bool late(const struct target *t, unsigned within_ms)
{
	return !target_reaches_us(t, AF_INET, within_ms);
}

/* Our answers do not arrive, those to another question do. */
static bool unanswered(const struct target *t, unsigned within_ms)
{
	return !target_hears_dns(t, AF_INET, "a.test", within_ms) &&
	       !target_hears_dns(t, AF_INET6, "a.test", within_ms);
}

static bool twice(const struct target *t, unsigned within_ms)
{
	return target_copies_us(t, AF_INET, 2, within_ms) == 2 &&
	       target_copies_us(t, AF_INET6, 2, within_ms) == 2;
}

static bool stopped(const struct target *t, unsigned within_ms)
{
	(void)within_ms;
	return target_stopped(t);
}

/* A process of the fault's own beside holder and guardian. */
static bool child(const struct target *t, unsigned within_ms)
{
	unsigned ours = 0;
	DIR *dir = opendir("/proc");
	struct dirent *e;

	(void)t;
	(void)within_ms;
	while (dir && (e = readdir(dir))) {
		char path[64], stat[64] = "";
		int fd;

		(void)snprintf(path, sizeof path, "/proc/%.20s/stat", e->d_name);
		fd = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? open(path, O_RDONLY | O_CLOEXEC)
								: -1;
		if (fd >= 0 && read(fd, stat, sizeof stat - 1) > 0 && strstr(stat, "(ordeal"))
			ours += !strstr(stat, "(ordeal-guardian)") && !strstr(stat, ") Z");
		if (fd >= 0)
			(void)close(fd);
	}
	if (dir)
		(void)closedir(dir);
	return ours > 1;
}

/* The disk of the row, in memory, is made with its target. */
static void disk_make(void)
{
	if (mkdir(WORLD_DISK, 0755) < 0 && errno == EEXIST)
		return;
	must_sys(mount("disk", WORLD_DISK, "tmpfs", MS_NOSUID | MS_NODEV, "size=48m,mode=755"));
}

static bool full(const struct target *t, unsigned within_ms)
{
	struct statvfs fs;

	(void)t;
	/* Whoever is to free it needs the processor that we would ask with. */
	nap_ms(within_ms < 2 ? within_ms : 2);
	must_sys(statvfs(WORLD_DISK, &fs));
	return fs.f_bavail * fs.f_frsize <= 8u << 20;
}

const struct row rows[] = {
	{"noop", "{}", ON_HOST, NULL, false, false},
	{"proc.pause", "{}", ON_PROCESS, stopped, true, false},
	{"proc.kill", "{\"signal\":\"CONT\"}", ON_PROCESS, NULL, false, true},
	{"net.loss", "{\"percent\":1000000}", ON_NET, cut, false, false},
	{"net.partition", "{\"mode\":\"drop\"}", ON_NET, cut, false, false},
	{"net.delay", "{\"delay\":400000000}", ON_NET, late, false, false},
	{"net.reset", "{\"repeat\":50000000}", ON_NET, NULL, false, true},
	{"net.down", "{\"device\":\"eth0\"}", ON_NET, cut, true, false},
	{"net.dns", "{\"name\":\"a.test\",\"effect\":\"drop\"}", ON_NET, unanswered, false, false},
	{"net.duplicate", "{\"percent\":1000000}", ON_NET, twice, false, false},
	/* Whatever bit of an IPv4 packet is flipped, a checksum tells. */
	{"net.corrupt", "{\"percent\":1000000}", ON_NET, late, false, false},
	{"net.reorder", "{\"percent\":1,\"delay\":400000000}", ON_NET, late, false, false},
	{"net.rate", "{\"rate\":1000,\"packet-overhead\":1000}", ON_NET, late, false, false},
	{"net.impair", "{\"delay\":400000000,\"duplicate\":500000,\"loss\":10000}", ON_NET, late,
	 false, false},
	{"cpu.burn", "{\"load\":200000,\"cores\":1}", ON_HOST, child, false, false},
	{"mem.fill", "{\"size\":33554432}", ON_HOST, child, false, false},
	{"disk.fill", "{\"path\":\"" WORLD_DISK "\",\"leave\":8388608}", ON_HOST, full, false,
	 false},
};
const size_t n_rows = sizeof rows / sizeof *rows;

static bool built(const char *fault)
{
	json_t *event = driver_op("doctor"), *faults = json_object_get(event, "faults"), *one;
	bool found = false;
	size_t i;

	json_array_foreach (faults, i, one) {
		const char *name = json_string_value(json_object_get(one, "fault"));

		if (!name || strcmp(name, fault) != 0)
			continue;
		found = true;
		if (!json_is_true(json_object_get(one, "available")))
			skip("%s cannot run here: %s", fault,
			     json_string_value(json_object_get(one, "reason")));
	}
	json_decref(event);
	return found;
}

const struct row *row_find(const char *fault)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (strcmp(rows[i].fault, fault) != 0)
			continue;
		if (!built(fault))
			skip("%s is not in this build", fault);
		return &rows[i];
	}
	die("no row for %s: add one to faults.c", fault);
}

void row_target(const struct row *row, struct target *ret)
{
	if (strcmp(row->fault, "disk.fill") == 0)
		disk_make();
	if (row->on == ON_NET)
		target_net(ret);
	else
		target_plain(ret);
}

char *row_place(const struct row *row, const struct target *t)
{
	return row->on == ON_HOST ? strdup("{\"host\":true}") : place_of(t);
}
