/* The daemon's settings: whatever stands there, it is taken, or told with its place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/serve/api/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct api_settings s;
	struct ord_err err = {0};

	if (api_settings_parse("f", (const char *)data, size, &s, &err) == 0)
		api_settings_done(&s);
	else if (strncmp(err.msg, "f:", 2) != 0)
		abort();
	return 0;
}
