/* A policy as root may write it: taken or refused with a line, and what is taken has no rule that
 * permits what nobody wrote down: each names somebody, and each for faults has targets, a time and
 * a number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/door/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nobody(const char *name, unsigned *ret)
{
	(void)name;
	(void)ret;
	return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct door_names names = {nobody, nobody};
	static struct door_policy policy;
	struct ord_err err = {0};
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (door_policy_parse("policy", text, size, &names, &policy, &err) < 0 &&
	    (policy.n || !strstr(err.msg, "policy: ")))
		abort();
	for (size_t i = 0; i < policy.n; i++) {
		const struct door_rule *r = &policy.rules[i];

		if (!r->who_text.n || (!r->faults.n && !r->may) || r->leases < 1)
			abort();
		if (r->faults.n && (!r->targets.n || r->duration_ns < 1 || r->max_targets < 1))
			abort();
		for (size_t h = 0; h < r->hours_text.n; h++)
			(void)door_hours_hold(&r->hours[h], 1774864800, 3600);
	}
	free(text);
	return 0;
}
