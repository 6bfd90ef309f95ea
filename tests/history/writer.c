/* writer STATE: enters every run of STATE/runs, in order, and says each when it is in; then again,
 * until it is killed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/history.h"
#include "ordeal/history.h"

#define RUNS_MAX 64

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.' && strcmp(d->d_name, "latest") && strcmp(d->d_name, "tags");
}

int main(int argc, char **argv)
{
	static json_t *reports[RUNS_MAX];
	static char paths[RUNS_MAX][4096];
	char home[2048];
	struct ord_err err = {0};
	struct dirent **list;
	int n;

	if (argc != 2)
		return 2;
	(void)snprintf(home, sizeof home, "%s/runs", argv[1]);
	const struct ord_history h = {.dir = argv[1], .home = home};

	n = scandir(home, &list, visible, alphasort);
	for (int i = 0; i < n && i < RUNS_MAX; i++) {
		(void)snprintf(paths[i], sizeof paths[i], "%s/%s", home, list[i]->d_name);
		if (cli_history_read(NULL, paths[i], &reports[i], &err))
			goto bad;
	}
	(void)dprintf(STDOUT_FILENO, "ready\n");
	for (int i = 0; n > 0; i = (i + 1) % n) {
		if (ord_history_enter(&h, paths[i], reports[i], &err))
			goto bad;
		(void)dprintf(STDOUT_FILENO, "%s\n", strrchr(paths[i], '/') + 1);
	}
bad:
	(void)fprintf(stderr, "writer: %s\n", err.msg);
	return 1;
}
