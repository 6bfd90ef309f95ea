/* The socket in a session's folder: who holds the session listens, others tell it what to do. */
#ifndef ORDEAL_GAMEDAY_CONTROL_H
#define ORDEAL_GAMEDAY_CONTROL_H

#include <systemd/sd-event.h>

#include "scheduler/gameday/module/command.h"

struct control;

/* Does what it is told; -1: it was refused. */
typedef int control_do(void *arg, const struct command *c, struct ord_err *err);

int control_open(int dir, sd_event *loop, control_do *work, void *arg, struct control **ret,
		 struct ord_err *err);
void control_close(struct control *c); /* NULL is fine */

/* Tells who holds the session in that folder. ORD_GUARD where nobody does, or it is refused. */
int control_tell(const char *folder, const struct command *c, struct ord_err *err);
/* The same in two: the descriptor becomes readable when the answer is there. Without patience
 * nothing blocks. */
int control_ask(const char *folder, const struct command *c, unsigned patience_ms, int *ret_fd,
		struct ord_err *err);
int control_answer(int fd, struct ord_err *err);

#endif
