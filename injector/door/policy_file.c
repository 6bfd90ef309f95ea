/* The policy's file, and the system's files of users and groups. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/trust.h"
#include "injector/door/policy.h"

int door_policy_read(const char *path, struct door_policy *ret, char **ret_text,
		     struct ord_err *err)
{
	ord_autoclose int fd = -1;
	ord_autofree char *text = NULL;
	char self[32];
	size_t size;

	if (ord_trust_open(path, &fd, err) < 0)
		return err->sys_errno == ENOENT
			       ? ord_fail(err, ORD_GUARD,
					  "there is no '%s': nobody may ask this machine's "
					  "injector for anything until root writes one",
					  path)
			       : -1;
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (ord_file_read(self, DOOR_TEXT_MAX, &text, &size, err) < 0 ||
	    door_policy_parse(path, text, size, &door_names_files, ret, err) < 0)
		return -1;
	*ret_text = ord_steal_ptr(text);
	return 0;
}

static int user_find(const char *name, unsigned *ret)
{
	ord_autofclose FILE *f = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char text[4096];

	while (f && fgetpwent_r(f, &entry, text, sizeof text, &found) == 0) {
		if (strcmp(entry.pw_name, name) != 0)
			continue;
		*ret = entry.pw_uid;
		return 0;
	}
	return -1;
}

static int group_find(const char *name, unsigned *ret)
{
	ord_autofclose FILE *f = fopen("/etc/group", "re");
	static char text[65536]; /* a group's line names its members */
	struct group entry, *found = NULL;

	while (f && fgetgrent_r(f, &entry, text, sizeof text, &found) == 0) {
		if (strcmp(entry.gr_name, name) != 0)
			continue;
		*ret = entry.gr_gid;
		return 0;
	}
	return -1;
}

const struct door_names door_names_files = {user_find, group_find};
