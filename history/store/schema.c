/* The schema, by version. A step is never changed once it has been in a release: a new one is
 * added. */
#include "history/store/sql.h"

#include <stdio.h>

#include "base/auto.h"

static const char one[] =
	"CREATE TABLE runs("
	" n INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE, id TEXT NOT NULL,"
	" name TEXT NOT NULL, plan_hash TEXT NOT NULL, seed INTEGER NOT NULL,"
	" ordeal TEXT NOT NULL, started_ns INTEGER NOT NULL, exit INTEGER NOT NULL,"
	" verdict TEXT NOT NULL, text TEXT NOT NULL, end_cause TEXT NOT NULL,"
	" residue INTEGER NOT NULL, timeline_bytes INTEGER NOT NULL,"
	" timeline_mtime_ns INTEGER NOT NULL) STRICT;"
	"CREATE TABLE labels("
	" run INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,"
	" key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(run, key)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE repetitions("
	" run INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE, rep INTEGER NOT NULL,"
	" placebo INTEGER NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL,"
	" PRIMARY KEY(run, rep)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE instants("
	" run INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE, rep INTEGER NOT NULL,"
	" what TEXT NOT NULL, lo_ns INTEGER NOT NULL, hi_ns INTEGER NOT NULL,"
	" utc TEXT NOT NULL, line INTEGER,"
	" PRIMARY KEY(run, rep, what)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE verdicts("
	" run INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE, place INTEGER NOT NULL,"
	" objective TEXT NOT NULL, result TEXT NOT NULL, met INTEGER NOT NULL,"
	" missed INTEGER NOT NULL, inconclusive INTEGER NOT NULL,"
	" PRIMARY KEY(run, place)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE figures("
	" run INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE, place INTEGER NOT NULL,"
	" figure TEXT NOT NULL, n INTEGER NOT NULL, never INTEGER NOT NULL, median_ns INTEGER,"
	" median_above_ns INTEGER, worst_known_ns INTEGER, worst_above_ns INTEGER,"
	" PRIMARY KEY(run, place)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE marks("
	" n INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(n) ON DELETE CASCADE,"
	" rep INTEGER NOT NULL, what TEXT NOT NULL, role TEXT NOT NULL, note TEXT NOT NULL,"
	" lo_ns INTEGER, utc TEXT NOT NULL) STRICT;";

static const char two[] = "ALTER TABLE runs ADD COLUMN bytes INTEGER;"
			  "CREATE INDEX runs_by_start ON runs(started_ns);"
			  "CREATE INDEX marks_by_run ON marks(run);";

/* Null: of a run that was entered before. */
static const char three[] = "ALTER TABLE runs ADD COLUMN plan_digest TEXT;"
			    "CREATE INDEX runs_by_name ON runs(name, started_ns);";

/* What was to run and did not, and how far of each file of such has been read. */
static const char four[] =
	"CREATE TABLE missed("
	" n INTEGER PRIMARY KEY, file TEXT NOT NULL, outcome TEXT NOT NULL, name TEXT NOT NULL,"
	" planned_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, times INTEGER NOT NULL,"
	" at_ns INTEGER NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL, run TEXT NOT NULL,"
	" labels TEXT NOT NULL, UNIQUE(name, planned_ns, outcome)) STRICT;"
	"CREATE INDEX missed_by_plan ON missed(planned_ns);"
	"CREATE INDEX missed_by_run ON missed(run);"
	"CREATE TABLE missed_files("
	" file TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

static const char *const steps[STORE_VERSION] = {one, two, three, four};

int store_migrate(struct store *s, int to, struct ord_err *err)
{
	char set[64];
	int version;

	for (;;) {
		/* Who else opened the file at the same time may have done it meanwhile. */
		if (sql_do(s, "begin", "BEGIN IMMEDIATE", err))
			return -1;
		if (sql_number(s, "its version", "PRAGMA user_version", &version, err))
			break;
		if (version >= to)
			return sql_do(s, "end", "COMMIT", err);
		(void)snprintf(set, sizeof set, "PRAGMA user_version = %d", version + 1);
		if (sql_do(s, "bring its tables up to date", steps[version], err) ||
		    sql_do(s, "set its version", set, err) || sql_do(s, "commit", "COMMIT", err))
			break;
	}
	(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}
