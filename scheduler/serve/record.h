/* A line of the journal: a sum over what follows it, and that as JSON. */
#ifndef ORDEAL_SERVE_RECORD_H
#define ORDEAL_SERVE_RECORD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli), as in RFC 3720. */
uint32_t record_sum(const void *data, size_t size);
/* "1c291ca3 {...}\n"; owned, its length in *ret_size. NULL: out of memory. */
char *record_write(const json_t *record, size_t *ret_size);
/* A line without its newline. NULL: it is torn, or was changed. Owned. */
json_t *record_read(const char *line, size_t size);

#endif
