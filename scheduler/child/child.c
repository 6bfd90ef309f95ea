#include "ordeal/child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/child/look.h"
#include "scheduler/child/spawn.h"

#define SELF	   "/proc/self/exe"
#define LINE_MAX_  (16u << 20) /* the first line holds the plan */
#define STDERR_MAX 8192
#define ARGS_MAX   64
#define READ_SIZE  65536u
#define READS_MAX  16 /* in one turn of the loop: others run, too */

struct ord_child {
	struct ord_child_calls calls;
	void *arg;
	pid_t pid;
	int pidfd, out, log;
	sd_event_source *exited, *readable, *said;
	char *line; /* owned: what has come of the next one */
	size_t used, room;
	bool skipping; /* a line that is too long, until its end */
	char stderr_text[STDERR_MAX];
	size_t n_stderr;
	char name[256];	 /* of the file, for messages */
	char home[3800]; /* where its folder is made */
	struct ord_child_look look;
	struct look_end end;
	bool ended;
};

ORD_AUTO(child, struct ord_child, ord_child_free);

pid_t ord_child_pid(const struct ord_child *c)
{
	return c->pid;
}

const char *ord_child_run(const struct ord_child *c)
{
	return c->look.run;
}

const char *ord_child_dir(const struct ord_child *c)
{
	return c->end.dir;
}

void ord_child_look(struct ord_child *c, struct ord_child_look *ret)
{
	*ret = c->look;
	look_taken(&c->look);
}

static void take_line(struct ord_child *c, const char *line, size_t size)
{
	look_line(&c->look, &c->end, line, size);
	if (!c->end.dir[0] && c->look.run[0])
		(void)snprintf(c->end.dir, sizeof c->end.dir, "%s/%s", c->home, c->look.run);
	if (c->calls.on_line)
		c->calls.on_line(c->arg, c, line, size);
}

static int keep(struct ord_child *c, const char *data, size_t size)
{
	if (c->used + size > c->room) {
		size_t room = 2 * (c->used + size);
		char *more = room > LINE_MAX_ ? NULL : realloc(c->line, room);

		if (!more)
			return -1;
		c->line = more;
		c->room = room;
	}
	memcpy(c->line + c->used, data, size);
	c->used += size;
	return 0;
}

/* A line that is too long is not looked at: the timeline on the disk has it. */
static void take_data(struct ord_child *c, const char *data, size_t size)
{
	const char *end;

	while ((end = memchr(data, '\n', size))) {
		size_t n = (size_t)(end - data);

		if (!c->skipping && !c->used)
			take_line(c, data, n);
		else if (!c->skipping && keep(c, data, n) == 0)
			take_line(c, c->line, c->used);
		c->skipping = false;
		c->used = 0;
		data += n + 1;
		size -= n + 1;
	}
	c->skipping = c->skipping || (size && keep(c, data, size) < 0);
}

/* What there is to read now; false at its end. */
static bool read_out(struct ord_child *c, int reads_max)
{
	static char part[READ_SIZE];

	for (int i = 0; i < reads_max; i++) {
		ssize_t n = read(c->out, part, sizeof part);

		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		take_data(c, part, (size_t)n);
	}
	return true;
}

/* The first of it is kept, the rest taken, so that nobody waits for us. */
static bool read_log(struct ord_child *c)
{
	char rest[4096];

	for (;;) {
		size_t room = sizeof c->stderr_text - 1 - c->n_stderr;
		ssize_t n = room ? read(c->log, c->stderr_text + c->n_stderr, room)
				 : read(c->log, rest, sizeof rest);

		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		c->n_stderr += room ? (size_t)n : 0;
	}
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)fd;
	(void)events;
	return read_out(arg, READS_MAX) ? 0 : sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int on_said(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)fd;
	(void)events;
	return read_log(arg) ? 0 : sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

/* It was given its text as standard input: what it calls "-" has a name here. */
static void name_file(struct ord_child *c)
{
	static const char from[] = "ordeal: -:";
	char named[sizeof c->stderr_text + sizeof c->name];
	size_t skip = sizeof from - 2;
	int n;

	c->stderr_text[c->n_stderr] = '\0';
	while (c->n_stderr && c->stderr_text[c->n_stderr - 1] == '\n')
		c->stderr_text[--c->n_stderr] = '\0';
	if (!c->name[0] || strncmp(c->stderr_text, from, sizeof from - 1) != 0)
		return;
	n = snprintf(named, sizeof named, "ordeal: %s%s", c->name, c->stderr_text + skip);
	c->n_stderr = (size_t)n < sizeof c->stderr_text ? (size_t)n : sizeof c->stderr_text - 1;
	memcpy(c->stderr_text, named, c->n_stderr);
	c->stderr_text[c->n_stderr] = '\0';
}

static void release(struct ord_child *c)
{
	c->exited = sd_event_source_disable_unref(c->exited);
	c->readable = sd_event_source_disable_unref(c->readable);
	c->said = sd_event_source_disable_unref(c->said);
	ord_close(&c->pidfd);
	ord_close(&c->out);
	ord_close(&c->log);
}

static int on_exited(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct ord_child *c = arg;
	int status = 0;

	(void)source;
	(void)fd;
	(void)events;
	if (waitpid(c->pid, &status, WNOHANG) == 0)
		return 0;
	c->ended = true;
	/* All that it wrote; somebody it left behind may hold the other end. */
	(void)read_out(c, INT32_MAX);
	(void)read_log(c);
	name_file(c);
	release(c);
	c->calls.on_end(c->arg, c, WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status),
			c->end.dir, c->end.verdict, c->stderr_text);
	return 0;
}

static int make_pipe(int *ret_read, int *ret_write, struct ord_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	if (fcntl(*ret_read, F_SETFL, O_NONBLOCK) < 0)
		return ord_fail_sys(err, "F_SETFL");
	return 0;
}

static int make_input(const struct ord_child_options *o, int *ret, struct ord_err *err)
{
	ord_autoclose int fd = memfd_create("ordeal-experiment", MFD_CLOEXEC);

	if (fd < 0)
		return ord_fail_sys(err, "memfd_create");
	if (ord_write_all(fd, o->text, o->size, err) < 0)
		return ord_wrap(err, "memfd");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ord_fail_sys(err, "memfd");
	*ret = ord_steal_fd(&fd);
	return 0;
}

static int make_argv(const struct ord_child_options *o, char seed[static 24],
		     const char *argv[static ARGS_MAX], struct ord_err *err)
{
	const struct {
		const char *name, *value;
	} valued[] = {
		{"--output", o->output},
		{"--dispatch", o->dispatch},
		{"--seed", o->has_seed ? seed : NULL},
	};
	size_t n = 0;

	(void)snprintf(seed, 24, "%" PRIu64, o->seed);
	argv[n++] = "ordeal";
	argv[n++] = "run";
	argv[n++] = "--json";
	for (size_t i = 0; i < ORD_COUNT(valued); i++) {
		if (!valued[i].value)
			continue;
		argv[n++] = valued[i].name;
		argv[n++] = valued[i].value;
	}
	for (const char *const *extra = o->extra; extra && *extra; extra++) {
		if (n + 2 >= ARGS_MAX)
			return ord_fail(err, ORD_USAGE, "too many arguments for one run");
		argv[n++] = *extra;
	}
	argv[n++] = "-";
	argv[n] = NULL;
	return 0;
}

static int find_home(struct ord_child *c, const char *output, struct ord_err *err)
{
	char state[3700];

	if (output) {
		(void)snprintf(c->home, sizeof c->home, "%s", output);
		return 0;
	}
	if (ord_state_dir(state, sizeof state, err) < 0)
		return -1;
	(void)snprintf(c->home, sizeof c->home, "%s/runs", state);
	return 0;
}

static int listen_to(sd_event *loop, struct ord_child *c, struct ord_err *err)
{
	int e = sd_event_add_io(loop, &c->readable, c->out, EPOLLIN, on_readable, c);

	if (e >= 0)
		e = sd_event_add_io(loop, &c->said, c->log, EPOLLIN, on_said, c);
	if (e >= 0)
		e = sd_event_add_io(loop, &c->exited, c->pidfd, EPOLLIN, on_exited, c);
	/* Who has ended is heard before all else, and read to the end then: each that is left would
	 * be looked at again whenever something happens. */
	if (e >= 0)
		e = sd_event_source_set_priority(c->exited, SD_EVENT_PRIORITY_NORMAL - 1);
	if (e >= 0)
		e = sd_event_source_set_priority(c->readable, SD_EVENT_PRIORITY_NORMAL + 1);
	if (e >= 0)
		e = sd_event_source_set_priority(c->said, SD_EVENT_PRIORITY_NORMAL + 1);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

static int start(struct ord_child *c, const struct ord_child_options *o, struct ord_err *err)
{
	ord_autoclose int in = -1, out = -1, log = -1;
	const char *argv[ARGS_MAX];
	char seed[24];
	int pidfd = -1;

	if (find_home(c, o->output, err) < 0 || make_argv(o, seed, argv, err) < 0 ||
	    make_input(o, &in, err) < 0 || make_pipe(&c->out, &out, err) < 0 ||
	    make_pipe(&c->log, &log, err) < 0)
		return -1;
	if (spawn_program(o->program ? o->program : SELF, argv, (const int[]){in, out, log},
			  &c->pid, &pidfd, err) < 0)
		return -1;
	c->pidfd = pidfd;
	c->ended = false;
	return 0;
}

int ord_child_start(sd_event *loop, const struct ord_child_options *options,
		    const struct ord_child_calls *calls, void *arg, struct ord_child **ret,
		    struct ord_err *err)
{
	ord_auto(child) struct ord_child *c = calloc(1, sizeof *c);

	if (!c)
		return ord_fail_nomem(err);
	c->calls = *calls;
	c->arg = arg;
	c->pidfd = c->out = c->log = -1;
	c->ended = true;
	(void)snprintf(c->name, sizeof c->name, "%s", options->name ? options->name : "");
	look_init(&c->look);
	if (start(c, options, err) < 0 || listen_to(loop, c, err) < 0)
		return -1;
	*ret = ord_steal_ptr(c);
	return 0;
}

static void signal_it(const struct ord_child *c, int sig)
{
	if (!c->ended)
		(void)syscall(SYS_pidfd_send_signal, c->pidfd, sig, NULL, 0);
}

void ord_child_abort(struct ord_child *c)
{
	signal_it(c, SIGINT);
}

void ord_child_kill(struct ord_child *c)
{
	signal_it(c, SIGKILL);
}

void ord_child_free(struct ord_child *c)
{
	if (!c)
		return;
	signal_it(c, SIGKILL);
	if (!c->ended)
		(void)waitpid(c->pid, NULL, 0);
	release(c);
	free(c->line);
	free(c);
}
