/*
 * What people say while a run lasts: `ordeal mark` and `ordeal note` hand it to the run, over a
 * socket in the run's folder, and the run writes it. Only its owner and root may.
 */
#ifndef ORDEAL_RUN_MARKS_H
#define ORDEAL_RUN_MARKS_H

#include <systemd/sd-event.h>

#include "ordeal/err.h"

struct json_t;
struct run_marks;

/* A word that was checked, as a line of type e; takes it. */
typedef void run_marks_line(void *arg, const char *e, struct json_t *line);

/* Listens in the folder. -1: it cannot there. */
int run_marks_open(int dir, sd_event *loop, run_marks_line *line, void *arg, struct run_marks **ret,
		   struct ord_err *err);
/* Takes the socket away; NULL is fine. */
void run_marks_close(struct run_marks *m);

#endif
