/* A locale that writes a half as 0,5. */
#ifndef ORDEAL_TESTS_UNIT_COMMA_LOCALE_H
#define ORDEAL_TESTS_UNIT_COMMA_LOCALE_H

#include <ftw.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool comma_in(const char *locale)
{
	char probe[16] = "";

	if (setlocale(LC_ALL, locale))
		(void)snprintf(probe, sizeof probe, "%.1f", 0.5);
	return !strcmp(probe, "0,5");
}

/* Sets a locale that writes a half as 0,5: one that is installed, else one made for this test in
 * dir. */
static inline bool set_comma(char dir[static 32])
{
	static const char *const installed[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8",
						"de_DE"};
	char path[64];
	pid_t pid;
	int status;

	for (size_t i = 0; i < sizeof installed / sizeof *installed; i++)
		if (comma_in(installed[i]))
			return true;
	if (!mkdtemp(dir))
		return false;
	(void)snprintf(path, sizeof path, "%s/ordeal_comma", dir);
	pid = fork();
	if (!pid) {
		(void)execlp("localedef", "localedef", "-i", "de_DE", "-f", "UTF-8", path,
			     (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	(void)setenv("LOCPATH", dir, 1);
	return comma_in("ordeal_comma");
}

static inline int comma_drop_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

/* Back to "C"; what was made in dir goes. */
static inline void drop_comma(const char *dir)
{
	(void)setlocale(LC_ALL, "C");
	(void)nftw(dir, comma_drop_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
