/* What people are told of the lines of a policy. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ordeal/policy.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

void ord_policy_reasons(const json_t *lines, void (*tell)(void *arg, const char *line), void *arg)
{
	const json_t *line, *reason;
	char text[2048];
	size_t i, k;

	json_array_foreach (lines, i, line) {
		/* Those of a rule file begin with its name and the rule's line already. */
		bool named = !strcmp(text_of(line, "kind"), "rules");

		json_array_foreach (json_object_get(line, "reasons"), k, reason) {
			(void)snprintf(text, sizeof text, "%s%s%s",
				       named ? "" : text_of(line, "source"), named ? "" : ": ",
				       json_string_value(reason));
			if (tell && !json_is_true(json_object_get(line, "allow")))
				tell(arg, text);
		}
	}
}
