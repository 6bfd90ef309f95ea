/* Selectors: any text is read or refused with a column within it. What is read says the same of
 * labels however often it is asked, and "!k" the contrary of "k". */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try(const char *text, bool annotations, const json_t *labels)
{
	struct ord_selector *s = NULL, *not = NULL;
	struct ord_err err = {0};
	char denied[1024];

	if (ord_selector_parse(text, annotations, &s, &err)) {
		if (err.code != ORD_USAGE || !*err.msg || s)
			abort();
		return;
	}
	(void)ord_selector_matches(s, NULL);
	(void)snprintf(denied, sizeof denied, "!%s", text);
	if (!strpbrk(text, "=!(),<> \t\r\n'\"") && *text && strlen(text) < 1000) {
		if (ord_selector_parse(denied, annotations, &not, &err) ||
		    ord_selector_matches(s, labels) == ord_selector_matches(not, labels))
			abort();
	}
	ord_selector_free(not );
	ord_selector_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ord_autofree char *text = malloc(size + 1);
	json_t *labels = json_pack("{s:s, s:s, s:s}", "a", "b", "n", "5", "in", "");

	if (text && labels) {
		if (size)
			memcpy(text, data, size);
		text[size] = '\0';
		try(text, false, labels);
		try(text, true, labels);
	}
	json_decref(labels);
	return 0;
}
