#include "injector/lease/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "injector/lease/injector.h"

void inj_input_fill(struct inj_input *in)
{
	size_t max = inj_program()->request_max + 1;
	ssize_t n;

	if (max > sizeof in->buf)
		max = sizeof in->buf;
	if (in->ended)
		return;
	if (in->used >= max) {
		in->too_long = true;
		in->ended = true;
		return;
	}
	n = read(STDIN_FILENO, in->buf + in->used, max - in->used);
	if (n > 0)
		in->used += (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		in->ended = true;
}

const char *inj_input_line(struct inj_input *in, size_t *ret_size)
{
	char *end;

	in->used -= in->taken;
	memmove(in->buf, in->buf + in->taken, in->used);
	in->taken = 0;
	end = memchr(in->buf, '\n', in->used);
	if (!end)
		return NULL;
	in->taken = (size_t)(end - in->buf) + 1;
	*ret_size = in->taken - 1;
	return in->buf;
}
