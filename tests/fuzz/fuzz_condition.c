/* The language of conditions and objectives: a mistake stands within the text; what was read reads
 * back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/spec/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_mistake(const struct language_mistake *m, const char *text)
{
	if (m->at > strlen(text) || !*m->text)
		abort();
}

static void condition(const char *text)
{
	struct ord_condition c, again;
	struct language_mistake m = {0};
	struct language_probe probe, probe_again;

	if (condition_parse(text, &c, &probe, &m)) {
		check_mistake(&m, text);
		return;
	}
	if (condition_parse(c.text, &again, &probe_again, &m) || again.value != c.value ||
	    again.op != c.op || again.metric != c.metric || again.window_ns != c.window_ns ||
	    strcmp(again.text, c.text) != 0 || strcmp(probe.name, probe_again.name) != 0)
		abort();
}

static void abort_condition(const char *text)
{
	struct ord_condition c, again;
	struct language_mistake m = {0};
	struct language_probe probe;

	if (abort_parse(text, &c, &probe, &m)) {
		check_mistake(&m, text);
		return;
	}
	if (abort_parse(c.text, &again, &probe, &m) || strcmp(again.channel, c.channel) != 0)
		abort();
}

static void objective(const char *text)
{
	struct ord_objective o, again;
	struct language_mistake m = {0};
	struct language_probe probe, probe_again;

	if (objective_parse(text, &o, &probe, &m)) {
		check_mistake(&m, text);
		return;
	}
	if (objective_parse(o.text, &again, &probe_again, &m) || again.kind != o.kind ||
	    again.within_ns != o.within_ns || again.hold_ns != o.hold_ns ||
	    again.source != o.source || strcmp(again.text, o.text) != 0 ||
	    strcmp(probe.name, probe_again.name) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[512];

	if (size >= sizeof text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	condition(text);
	abort_condition(text);
	objective(text);
	return 0;
}
