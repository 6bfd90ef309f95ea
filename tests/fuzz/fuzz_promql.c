/* Any text as a rule's expression: selectors within their bounds, each of which is a piece of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/monitor/read/number.h"
#include "scheduler/monitor/read/promql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), age[12288];
	struct mon_selectors s;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!mon_selectors_of(text, &s)) {
		if (s.n > MON_SELECTORS)
			abort();
		for (size_t i = 0; i < s.n; i++)
			if (!*s.v[i] || strlen(s.v[i]) >= MON_SELECTOR)
				abort();
	}
	if (!mon_age_query(text, sizeof age, age) && strlen(age) >= sizeof age)
		abort();
	free(text);
	return 0;
}
