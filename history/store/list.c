/* The runs of a filter, as JSON. */
#include "history/store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define F(key) "json_extract(?1, '$." key "')"

/* The newest that match, put into the order of time again. */
static const char listing[] =
	"SELECT json_object("
	"'folder', r.folder, 'id', r.id, 'name', r.name, 'plan_hash', r.plan_hash, 'plan_digest', "
	"r.plan_digest,"
	"'seed', r.seed, 'ordeal', r.ordeal, 'started_ns', r.started_ns, 'exit', r.exit,"
	"'verdict', r.verdict, 'text', r.text, 'end_cause', r.end_cause,"
	"'residue', r.residue, 'timeline_bytes', r.timeline_bytes,"
	"'timeline_mtime_ns', r.timeline_mtime_ns, 'bytes', r.bytes,"
	"'labels', json((SELECT json_group_object(key, value) FROM labels WHERE run = r.n)),"
	"'repetitions', (SELECT count(*) FROM repetitions WHERE run = r.n AND NOT placebo),"
	"'measured', (SELECT count(*) FROM repetitions"
	"  WHERE run = r.n AND NOT placebo AND state = 'measured'),"
	"'objectives', json((SELECT json_group_array(json_object('objective', objective,"
	"  'result', result, 'met', met, 'missed', missed, 'inconclusive', inconclusive))"
	"  FROM (SELECT * FROM verdicts WHERE run = r.n ORDER BY place))),"
	"'figures', json((SELECT json_group_object(figure, json_object('n', n, 'never', never,"
	"  'median_ns', median_ns, 'median_above_ns', median_above_ns,"
	"  'worst_known_ns', worst_known_ns, 'worst_above_ns', worst_above_ns))"
	"  FROM (SELECT * FROM figures WHERE run = r.n ORDER BY place))),"
	"'marks', json((SELECT json_group_array(json_object('rep', rep, 'what', what,"
	"  'by', role, 'note', note, 'utc', utc))"
	"  FROM (SELECT * FROM marks WHERE run = r.n ORDER BY n))))"
	" FROM (SELECT * FROM runs x WHERE"
	" (json_array_length(?1, '$.names') = 0"
	"  OR name IN (SELECT value FROM json_each(?1, '$.names')))"
	" AND (" F("verdict") " IS NULL OR verdict = " F(
		"verdict") ")"
			   " AND started_ns >= " F("since") " AND started_ns < " F(
				   "until") " AND NOT EXISTS (SELECT 1 FROM json_each(?1, "
					    "'$.labels') f WHERE NOT EXISTS"
					    "  (SELECT 1 FROM labels l WHERE l.run = x.n AND l.key "
					    "= f.key AND l.value = f.value))"
					    " ORDER BY started_ns DESC, folder DESC LIMIT " F(
						    "last") ") r ORDER BY r.started_ns, r.folder";

static int write_rows(struct store *s, sqlite3_stmt *q, FILE *out, struct ord_err *err)
{
	bool first = true;
	int code;

	(void)fputc('[', out);
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(q, 0);

		if (!text)
			return ord_fail_nomem(err);
		(void)fprintf(out, "%s%s", first ? "" : ",\n", (const char *)text);
		first = false;
	}
	(void)fputc(']', out);
	return code == SQLITE_DONE ? 0 : sql_fail(s, "list the runs", err);
}

int store_list(struct store *s, const char *filter, char **ret, struct ord_err *err)
{
	sqlite3_stmt *q = NULL;
	ord_autofree char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return ord_fail_nomem(err);
	if (sqlite3_prepare_v2(s->db, listing, -1, &q, NULL) ||
	    sqlite3_bind_text(q, 1, filter, -1, SQLITE_STATIC))
		r = sql_fail(s, "list the runs", err);
	else
		r = write_rows(s, q, out, err);
	(void)sqlite3_finalize(q);
	if (fclose(out) && !r)
		r = ord_fail_nomem(err);
	if (!r)
		*ret = ord_steal_ptr(text);
	return r;
}
