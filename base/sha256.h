/* SHA-256 in hexadecimal. */
#ifndef ORDEAL_BASE_SHA256_H
#define ORDEAL_BASE_SHA256_H

#include <stddef.h>

#define ORD_SHA256_HEX 65

/* Returns out. */
char *ord_sha256(const void *data, size_t size, char out[static ORD_SHA256_HEX]);

#endif
