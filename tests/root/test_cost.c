/* What a held fault costs while it does nothing: holder and guardian together 3 MB at most,
 * whatever the fault but mem.fill. */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_KB 3072

static unsigned rss_kb(pid_t pid)
{
	char path[64], line[256];
	unsigned kb = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "re");
	must(f);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "Rss: %u", &kb) == 1)
			break;
	(void)fclose(f);
	must(kb > 0);
	return kb;
}

int main(void)
{
	static struct driver d;

#ifdef ORDEAL_SANITIZED
	skip("a sanitizer's own memory would be measured");
#endif
	world_enter();
	for (size_t i = 0; i < n_rows; i++) {
		struct target t;
		char *place, *line;
		unsigned holder, guardian;

		if (strcmp(rows[i].fault, "mem.fill") == 0)
			continue;
		row_target(&rows[i], &t);
		place = row_place(&rows[i], &t);
		line = request_add("c-1", rows[i].fault, rows[i].args, place, 60000000000ull);
		driver_spawn(&d);
		driver_send(&d, line);
		json_decref(driver_until(&d, "injected", 5000));
		nap_ms(300); /* a few beats */
		holder = rss_kb(d.pid);
		guardian = rss_kb(lease_pid("c-1", "guardian"));
		(void)printf("%-14s holder %u kB, guardian %u kB\n", rows[i].fault, holder,
			     guardian);
		(void)fflush(stdout);
		if (holder + guardian > LIMIT_KB)
			die("%s: %u kB, more than %u", rows[i].fault, holder + guardian, LIMIT_KB);
		driver_close(&d);
		(void)driver_reap(&d, 3000);
		target_end(&t);
		free(line);
		free(place);
	}
	return 0;
}
