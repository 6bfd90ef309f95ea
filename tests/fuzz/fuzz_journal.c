/* A line of the journal: what is read is what would be written. */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/serve/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *record = record_read((const char *)data, size), *back;
	size_t n = 0;
	char *line = record ? record_write(record, &n) : NULL;

	if (record && line) {
		back = record_read(line, n - 1);
		if (!back || !json_equal(back, record))
			abort();
		json_decref(back);
	}
	free(line);
	json_decref(record);
	return 0;
}
