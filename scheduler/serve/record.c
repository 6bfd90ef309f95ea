#include "scheduler/serve/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define SUM_SIZE 9 /* eight digits and a blank */

static const struct ord_json_limits limits = {.size = 1u << 20, .depth = 8, .integers = true};

uint32_t record_sum(const void *data, size_t size)
{
	/* Of half a byte each; the polynomial is 0x82f63b78, its bits turned round. */
	static const uint32_t half[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
					  0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
					  0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
					  0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
	const unsigned char *at = data;
	uint32_t sum = ~0u;

	for (; size; size--, at++) {
		sum ^= *at;
		sum = (sum >> 4) ^ half[sum & 15];
		sum = (sum >> 4) ^ half[sum & 15];
	}
	return ~sum;
}

char *record_write(const json_t *record, size_t *ret_size)
{
	size_t n = json_dumpb(record, NULL, 0, JSON_COMPACT);
	char *line = n ? malloc(SUM_SIZE + n + 2) : NULL;

	if (!line)
		return NULL;
	(void)json_dumpb(record, line + SUM_SIZE, n, JSON_COMPACT);
	/* The blank takes the place of the NUL. */
	(void)snprintf(line, SUM_SIZE, "%08" PRIx32, record_sum(line + SUM_SIZE, n));
	line[SUM_SIZE - 1] = ' ';
	line[SUM_SIZE + n] = '\n';
	line[SUM_SIZE + n + 1] = '\0';
	*ret_size = SUM_SIZE + n + 1;
	return line;
}

json_t *record_read(const char *line, size_t size)
{
	char sum[SUM_SIZE];
	json_t *record = NULL;

	if (size <= SUM_SIZE || line[SUM_SIZE - 1] != ' ')
		return NULL;
	(void)snprintf(sum, sizeof sum, "%08" PRIx32, record_sum(line + SUM_SIZE, size - SUM_SIZE));
	if (memcmp(sum, line, SUM_SIZE - 1) != 0 ||
	    ord_json_parse(line + SUM_SIZE, size - SUM_SIZE, &limits, &record, NULL) < 0)
		return NULL;
	return record;
}
