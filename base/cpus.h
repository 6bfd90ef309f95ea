/* Lists of CPUs as the kernel writes them: "0-3,6". */
#ifndef ORDEAL_BASE_CPUS_H
#define ORDEAL_BASE_CPUS_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

/* CPUs 0 to 1023. ORD_USAGE where the text is not a list, is empty, or counts backwards. */
int ord_cpus_parse(const char *text, cpu_set_t *ret, struct ord_err *err);
/* The shortest text; returns out, cut to size. */
char *ord_cpus_format(const cpu_set_t *set, char *out, size_t size);

#endif
