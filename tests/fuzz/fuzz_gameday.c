/*
 * Game days: any bytes are read or refused with a reason; an experiment that stands in one is a
 * good text of its own.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ordeal/gameday.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ord_gameday day;
	static struct ord_spec spec;
	struct ord_mistakes m = {0}, inner = {0};
	int rc = ord_gameday_parse((const char *)data, size, &day, &m);

	if (!rc && !ord_gameday_named((const char *)data, size))
		abort();
	if (rc && !m.n)
		abort();
	ord_mistakes_done(&m);
	for (size_t i = 0; !rc && i < day.n_steps; i++) {
		const struct ord_gameday_step *s = &day.steps[i];

		if (!s->name || !s->file == !s->text || !s->time_box_ns)
			abort();
		if (!s->text)
			continue;
		if (ord_spec_parse(s->text, s->size, NULL, 0, &spec, &inner))
			abort();
		ord_spec_done(&spec);
		ord_mistakes_done(&inner);
	}
	if (!rc)
		ord_gameday_done(&day);
	return 0;
}
