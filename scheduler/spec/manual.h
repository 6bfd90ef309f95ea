/* The tables of ordeal-spec(5), as man(7) source. */
#ifndef ORDEAL_SPEC_MANUAL_H
#define ORDEAL_SPEC_MANUAL_H

#include <stdio.h>

#include "scheduler/spec/table.h"

void manual_table(FILE *out, const struct table *table);
/* Lines that start with two spaces stand as they are; an empty line begins a paragraph. */
void manual_prose(FILE *out, const char *const *lines, size_t n);

#endif
