/* What was to run and did not. */
#include "history/store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_missed_known(struct store *s, char **ret, struct ord_err *err)
{
	static const char known[] = "SELECT json_group_object(file, bytes) FROM missed_files";
	sqlite3_stmt *q = NULL;
	char *text = NULL;

	if (sqlite3_prepare_v2(s->db, known, -1, &q, NULL) || sqlite3_step(q) != SQLITE_ROW) {
		(void)sql_fail(s, "read what was missed", err);
		(void)sqlite3_finalize(q);
		return -1;
	}
	text = strdup((const char *)sqlite3_column_text(q, 0));
	(void)sqlite3_finalize(q);
	if (!text)
		return ord_fail_nomem(err);
	*ret = text;
	return 0;
}

int store_missed_add(struct store *s, const char *record, struct ord_err *err)
{
	static const char add[] =
		"INSERT OR REPLACE INTO missed(file, outcome, name, planned_ns, last_ns, times,"
		" at_ns, reason, text, run, labels)"
		" SELECT json_extract(r, '$.file'), json_extract(r, '$.outcome'),"
		" json_extract(r, '$.name'), json_extract(r, '$.planned_ns'),"
		" json_extract(r, '$.last_ns'), json_extract(r, '$.times'),"
		" json_extract(r, '$.at_ns'), json_extract(r, '$.reason'),"
		" json_extract(r, '$.text'), json_extract(r, '$.run'),"
		" json_extract(r, '$.labels') FROM (SELECT ?1 AS r)";

	return sql_with(s, "enter what was missed", add, record, err);
}

int store_missed_read(struct store *s, const char *file, int64_t bytes, struct ord_err *err)
{
	static const char set[] = "INSERT OR REPLACE INTO missed_files(file, bytes) VALUES(?1, ?2)";
	sqlite3_stmt *q = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(s->db, set, -1, &q, NULL) ||
	    sqlite3_bind_text(q, 1, file, -1, SQLITE_STATIC) || sqlite3_bind_int64(q, 2, bytes) ||
	    sqlite3_step(q) != SQLITE_DONE)
		r = sql_fail(s, "note how far it was read", err);
	(void)sqlite3_finalize(q);
	return r;
}

int store_missed_drop(struct store *s, const char *file, struct ord_err *err)
{
	return sql_with(s, "forget what was missed", "DELETE FROM missed WHERE file = ?1", file,
			err) || sql_with(s, "forget what was missed",
					 "DELETE FROM missed_files WHERE file = ?1", file, err)
		       ? -1
		       : 0;
}
