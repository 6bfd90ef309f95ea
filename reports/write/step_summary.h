#ifndef ORDEAL_REPORTS_WRITE_STEP_SUMMARY_H
#define ORDEAL_REPORTS_WRITE_STEP_SUMMARY_H

#include <stddef.h>
#include <stdio.h>

/* Writes what of report.md fits into `room` bytes, and which sections did not. 0: nothing was
 * written, since not even the first section fits; else more than 0. */
size_t ord_step_summary(const char *md, size_t room, FILE *out);

#endif
