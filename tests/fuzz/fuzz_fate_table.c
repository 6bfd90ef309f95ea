/* Distributions from files: any bytes are read or refused with a reason; what is read is ascending,
 * and gives a fate. */
#include <stdint.h>
#include <stdlib.h>

#include "injector/host/engines/fate.h"
#include "injector/host/engines/fate_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int16_t table[FATE_TABLE_MAX];
	struct fate_params p = {
		.delay_ns = 1000, .jitter_ns = 1000, .distribution = FATE_TABLE, .table = table};
	struct ord_err err = {0};
	struct fate_of of;
	struct fate f;

	if (fate_table_read((const char *)data, size, table, &p.table_n, &err) < 0) {
		if (err.code != ORD_USAGE || !err.msg[0])
			abort();
		return 0;
	}
	for (size_t i = 1; i < p.table_n; i++)
		if (table[i - 1] > table[i])
			abort();
	if (!p.table_n || fate_init(&f, &p, 0, &err) < 0)
		abort();
	for (int k = 0; k < 100; k++) {
		fate_draw(&f, false, &of);
		if (of.jitter_ns < -4000 || of.jitter_ns > 4000)
			abort();
	}
	return 0;
}
