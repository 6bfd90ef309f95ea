/* writer STATE [miss]: enters every run of STATE/runs, in order, and says each when it is in; then
 * again, until it is killed. miss: appends one after the other that was skipped instead, planned a
 * second later each, and says which. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/history.h"
#include "ordeal/history.h"

#define RUNS_MAX 64

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.' && strcmp(d->d_name, "latest") && strcmp(d->d_name, "tags");
}

static int miss(const struct ord_history *h, struct ord_err *err)
{
	struct ord_missed m = {.name = "orders", .reason = "forbid"};

	for (int64_t k = 1;; k++) {
		m.planned_ns = m.at_ns = (1793440800 + k) * (int64_t)ORD_S;
		if (ord_history_miss(h, &m, 1, false, err))
			return -1;
		(void)dprintf(STDOUT_FILENO, "%lld\n", (long long)k);
	}
}

int main(int argc, char **argv)
{
	static json_t *reports[RUNS_MAX];
	static char paths[RUNS_MAX][4096];
	char home[2048];
	struct ord_err err = {0};
	struct dirent **list;
	int n;

	if (argc != 2 && (argc != 3 || strcmp(argv[2], "miss") != 0))
		return 2;
	(void)snprintf(home, sizeof home, "%s/runs", argv[1]);
	const struct ord_history h = {.dir = argv[1], .home = home};

	if (argc == 3) {
		(void)dprintf(STDOUT_FILENO, "ready\n");
		(void)miss(&h, &err);
		goto bad;
	}
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
