/* The inside of the window: sessions as their files tell them. */
#ifndef ORDEAL_GAMEDAY_SEEN_H
#define ORDEAL_GAMEDAY_SEEN_H

#include <systemd/sd-event.h>

#include "ordeal/days.h"
#include "scheduler/gameday/module/machine.h"

#define SEEN_MAX 1000 /* sessions; the oldest that are over make place */

/* What the machine does not keep of a step. */
struct seen_step {
	uint64_t since_ns; /* wall clock: of its state */
	char run[112], phase[32];
	json_t *checks; /* owned: their texts, by name */
};

struct seen_live {
	struct day_session state;
	struct seen_step steps[ORD_GAMEDAY_STEPS_MAX];
	json_t *card; /* owned: what the day's own files say; NULL: they cannot be read */
	bool broken;  /* a line could not have happened: what follows is not applied */
};

/* How far a file has been read, in whole lines. */
struct seen_file {
	uint64_t at, n;
};

struct seen {
	struct ord_days *w;
	char id[ORD_DAYS_ID_MAX]; /* its folder's name */
	int wd;			  /* of the folder; -1: it is not watched */
	struct seen_file log, view;
	json_t *head;		/* owned: its first line; NULL: it has not begun */
	json_t *summary;	/* owned: the SESSION of one that is over */
	json_t *now;		/* owned: what its step's run is at; NULL: none runs */
	struct seen_live *live; /* owned: of one that is not */
	bool held;
};

struct tell;

struct ord_days {
	struct ord_days_options options;
	sd_event *loop;
	char path[ORD_PATH_MAX];
	int home, notify, wd;
	sd_event_source *notified, *tick;
	struct seen **all; /* owned */
	size_t n, room;
	struct tell *tells;
	bool silent; /* what is read is not told: it was there before */
	bool hushed; /* nothing more is told to holders */
};

__attribute__((format(printf, 2, 3))) void seen_log(struct ord_days *w, const char *fmt, ...);

/* window.c */
struct seen *seen_find(const struct ord_days *w, const char *id);
/* ORD_USAGE: there is no such. NULL: the error says so. */
struct seen *seen_must(const struct ord_days *w, const char *id, struct ord_err *err);
/* One that there is, or that has come; NULL: it is none, or there is no memory. */
struct seen *seen_take(struct ord_days *w, const char *id);

/* follow.c */
void seen_read(struct seen *s);
/* What the run of its step is at, which is told. */
void seen_pulse(struct seen *s);
/* Of that: whether it is of a step that is hidden. */
bool seen_now_is_hidden(const struct seen *s);
/* Whether somebody holds it, and tells where that has changed. */
void seen_look(struct seen *s);
/* As far as its files go, of one that is over too; seen_rest() when it was looked at. */
int seen_load(struct seen *s, struct ord_err *err);
void seen_rest(struct seen *s);
void seen_free(struct seen *s);
static inline bool seen_is_hidden(const struct seen *s, size_t step)
{
	const json_t *steps = json_object_get(s->head, "steps");

	return json_is_true(json_object_get(json_array_get(steps, step), "hidden")) &&
	       !(s->live && s->live->state.steps[step].revealed);
}

/* show.c */
json_t *seen_summary(const struct seen *s);
const char *seen_state(const struct seen *s); /* "held", "left", "over" */
json_t *seen_card(const struct ord_days *w, const char *id);

#endif
