#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/write/json.h"
#include "reports/write/text.h"

json_t *ord_json_clean(const char *text, size_t max)
{
	ord_autofree char *copy = strndup(text, max);

	if (!copy)
		return json_string("");
	ord_text_clean(copy);
	return json_string(copy);
}

int ord_json_put(json_t *json, FILE *out)
{
	int r = json ? json_dumpf(json, out, JSON_COMPACT | JSON_ENSURE_ASCII) : -1;

	json_decref(json);
	return r;
}
