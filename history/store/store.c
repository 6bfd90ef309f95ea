#include "history/store/sql.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define INDEX_LEAST 32768 /* bytes of a log's index that is in use (SQLite's WALINDEX_PGSZ) */

static bool is_below(const char *path, const char *end, int64_t bytes)
{
	char beside[PATH_MAX + 8];
	struct stat st;

	(void)snprintf(beside, sizeof beside, "%s%s", path, end);
	return stat(beside, &st) || st.st_size < bytes;
}

/*
 * SQLite keeps a log and an index of it beside the file, also where it only reads. Where it cannot,
 * in a folder that may not be written to or on a full disk, and nothing is in them, nobody else has
 * it open: the file alone is the database then.
 */
static bool is_alone(const char *path, char real[static PATH_MAX])
{
	return realpath(path, real) && is_below(real, "-wal", 1) &&
	       is_below(real, "-shm", INDEX_LEAST);
}

/* "file:/a%3fb?immutable=1" */
static void uri_of(const char *path, size_t size, char *out)
{
	FILE *to = fmemopen(out, size, "we");

	*out = '\0';
	if (!to)
		return;
	(void)fputs("file:", to);
	for (; *path; path++) {
		if (strchr("%?#", *path))
			(void)fprintf(to, "%%%02x", (unsigned)*path);
		else
			(void)fputc(*path, to);
	}
	(void)fputs("?immutable=1", to);
	(void)fclose(to);
}

static int open_alone(struct store *s, const char *real)
{
	char uri[3 * PATH_MAX + 32];

	uri_of(real, sizeof uri, uri);
	return sqlite3_open_v2(
		uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, NULL);
}

static int open_shared(struct store *s, bool make)
{
	return sqlite3_open_v2(s->path, &s->db,
			       SQLITE_OPEN_READWRITE | (make ? SQLITE_OPEN_CREATE : 0) |
				       SQLITE_OPEN_EXRESCODE,
			       NULL);
}

static int set_up(struct store *s, enum store_mode mode, uint64_t patience_ns, struct ord_err *err)
{
	(void)sqlite3_busy_timeout(s->db, (int)(patience_ns / ORD_MS));
	/* With WAL, NORMAL keeps the file whole whatever happens; what a power cut may take are the
	 * last runs, whose folders are there. The last is read to see whether it can be. */
	return sql_do(s, "set it up",
		      "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;"
		      "PRAGMA trusted_schema = OFF; PRAGMA user_version",
		      err) ||
	       (mode != STORE_READ && sql_do(s, "write ahead", "PRAGMA journal_mode = WAL", err));
}

static int connect_to(struct store *s, enum store_mode mode, uint64_t patience_ns,
		      struct ord_err *err)
{
	char real[PATH_MAX];

	if (!open_shared(s, mode == STORE_MAKE) && !set_up(s, mode, patience_ns, err))
		return 0;
	if (!s->db)
		return ord_fail_nomem(err);
	(void)sql_fail(s, "open", err);
	if (mode != STORE_READ)
		return -1;
	/* Its own log and index go with it. */
	(void)sqlite3_close(s->db);
	s->db = NULL;
	return is_alone(s->path, real) && !open_alone(s, real) && !set_up(s, mode, patience_ns, err)
		       ? 0
		       : -1;
}

static int check_version(struct store *s, enum store_mode mode, bool *ret_old, struct ord_err *err)
{
	int version;

	if (sql_number(s, "its version", "PRAGMA user_version", &version, err))
		return -1;
	if (version > STORE_VERSION)
		return ord_fail(
			err, ORD_USAGE,
			"'%.200s' is of version %d, and this ordeal knows %d: use the ordeal "
			"that wrote it, or `ordeal history rebuild`, which makes it anew from "
			"the runs' folders",
			s->path, version, STORE_VERSION);
	*ret_old = version < STORE_VERSION;
	if (!*ret_old || mode == STORE_READ)
		return 0;
	return store_migrate(s, STORE_VERSION, err);
}

int store_open(const char *path, enum store_mode mode, uint64_t patience_ns, struct store **ret,
	       struct ord_err *err)
{
	struct store *s = calloc(1, sizeof *s);
	bool old = false;

	if (!s)
		return ord_fail_nomem(err);
	(void)snprintf(s->path, sizeof s->path, "%s", path);
	if (connect_to(s, mode, patience_ns, err) || check_version(s, mode, &old, err)) {
		store_close(s);
		return -1;
	}
	if (old && mode == STORE_READ) {
		store_close(s);
		s = NULL;
	}
	*ret = s;
	return 0;
}

/* Each takes the record as ?1. The run's row is found by its folder. */
static const char *const entering[] = {
	"DELETE FROM runs WHERE folder = json_extract(?1, '$.folder')",
	"INSERT INTO runs(folder, id, name, plan_hash, plan_digest, seed, ordeal, started_ns, "
	"exit, verdict, "
	"text,"
	" end_cause, residue, timeline_bytes, timeline_mtime_ns, bytes)"
	" SELECT json_extract(r, '$.folder'), json_extract(r, '$.id'), json_extract(r, '$.name'),"
	" json_extract(r, '$.plan_hash'), json_extract(r, '$.plan_digest'), json_extract(r, "
	"'$.seed'), json_extract(r, '$.ordeal'),"
	" json_extract(r, '$.started_ns'), json_extract(r, '$.exit'),"
	" json_extract(r, '$.verdict'), json_extract(r, '$.text'),"
	" json_extract(r, '$.end_cause'), json_extract(r, '$.residue'),"
	" json_extract(r, '$.timeline_bytes'), json_extract(r, '$.timeline_mtime_ns'),"
	" json_extract(r, '$.bytes') FROM (SELECT ?1 AS r)",
#define RUN	"(SELECT n FROM runs WHERE folder = json_extract(?1, '$.folder'))"
#define OF(key) "json_extract(e.value, '$." key "')"
	"INSERT INTO labels(run, key, value)"
	" SELECT " RUN ", e.key, e.value FROM json_each(?1, '$.labels') e",
	"INSERT INTO repetitions(run, rep, placebo, state, why)"
	" SELECT " RUN ", " OF("rep") ", " OF("placebo") ", " OF("state") ", " OF(
		"why") " FROM json_each(?1, '$.repetitions') e",
	"INSERT OR IGNORE INTO instants(run, rep, what, lo_ns, hi_ns, utc, line)"
	" SELECT " RUN ", " OF("rep") ", " OF("what") ", " OF("lo_ns") ", " OF("hi_ns") ", " OF(
		"utc") ", " OF("line") " FROM json_each(?1, '$.instants') e",
	"INSERT INTO verdicts(run, place, objective, result, met, missed, inconclusive)"
	" SELECT " RUN ", e.key, " OF("objective") ", " OF("result") ", " OF("met") ", " OF(
		"missed") ", " OF("inconclusive") " FROM json_each(?1, '$.objectives') e",
	"INSERT INTO figures(run, place, figure, n, never, median_ns, median_above_ns,"
	" worst_known_ns, worst_above_ns)"
	" SELECT " RUN
	", e.key, " OF("figure") ", " OF("n") ", " OF("never") ", " OF("median_ns") ", " OF(
		"median_above_ns") ", " OF("worst_known_ns") ", " OF("worst_above_ns") " FROM "
										       "json_each(?"
										       "1, "
										       "'$.figures'"
										       ") e",
	"INSERT INTO marks(run, rep, what, role, note, lo_ns, utc)"
	" SELECT " RUN ", " OF("rep") ", " OF("what") ", " OF("by") ", " OF("note") ", " OF(
		"lo_ns") ", " OF("utc") " FROM json_each(?1, '$.marks') e",
};

int store_enter(struct store *s, const char *record, struct ord_err *err)
{
	if (sql_do(s, "begin", "SAVEPOINT entering", err))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(entering); i++)
		if (sql_with(s, "enter a run", entering[i], record, err)) {
			(void)sqlite3_exec(s->db, "ROLLBACK TO entering; RELEASE entering", NULL,
					   NULL, NULL);
			return -1;
		}
	return sql_do(s, "commit", "RELEASE entering", err);
}

int store_remove(struct store *s, const char *folder, struct ord_err *err)
{
	return sql_with(s, "remove a run", "DELETE FROM runs WHERE folder = ?1", folder, err);
}

int store_begin(struct store *s, struct ord_err *err)
{
	return sql_do(s, "begin", "BEGIN IMMEDIATE", err);
}

int store_commit(struct store *s, struct ord_err *err)
{
	return sql_do(s, "commit", "COMMIT", err);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	(void)sqlite3_close_v2(s->db);
	free(s);
}
