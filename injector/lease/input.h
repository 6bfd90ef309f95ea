/* Lines from standard input, of at most the program's request_max bytes each. */
#ifndef ORDEAL_LEASE_INPUT_H
#define ORDEAL_LEASE_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "injector/lease/request.h"

struct inj_input {
	size_t used;
	size_t taken; /* bytes of the line that was handed out */
	bool ended;   /* end of file, or a line beyond the limit: nothing more will be read */
	bool too_long;
	char buf[INJ_INPUT_MAX + 1]; /* pages that nothing was read into cost nothing */
};

/* One read(2), which blocks where there is nothing: poll first. */
void inj_input_fill(struct inj_input *in);
/* The next whole line without its newline, borrowed until the next call; NULL where there is none
 * yet. */
const char *inj_input_line(struct inj_input *in, size_t *ret_size);

#endif
