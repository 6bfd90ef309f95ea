/* HMAC-SHA256 (RFC 2104), and comparing without telling by time where texts differ. */
#ifndef ORDEAL_SERVE_API_HMAC_H
#define ORDEAL_SERVE_API_HMAC_H

#include <stdbool.h>
#include <stddef.h>

#define API_HMAC_HEX 65

struct api_bytes {
	const void *data;
	size_t size;
};

/* Of the n pieces one after the other, in hexadecimal. Returns out. */
char *api_hmac(struct api_bytes key, const struct api_bytes *pieces, size_t n,
	       char out[static API_HMAC_HEX]);

/* The time it takes depends on the length of `given` alone. */
bool api_same(const char *given, const char *secret);

#endif
