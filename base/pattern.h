/* Regular expressions that people write: POSIX, extended (regex(7)). */
#ifndef ORDEAL_BASE_PATTERN_H
#define ORDEAL_BASE_PATTERN_H

#include <regex.h>

#include "ordeal/err.h"

/*
 * regcomp() with REG_EXTENDED | REG_NOSUB | flags. An expression that the C library would write out
 * to more than some ten thousand parts is refused: "((a+)+)+..." doubles with each +, so that one
 * of a hundred bytes takes all memory (regcomp(3) has no limit of its own). ORD_USAGE: why, without
 * the expression. On success the caller owns it (regfree).
 */
int ord_pattern_compile(const char *text, int flags, regex_t *ret, struct ord_err *err);

#endif
