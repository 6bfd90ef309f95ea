/*
 * A program that does nothing, as `run --dispatch ID/dKEY [--await FD] ... -`: what starting one
 * costs. When it began it says itself, in sixteen bytes at the end of the file $ORDEAL_BENCH_OUT:
 * key, and the time of day in nanoseconds. That is its first line where it begins at once; where it
 * waits, the instant at which it had been let go.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static const char *value_of(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	return NULL;
}

int main(int argc, char **argv)
{
	struct timespec t;
	const char *out = getenv("ORDEAL_BENCH_OUT"), *await = value_of(argc, argv, "--await");
	const char *dispatch = value_of(argc, argv, "--dispatch"), *key;
	int64_t line[2];
	char byte;
	int fd;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	fd = out ? open(out, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	if (await) {
		if (read((int)strtol(await, NULL, 10), &byte, 1) != 1)
			return 2;
		(void)clock_gettime(CLOCK_REALTIME, &t);
	}
	key = dispatch ? strrchr(dispatch, '/') : NULL;
	if (fd < 0 || !key)
		return 0;
	line[0] = strtoll(key + 2, NULL, 10);
	line[1] = (int64_t)((uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_nsec);
	return write(fd, line, sizeof line) == sizeof line ? 0 : 6;
}
