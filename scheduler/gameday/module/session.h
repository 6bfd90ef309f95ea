/*
 * A session's folder, STATE/gamedays/ID: session.jsonl, which is the truth and its owner's alone,
 * and responder.jsonl, the same for who does not know.
 */
#ifndef ORDEAL_GAMEDAY_SESSION_H
#define ORDEAL_GAMEDAY_SESSION_H

#include <jansson.h>

#include "scheduler/gameday/module/event.h"

#define SESSION_LOG  "session.jsonl"
#define SESSION_VIEW "responder.jsonl"
#define SESSION_LIVE "live.json" /* while a step runs */

struct session {
	struct day *day; /* owned */
	struct day_session state;
	char id[128], path[ORD_PATH_MAX];
	int dir, log, view;
	bool failed;  /* it is not known what stands in the log */
	json_t *head; /* owned: the first line */
	/* Each line, once it is written; may be NULL. */
	void (*on_line)(void *arg, const json_t *line);
	void *arg;
};

/* STATE/gamedays; made if absent. */
int session_home(char ret[ORD_PATH_MAX], struct ord_err *err);
/* ORD_USAGE where it is no name of a session's. */
int session_id_check(const char *id, struct ord_err *err);
/* The folder of a session: its id, a path, or "latest". */
int session_find(const char *id, char ret[ORD_PATH_MAX], struct ord_err *err);
/* A new one; takes the day. id: NULL is the date and the day's name. */
int session_create(struct day *day, const char *id, struct session **ret, struct ord_err *err);
int session_create_in(const char *home, struct day *day, const char *id, struct session **ret,
		      struct ord_err *err);
/*
 * One that there is, as its events have left it. A torn last line is cut off. ORD_GUARD where it is
 * held by another process. `say` is told what is wrong with its copies.
 */
int session_open(const char *id, FILE *say, struct session **ret, struct ord_err *err);
void session_close(struct session *s); /* NULL is fine */

/* What happens: it is written down, and then it is so. ORD_GUARD where it may not happen now. */
int session_add(struct session *s, const struct day_event *e, struct ord_err *err);

#endif
