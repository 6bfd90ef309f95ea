/* What a run is doing, line by line. */
#ifndef ORDEAL_CHILD_LOOK_H
#define ORDEAL_CHILD_LOOK_H

#include "ordeal/child.h"

/* What look_line() was told besides by the last line that a run prints. */
struct look_end {
	char verdict[256];
	char dir[4096];
};

void look_init(struct ord_child_look *look);
void look_line(struct ord_child_look *look, struct look_end *end, const char *line, size_t size);
/* Counts from here on are of the next look. */
void look_taken(struct ord_child_look *look);

#endif
