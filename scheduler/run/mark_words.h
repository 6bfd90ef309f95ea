/* What marks are made of: the same on both ends of the socket. */
#ifndef ORDEAL_RUN_MARK_WORDS_H
#define ORDEAL_RUN_MARK_WORDS_H

#include <stdbool.h>

struct sockaddr_un;

#define MARK_SOCKET "marks"

bool mark_what_ok(const char *what);
bool mark_role_ok(const char *role);
/* Printable, of at most ORD_NOTE_MAX bytes. */
bool mark_note_ok(const char *note);
/* Through the descriptor: a path in the state directory may be longer than an address. */
void mark_address(int dir, struct sockaddr_un *ret);

#endif
