/*
 * What sudo does with `sudo -n -- PROGRAM`, for tests on machines without it: to be installed with
 * the setuid bit, in a mount namespace of the test's own.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "-n") != 0 || strcmp(argv[2], "--") != 0)
		return 2;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) {
		perror("as-sudo");
		return 1;
	}
	(void)execv(argv[3], argv + 3);
	perror(argv[3]);
	return 1;
}
