/* Targets by control group and by unit, and what a group of version 2 admits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cgroup.h"
#include "base/file.h"
#include "tests/support/target_case.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char group[512];

static int join_group(void *arg)
{
	char path[600];
	ord_autoclose int fd = -1;

	(void)snprintf(path, sizeof path, "%s/cgroup.procs", (const char *)arg);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, "0", 1) != 1;
}

/* Makes BASE/ordeal-test-PID/NAME in the memory (or unified) hierarchy; false where it may not. */
static bool make_group(const char *name)
{
	struct ord_target t;
	char own[16], text[16];

	(void)snprintf(text, sizeof text, "%d", (int)start(own_name(own, 'g'), NULL, NULL));
	t = target(ORD_TARGET_PID, text);
	resolves(&t);
	if (!place.cgroup[0])
		return false;
	(void)snprintf(group, sizeof group, "%s/ordeal-test-%d", place.cgroup, (int)getpid());
	if (mkdir(group, 0755))
		return false;
	(void)snprintf(group + strlen(group), sizeof group - strlen(group), "/%s", name);
	return !mkdir(group, 0755);
}

static int remove_group(void **state)
{
	(void)stop_all(state);
	for (int i = 0; group[0] && i < 200 && rmdir(group) && i < 199; i++)
		(void)usleep(5000); /* its members are being reaped */
	if (strrchr(group, '/')) {
		*strrchr(group, '/') = '\0';
		(void)rmdir(group);
	}
	group[0] = '\0';
	return 0;
}

static void by_control_group(void **state)
{
	struct ord_target t;
	char name[16];
	pid_t a, b;

	if (!make_group("docker-" ID ".scope"))
		skip(); /* may not make control groups */
	t = target(ORD_TARGET_CGROUP, group);
	resolves(&t);
	assert_int_equal(place.n_procs, 0);
	assert_string_equal(place.cgroup, group);

	a = start(own_name(name, 'x'), join_group, group);
	if (a < 0)
		skip();
	resolves(&t);
	assert_int_equal(place.n_procs, 1);
	assert_int_equal(place.procs[0].pid, a);

	t = target(ORD_TARGET_CONTAINER, "0123456789abcdef0123");
	resolves(&t);
	assert_int_equal(place.procs[0].pid, a);
	assert_string_equal(place.cgroup, group);
	t = target(ORD_TARGET_CONTAINER, ID);
	resolves(&t);
	t = target(ORD_TARGET_CONTAINER, "123456789abcdef");
	refused(&t, ORD_USAGE, "no container '123456789abcdef' was found: docker (");
	t = target(ORD_TARGET_CONTAINER, "docker-" ID ".scope"); /* is a group, and no id */
	refused(&t, ORD_USAGE, "no container");

	b = start(own_name(name, 'x'), join_group, group);
	t = target(ORD_TARGET_CONTAINER, ID);
	resolves(&t); /* several: as a whole */
	assert_int_equal(place.n_procs, 0);
	assert_string_equal(place.cgroup, group);
	assert_true(place.netns[0] && place.netns_ino);
	t.all = true;
	resolves(&t);
	assert_int_equal(place.n_procs, 2);
	assert_int_equal(place.procs[1].pid, b);

	t = target(ORD_TARGET_CGROUP, "/sys/fs/cgroup/../../etc");
	refused(&t, ORD_USAGE, "not a path of a control group");
	t = target(ORD_TARGET_CGROUP, "no-such-group");
	refused(&t, ORD_USAGE, "there is no control group");
}

static char unified[512];

static bool put(const char *dir, const char *file, const char *value)
{
	char path[700];
	ord_autoclose int fd = -1;

	(void)snprintf(path, sizeof path, "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

static void not_admitted(const struct ord_cgroup *g, const char *part)
{
	assert_int_equal(ord_cgroup_admits(g, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	if (!strstr(err.msg, part))
		fail_msg("'%s' is not in '%s'", part, err.msg);
}

/* A group of version 2 below the root, which has no rules of its own; false where none may be made.
 */
static bool make_unified(struct ord_cgroup *ret)
{
	ord_autofree char *text = NULL;
	char point[128];
	const char *line;

	assert_int_equal(ord_file_read("/proc/self/mountinfo", 1 << 20, &text, NULL, NULL), 0);
	line = strstr(text, " - cgroup2 ");
	while (line && line > text && line[-1] != '\n')
		line--;
	if (!line || sscanf(line, "%*s %*s %*s %*s %127s", point) != 1)
		return false;
	*ret = (struct ord_cgroup){.v2 = true};
	(void)snprintf(ret->dir, sizeof ret->dir, "%s/ordeal-test-%d", point, (int)getpid());
	if (mkdir(ret->dir, 0755))
		return false;
	(void)snprintf(unified, sizeof unified, "%s", ret->dir);
	return true;
}

/* What the kernel refuses with a bare errno, or takes and never runs. */
static void what_a_group_of_version_2_admits(void **state)
{
	struct ord_cgroup g, leaf;
	char controllers[128], name[16];
	bool divided;

	if (!make_unified(&g))
		skip();
	assert_int_equal(ord_cgroup_admits(&g, NULL), 0);
	assert_true(put(g.dir, "cgroup.freeze", "1"));
	not_admitted(&g, "is frozen");
	assert_true(put(g.dir, "cgroup.freeze", "0"));

	leaf = g;
	(void)snprintf(leaf.dir + strlen(leaf.dir), sizeof leaf.dir - strlen(leaf.dir), "/leaf");
	assert_int_equal(mkdir(leaf.dir, 0755), 0);
	assert_true(start(own_name(name, 'l'), join_group, leaf.dir) > 0);
	assert_int_equal(ord_cgroup_get(&g, "cgroup.controllers", controllers, sizeof controllers),
			 0);
	controllers[strcspn(controllers, " ")] = '\0';
	(void)snprintf(name, sizeof name, "+%s", controllers);
	divided = controllers[0] && put(g.dir, "cgroup.subtree_control", name);
	if (divided) {
		assert_false(put(g.dir, "cgroup.procs", "0"));
		assert_int_equal(errno, EBUSY);
		not_admitted(&g, leaf.dir);
		name[0] = '-';
		assert_true(put(g.dir, "cgroup.subtree_control", name));
	}
	assert_int_equal(ord_cgroup_admits(&g, NULL), 0);
	assert_int_equal(ord_cgroup_admits(&leaf, NULL), 0);

	(void)stop_all(state);
	for (int i = 0; i < 200 && rmdir(leaf.dir); i++)
		(void)usleep(5000);
	assert_int_equal(mkdir(leaf.dir, 0755), 0);
	assert_true(put(leaf.dir, "cgroup.type", "threaded"));
	assert_int_equal(ord_cgroup_admits(&g, NULL), 0);
	(void)snprintf(leaf.dir, sizeof leaf.dir, "%.200s/beside", g.dir);
	assert_int_equal(mkdir(leaf.dir, 0755), 0);
	not_admitted(&leaf, "below a threaded one");
}

static int remove_unified(void **state)
{
	static const char *const below[] = {"/leaf", "/beside", ""};
	char path[600];

	(void)stop_all(state);
	for (size_t k = 0; unified[0] && k < ORD_COUNT(below); k++) {
		(void)snprintf(path, sizeof path, "%s%s", unified, below[k]);
		for (int i = 0; i < 200 && rmdir(path) && errno == EBUSY; i++)
			(void)usleep(5000);
	}
	unified[0] = '\0';
	return 0;
}

static void by_unit(void **state)
{
	struct ord_target t;
	char name[16];
	pid_t pid;

	if (!make_group("ordeal-test.service"))
		skip();
	pid = start(own_name(name, 'u'), join_group, group);
	if (pid < 0)
		skip();
	t = target(ORD_TARGET_UNIT, "ordeal-test.service");
	resolves(&t);
	assert_int_equal(place.procs[0].pid, pid);
	assert_string_equal(place.cgroup, group);
	t = target(ORD_TARGET_UNIT, "ordeal-test");
	resolves(&t);
	assert_int_equal(place.procs[0].pid, pid);
	t = target(ORD_TARGET_UNIT, "ordeal-tes");
	refused(&t, ORD_USAGE, "no process runs in unit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(by_control_group, remove_group),
		cmocka_unit_test_teardown(what_a_group_of_version_2_admits, remove_unified),
		cmocka_unit_test_teardown(by_unit, remove_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
