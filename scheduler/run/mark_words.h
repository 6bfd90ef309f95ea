/* What marks are made of: the same on both ends of the socket. */
#ifndef ORDEAL_RUN_MARK_WORDS_H
#define ORDEAL_RUN_MARK_WORDS_H

#include <stdbool.h>

struct ord_desk_kind;

extern const struct ord_desk_kind mark_desk;

bool mark_what_ok(const char *what);
bool mark_role_ok(const char *role);
/* Printable, of at most ORD_NOTE_MAX bytes. */
bool mark_note_ok(const char *note);

#endif
