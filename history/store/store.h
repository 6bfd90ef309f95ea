/* The database. Nothing else speaks to SQLite. */
#ifndef ORDEAL_HISTORY_STORE_STORE_H
#define ORDEAL_HISTORY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define STORE_VERSION 4 /* PRAGMA user_version */

struct store;

enum store_mode {
	STORE_READ,  /* changes nothing */
	STORE_WRITE, /* the file is there, */
	STORE_MAKE,  /* or is made */
};

/*
 * ORD_USAGE: the file is of a newer version. Of an older one STORE_READ gives no store: *ret is
 * NULL then, and with STORE_WRITE it is brought to ours first. patience_ns: for another that
 * writes.
 */
int store_open(const char *path, enum store_mode mode, uint64_t patience_ns, struct store **ret,
	       struct ord_err *err);
/* A record (history/module/record.h) as JSON; all of it or nothing. */
int store_enter(struct store *s, const char *record, struct ord_err *err);
/* A filter as JSON; *ret is a JSON list, owned: free(). */
int store_list(struct store *s, const char *filter, char **ret, struct ord_err *err);
int store_remove(struct store *s, const char *folder, struct ord_err *err);

/* ---- what was to run and did not (history/module/missed.h) */

/* {file: bytes that have been read}; owned: free(). */
int store_missed_known(struct store *s, char **ret, struct ord_err *err);
/* A record as JSON, with its file; in place of what has its name, planned instant and outcome. */
int store_missed_add(struct store *s, const char *record, struct ord_err *err);
int store_missed_read(struct store *s, const char *file, int64_t bytes, struct ord_err *err);
/* The file has gone, and what it held. */
int store_missed_drop(struct store *s, const char *file, struct ord_err *err);

/* What is done between them is done as one. */
int store_begin(struct store *s, struct ord_err *err);
int store_commit(struct store *s, struct ord_err *err);
void store_close(struct store *s); /* NULL is fine */

/* Brings the file from its version to `to`, each step in a transaction of its own. */
int store_migrate(struct store *s, int to, struct ord_err *err);

#endif
