#include "base/sha256.h"

#include <stdint.h>

#include <sha2.h>

char *ord_sha256(const void *data, size_t size, char out[static ORD_SHA256_HEX])
{
	(void)SHA256Data(data, size, out);
	return out;
}
