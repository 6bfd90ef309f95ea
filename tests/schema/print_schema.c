/* Prints the JSON Schema, for schema.py. */
#include <jansson.h>
#include <stdio.h>

#include "base/json.h"
#include "ordeal/spec.h"

int main(void)
{
	ord_auto(json) json_t *schema = ord_spec_schema();

	return !schema || json_dumpf(schema, stdout, JSON_INDENT(1)) ? 1 : 0;
}
