/* Any bytes as a webhook's payload: read or refused with words, and what is read is whole. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/monitor/read/notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mon_notice n;
	struct ord_err err = {.code = ORD_OK};

	if (mon_notice_parse((const char *)data, size, &n, &err)) {
		if (err.code == ORD_OK || !*err.msg)
			abort();
		return 0;
	}
	for (size_t i = 0; i < n.n; i++)
		if (!json_is_object(n.v[i].labels) || !n.v[i].starts || !n.v[i].ends ||
		    !n.v[i].fingerprint || strlen(n.v[i].starts) > 64)
			abort();
	mon_notice_done(&n);
	return 0;
}
