/* What a record says was kept of a device: checked before it is replayed, whatever it holds. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "injector/host/engines/keep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ord_json_limits limits = {.size = 65536, .depth = 4, .integers = true};
	ord_auto(json) json_t *list = NULL;
	struct ord_err err;

	if (ord_json_parse((const char *)data, size, &limits, &list, &err) < 0)
		return 0;
	if (keep_validate(list, 2, &err) == 0 &&
	    keep_count(list, 20) + keep_count(list, 24) + keep_count(list, 28) !=
		    json_array_size(list))
		abort();
	return 0;
}
