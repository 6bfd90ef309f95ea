#include "history/store/sql.h"

int sql_fail(const struct store *s, const char *doing, struct ord_err *err)
{
	int code = sqlite3_extended_errcode(s->db);

	if ((code & 0xff) == SQLITE_NOMEM)
		return ord_fail_nomem(err);
	if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
		return ord_fail(
			err, ORD_SYS,
			"'%.200s' cannot be read (%s): `ordeal history rebuild` makes it anew "
			"from the runs' folders",
			s->path, sqlite3_errmsg(s->db));
	return ord_fail(err, ORD_SYS, "'%.200s': %s: %s", s->path, doing, sqlite3_errmsg(s->db));
}

int sql_do(struct store *s, const char *doing, const char *sql, struct ord_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) ? sql_fail(s, doing, err) : 0;
}

int sql_with(struct store *s, const char *doing, const char *sql, const char *text,
	     struct ord_err *err)
{
	sqlite3_stmt *q = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) ||
	    sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC) || sqlite3_step(q) != SQLITE_DONE)
		r = sql_fail(s, doing, err);
	(void)sqlite3_finalize(q);
	return r;
}

int sql_number(struct store *s, const char *doing, const char *sql, int *ret, struct ord_err *err)
{
	sqlite3_stmt *q = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) || sqlite3_step(q) != SQLITE_ROW)
		r = sql_fail(s, doing, err);
	else
		*ret = sqlite3_column_int(q, 0);
	(void)sqlite3_finalize(q);
	return r;
}
