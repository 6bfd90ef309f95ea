/* The runs of a filter, as JSON, and those that were to be and were not. */
#include "history/store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* SQL has lines of its own. */
/* clang-format off */

#define F(key) "json_extract(?1, '$." key "')"

/* Those that a page ends before: `at` and `key` of the first that was shown. */
#define BEFORE(at, key)                                  \
	" AND (" F("before") " IS NULL OR (" at ", " key \
			     ") < (" F("before.at") ", " F("before.key") "))"
#define WITHIN(at) at " >= " F("since") " AND " at " < " F("until")
#define NAMED                                                                                \
	"(json_array_length(?1, '$.names') = 0 OR name IN (SELECT value FROM json_each(?1, " \
	"'$.names')))"
#define VERDICT(column) "(" F("verdict") " IS NULL OR " column " = " F("verdict")

/* The newest that match. An interrupted run that has a row of its own is told there. */
#define PICKED                                                                                                                                               \
	"picked(missed, n, at, key) AS (SELECT 0, n, started_ns, folder FROM runs x"                                                                         \
	" WHERE " NAMED " AND " WITHIN("started_ns")                                                                                                         \
		BEFORE("started_ns", "folder") "  AND (" F("folder") " IS NULL OR folder = " F("f"                                                           \
											       "o"                                                           \
											       "l"                                                           \
											       "d"                                                           \
											       "e"                                                           \
											       "r") " OR id = " F(                                           \
			"folder") ")"                                                                                                                        \
				  "  AND " VERDICT("verdict") " OR (" F(                                                                                     \
					  "verdict") " = 'interrupted' AND EXISTS"                                                                           \
						     "   (SELECT 1 FROM missed m WHERE m.run = "                                                             \
						     "x.folder AND m.outcome = 'interrupted')))"                                                             \
						     "  AND NOT EXISTS (SELECT 1 FROM "                                                                      \
						     "json_each(?1, '$.labels') f WHERE NOT "                                                                \
						     "EXISTS"                                                                                                \
						     "   (SELECT 1 FROM labels l WHERE l.run = "                                                             \
						     "x.n AND l.key = f.key AND l.value = "                                                                  \
						     "f.value))"                                                                                             \
						     " UNION ALL SELECT 1, n, planned_ns, name "                                                             \
						     "|| ' ' || outcome FROM missed m"                                                                       \
						     " WHERE " F(                                                                                            \
							     "missed") " AND " NAMED                                                                         \
								       " AND " WITHIN("planned_"                                                             \
										      "ns") BEFORE("planned_ns", "name || ' ' || outcome") "  AND " VERDICT( \
									       "outcome") ") AND "                                                           \
											  "NOT "                                                             \
											  "EXISTS"                                                           \
											  " ("                                                               \
											  "SELECT"                                                           \
											  " 1 "                                                              \
											  "FROM "                                                            \
											  "runs "                                                            \
											  "WHERE "                                                           \
											  "folder"                                                           \
											  " = "                                                              \
											  "m.run)"                                                           \
											  "  AND "                                                           \
											  "NOT "                                                             \
											  "EXISTS"                                                           \
											  " ("                                                               \
											  "SELECT"                                                           \
											  " 1 "                                                              \
											  "FROM "                                                            \
											  "json_"                                                            \
											  "each(?"                                                           \
											  "1, "                                                              \
											  "'$."                                                              \
											  "labels"                                                           \
											  "') f "                                                            \
											  "WHERE "                                                           \
											  "NOT "                                                             \
											  "EXISTS"                                                           \
											  "   "                                                              \
											  "(SELEC"                                                           \
											  "T 1 "                                                             \
											  "FROM "                                                            \
											  "json_"                                                            \
											  "each("                                                            \
											  "m."                                                               \
											  "labels"                                                           \
											  ") l "                                                             \
											  "WHERE "                                                           \
											  "l.key "                                                           \
											  "= "                                                               \
											  "f.key "                                                           \
											  "AND "                                                             \
											  "l."                                                               \
											  "value "                                                           \
											  "= "                                                               \
											  "f."                                                               \
											  "value)"                                                           \
											  ")"                                                                \
											  " ORDER"                                                           \
											  " BY 3 "                                                           \
											  "DESC, "                                                           \
											  "4 "                                                               \
											  "DESC "                                                            \
											  "LIMIT"                                                            \
											  " " F("last") ")"

#define RUN                                                                                     \
	"json_object('folder', r.folder, 'id', r.id, 'name', r.name, 'plan_hash', r.plan_hash," \
	"'plan_digest', r.plan_digest, 'seed', r.seed, 'ordeal', r.ordeal, 'started_ns', "      \
	"r.started_ns,"                                                                         \
	"'exit', r.exit, 'verdict', r.verdict, 'text', r.text, 'end_cause', r.end_cause,"       \
	"'residue', r.residue, 'timeline_bytes', r.timeline_bytes,"                             \
	"'timeline_mtime_ns', r.timeline_mtime_ns, 'bytes', r.bytes,"                           \
	"'interrupted', (SELECT max(reason) FROM missed"                                        \
	"  WHERE run = r.folder AND outcome = 'interrupted'),"                                  \
	"'labels', json((SELECT json_group_object(key, value) FROM labels WHERE run = r.n)),"   \
	"'repetitions', (SELECT count(*) FROM repetitions WHERE run = r.n AND NOT placebo),"    \
	"'measured', (SELECT count(*) FROM repetitions"                                         \
	"  WHERE run = r.n AND NOT placebo AND state = 'measured'),"                            \
	"'objectives', json((SELECT json_group_array(json_object('objective', objective,"       \
	"  'result', result, 'met', met, 'missed', missed, 'inconclusive', inconclusive))"      \
	"  FROM (SELECT * FROM verdicts WHERE run = r.n ORDER BY place))),"                     \
	"'figures', json((SELECT json_group_object(figure, json_object('n', n, 'never', never," \
	"  'median_ns', median_ns, 'median_above_ns', median_above_ns,"                         \
	"  'worst_known_ns', worst_known_ns, 'worst_above_ns', worst_above_ns))"                \
	"  FROM (SELECT * FROM figures WHERE run = r.n ORDER BY place))),"                      \
	"'marks', json((SELECT json_group_array(json_object('rep', rep, 'what', what,"          \
	"  'by', role, 'note', note, 'utc', utc))"                                              \
	"  FROM (SELECT * FROM marks WHERE run = r.n ORDER BY n))))"

#define MISSED                                                                                \
	"json_object('folder', NULL, 'name', m.name, 'started_ns', m.planned_ns, 'verdict', " \
	"m.outcome,"                                                                          \
	"'reason', m.reason, 'text', m.text, 'run', m.run, 'planned_ns', m.planned_ns,"       \
	"'last_ns', m.last_ns, 'times', m.times, 'at_ns', m.at_ns, 'labels', json(m.labels))"

/* In the order of time again. */
static const char listing[] = "WITH " PICKED " SELECT CASE missed WHEN 0"
			      " THEN (SELECT " RUN " FROM runs r WHERE r.n = picked.n)"
			      " ELSE (SELECT " MISSED " FROM missed m WHERE m.n = picked.n) END"
			      " FROM picked ORDER BY at, key";
/* clang-format on */

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
