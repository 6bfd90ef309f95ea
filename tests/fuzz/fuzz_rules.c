/*
 * Any bytes as a rule file (first byte even): every mistake has a place in it, and what is taken
 * decides of any question. Or as a policy server's answer (odd): leave is given by what holds
 * `true` alone.
 */
#include <stdlib.h>
#include <string.h>

#include "scheduler/policy/module/opa.h"
#include "scheduler/policy/rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char asked[] = "{\"host\":\"a\",\"cluster\":{\"context\":\"c\",\"name\":\"c\","
			    "\"server\":\"https://c\"},\"targets\":[{\"fault\":\"f\","
			    "\"targets\":3,\"place\":{\"cluster\":{\"objects\":[[\"v1\",\"Pod\","
			    "\"shop\",\"a\",\"u\"]]}}}],\"plan\":{\"labels\":{\"team\":"
			    "\"a\"},\"repetitions\":3,\"limits\":{\"targets\":3,\"duration_ns\":"
			    "1000000000},\"faults\":[{\"name\":\"f\",\"fault\":"
			    "\"pod.delete\",\"args\":{\"leave-ready\":1},\"target\":{\"kind\":"
			    "\"pod\",\"percent_ppm\":500000,\"in_cluster\":{\"match\":"
			    "{\"namespaces\":[\"shop-*\"]}}}},{\"name\":\"g\",\"fault\":\"cpu."
			    "burn\",\"args\":{\"load\":500000},\"target\":{\"kind\":"
			    "\"host\",\"count\":1}}]}}";

static void must(bool good)
{
	if (!good)
		abort();
}

static void decide(const struct rules *rules)
{
	json_t *question = json_loads(asked, 0, NULL), *d = NULL;
	struct ord_err err;

	must(question);
	/* 2026-11-23T10:00:00Z, for 17 minutes */
	must(!rules_decide(rules, "r", question, 1795428000000000000, 1020000000000, &d, &err));
	must(json_is_true(json_object_get(d, "allow")) ==
	     !json_array_size(json_object_get(d, "reasons")));
	/* What denies all that no rule speaks of allows nothing without one that does. */
	must(rules->allow || !json_is_true(json_object_get(d, "allow")) ||
	     json_array_size(json_object_get(d, "rules")));
	json_decref(d);
	json_decref(question);
}

static void file(const char *text, size_t size)
{
	struct ord_mistakes mistakes = {0};
	struct rules *rules = NULL;

	if (!rules_parse(text, size, &rules, &mistakes))
		decide(rules);
	else
		must(!rules && mistakes.n);
	rules_free(rules);
	ord_mistakes_done(&mistakes);
}

static void answer(const char *text, size_t size)
{
	struct opa_answer a = {0};
	struct ord_err err;

	must(!opa_read(200, text, size, &a, &err));
	must(a.allow || json_array_size(a.reasons));
	must(!a.allow || memmem(text, size, "true", 4));
	opa_answer_done(&a);
	must(!opa_read(302, text, size, &a, &err));
	must(!a.allow);
	opa_answer_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	must(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (*data & 1)
		answer(text, size - 1);
	else
		file(text, size - 1);
	free(text);
	return 0;
}
