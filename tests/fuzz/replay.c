/* Feeds a fuzz target each file of a folder once, so that a build without libFuzzer runs its seeds
 * too. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const char *folder, const char *name)
{
	char path[4096];
	ord_autofree char *data = NULL;
	struct ord_err err;
	size_t size;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	if (ord_file_read(path, 64u << 20, &data, &size, &err)) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return -1;
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *e;
	unsigned n = 0;

	if (!dir) {
		(void)fprintf(stderr, "usage: replay FOLDER (an existing one)\n");
		return 2;
	}
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (feed(argv[1], e->d_name))
			return 1;
		n++;
	}
	(void)closedir(dir);
	(void)printf("%u seeds\n", n);
	return n ? 0 : 1;
}
