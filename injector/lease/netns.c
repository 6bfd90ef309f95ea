#include "injector/lease/injector.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

int inj_netns_enter(const char *path, uint64_t ino, struct ord_err *err)
{
	ord_autoclose int fd = -1;
	struct stat st;

	if (!path[0])
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ord_fail_sys(err, "open network namespace '%s'", path);
	if (ino && st.st_ino != ino)
		return ord_fail(err, ORD_USAGE,
				"'%s' is another network namespace than was resolved", path);
	if (setns(fd, CLONE_NEWNET) < 0)
		return ord_fail_sys(err, "enter network namespace '%s'", path);
	return 0;
}
