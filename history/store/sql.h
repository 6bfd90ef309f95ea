/* What the module's files share: the connection, and SQLite's errors as ours. */
#ifndef ORDEAL_HISTORY_STORE_SQL_H
#define ORDEAL_HISTORY_STORE_SQL_H

#include <sqlite3.h>

#include "history/store/store.h"

struct store {
	sqlite3 *db;
	char path[4096];
};

int sql_fail(const struct store *s, const char *doing, struct ord_err *err);
/* Statements without parameters or rows. */
int sql_do(struct store *s, const char *doing, const char *sql, struct ord_err *err);
/* One statement with the text as ?1. */
int sql_with(struct store *s, const char *doing, const char *sql, const char *text,
	     struct ord_err *err);
/* One number of a statement's first row. */
int sql_number(struct store *s, const char *doing, const char *sql, int *ret, struct ord_err *err);

#endif
