/*
 * The static injector put on the far machine, by the same way: the command without its last word
 * starts programs there. They are plain ones with plain words (sha256sum, mkdir, dd, chmod, mv),
 * for ssh hands its words to a shell there and sudo does not: what needs no quoting means the same
 * to both.
 */
#include "scheduler/far/module/far.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "scheduler/holder/holder.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

#define STEP_NS	   (60 * ORD_S)
#define STATIC_MAX (16u << 20)
#define SAID_MAX   512

struct copying {
	const struct ord_via *via;
	const atomic_bool *stop;
	char *path; /* the last word; the command's */
	char *image;
	size_t size;
	char sum[ORD_SHA256_HEX], temporary[1024], folder[1024];
};

/* Gives it its input, takes its output, until both are at their end: dd closes its output first. */
static int converse(struct ord_holder *h, const char *in, size_t size, char out[SAID_MAX],
		    const atomic_bool *stop, struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + STEP_NS;
	size_t used = 0;
	ssize_t n = 1;

	while (n != 0 || size) {
		struct pollfd p[] = {{.fd = n ? h->out : -1, .events = POLLIN},
				     {.fd = size ? h->in : -1, .events = POLLOUT}};

		if (far_stopped(stop, err))
			return -1;
		if (ord_now_ns() > limit)
			return ord_fail(err, ORD_SYS, "'%.100s' took more than 60 s", h->path);
		if (!size)
			ord_close(&h->in);
		(void)poll(p, 2, 100);
		if (p[1].revents) {
			ssize_t w = holder_write(h->in, in, size);

			if (w < 0 && errno != EAGAIN)
				size = 0; /* its words say why */
			in += w > 0 ? w : 0;
			size -= w > 0 ? (size_t)w : 0;
		}
		if (p[0].revents)
			n = read(h->out, out + used, SAID_MAX - 1 - used);
		used += p[0].revents && n > 0 ? (size_t)n : 0;
		if (used == SAID_MAX - 1 || (n < 0 && errno != EAGAIN))
			break;
	}
	ord_close(&h->in);
	out[used] = '\0';
	return 0;
}

/* Runs a program there. Returns its exit status, or -1. */
static int far_run(const struct copying *c, char *const *program, const char *in, size_t size,
		   char out[SAID_MAX], struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = NULL;
	struct ord_via via = {.words = {NULL}};
	size_t n = 0, first = 0;
	char words[160];

	while (c->via->words[n + 1]) {
		via.words[n] = c->via->words[n];
		n++;
	}
	for (first = n; *program && n < ORD_VIA_WORDS; program++)
		via.words[n++] = *program;
	if (ord_far_spawn(&via, &h, err) < 0 || converse(h, in, size, out, c->stop, err) < 0)
		return -1;
	holder_reap(h, STEP_NS);
	if (h->reaped && WIFEXITED(h->status) && WEXITSTATUS(h->status) == 0)
		return 0;
	holder_words(h, 2, sizeof words, words);
	(void)ord_fail(err, ORD_SKIP, "%s of the injector's copy failed: %.160s", via.words[first],
		       *words ? words : "no reason given");
	return h->reaped && WIFEXITED(h->status) ? WEXITSTATUS(h->status) : -1;
}

/* 1: the file there is ours; 0: it is another, or none; -1: the machine was not reached. */
static int is_ours(const struct copying *c, char *path, struct ord_err *err)
{
	char *const program[] = {(char[]){"sha256sum"}, path, NULL};
	char said[SAID_MAX];
	int r = far_run(c, program, NULL, 0, said, err);

	/* 255 is ssh's own; 126 and 127 a shell's: there is no sha256sum, no sudo. */
	if (r < 0 || r >= 126)
		return -1;
	return r == 0 && !strncmp(said, c->sum, ORD_SHA256_HEX - 1);
}

static int put(struct copying *c, struct ord_err *err)
{
	char of[1100];
	char *const folder[] = {(char[]){"mkdir"}, (char[]){"-p"}, c->folder, NULL},
		    *const image[] = {(char[]){"dd"}, of, (char[]){"bs=64k"}, NULL},
		    *const mode[] = {(char[]){"chmod"}, (char[]){"755"}, c->temporary, NULL},
		    *const rename[] = {(char[]){"mv"}, (char[]){"-f"}, c->temporary, c->path, NULL};
	char *const gone[] = {(char[]){"rm"}, (char[]){"-f"}, c->temporary, NULL};
	char said[SAID_MAX];
	int same;

	(void)snprintf(of, sizeof of, "of=%s", c->temporary);
	if (far_run(c, folder, NULL, 0, said, err) ||
	    far_run(c, image, c->image, c->size, said, err))
		return -1;
	same = is_ours(c, c->temporary, err);
	if (same < 0 || (!same && far_run(c, gone, NULL, 0, said, err)))
		return -1;
	if (!same)
		return ord_fail(err, ORD_SYS, "the injector's copy has another checksum than %.16s",
				c->sum);
	return far_run(c, mode, NULL, 0, said, err) || far_run(c, rename, NULL, 0, said, err) ? -1
											      : 0;
}

int far_copy(const struct ord_via *via, const atomic_bool *stop, struct ord_err *err)
{
	struct copying c = {.via = via, .stop = stop, .path = NULL};
	char path[ORD_PATH_MAX];
	int r;

	for (size_t i = 0; via->words[i]; i++)
		c.path = via->words[i];
	if (!c.path || ord_via_check(via, err) < 0 || holder_find_static(path, err) < 0 ||
	    ord_file_read(path, STATIC_MAX, &c.image, &c.size, err) < 0)
		return -1;
	(void)ord_sha256(c.image, c.size, c.sum);
	(void)snprintf(c.temporary, sizeof c.temporary, "%s.%.16s.%d", c.path, c.sum,
		       (int)getpid());
	(void)snprintf(c.folder, sizeof c.folder, "%.*s", (int)(strrchr(c.path, '/') - c.path),
		       c.path);
	if (!c.folder[0])
		(void)snprintf(c.folder, sizeof c.folder, "/");
	r = is_ours(&c, c.path, err);
	r = r == 0 ? put(&c, err) : r < 0 ? -1 : 0;
	free(c.image);
	return r < 0 ? ord_wrap(err, "copy the injector to %.100s", c.path) : 0;
}
