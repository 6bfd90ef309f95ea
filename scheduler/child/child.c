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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/proc.h"
#include "scheduler/child/look.h"
#include "scheduler/child/make.h"
#include "scheduler/child/spawn.h"
#include "scheduler/child/spawner.h"

#define SELF	   "/proc/self/exe"
#define LINE_MAX_  (16u << 20) /* the first line holds the plan */
#define STDERR_MAX 8192
#define READ_SIZE  65536u
#define READS_MAX  16 /* in one turn of the loop: others run, too */

struct ord_child {
	struct ord_child_calls calls;
	void *arg;
	struct ord_spawner *spawner;
	struct spawn_job *job; /* owned; until it is over */
	pid_t pid;
	uint64_t ticks;
	int pidfd, out, log;
	int gate; /* of one that waits: a byte lets it begin, the end of the file does not */
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
	int asked; /* the signal for one that has not been started yet; 0: none */
};

ORD_AUTO(child, struct ord_child, ord_child_free);

pid_t ord_child_pid(const struct ord_child *c)
{
	return c->pid;
}

uint64_t ord_child_ticks(const struct ord_child *c)
{
	return c->ticks;
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

static void release_output(struct ord_child *c)
{
	c->readable = sd_event_source_disable_unref(c->readable);
	c->said = sd_event_source_disable_unref(c->said);
	ord_close(&c->out);
	ord_close(&c->log);
	ord_close(&c->gate);
}

static void release(struct ord_child *c)
{
	release_output(c);
	c->exited = sd_event_source_disable_unref(c->exited);
	ord_close(&c->pidfd);
}

static int on_exited(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct ord_child *c = arg;
	int status = 0;

	(void)fd;
	(void)events;
	if (waitpid(c->pid, &status, WNOHANG) == 0)
		return 0;
	c->ended = true;
	/* Abandoned: the loop's reference is the only one, and its end frees the child. */
	if (!c->exited)
		return sd_event_source_set_floating(source, false);
	/* All that it wrote; somebody it left behind may hold the other end. */
	(void)read_out(c, INT32_MAX);
	(void)read_log(c);
	name_file(c);
	release(c);
	c->calls.on_end(c->arg, c, WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status),
			c->end.dir, c->end.verdict, c->stderr_text);
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

static void signal_it(struct ord_child *c, int sig)
{
	if (c->job)
		c->asked = sig;
	else if (!c->ended)
		(void)syscall(SYS_pidfd_send_signal, c->pidfd, sig, NULL, 0);
}

static int add_io(sd_event *loop, sd_event_source **ret, int fd, sd_event_io_handler_t handler,
		  int64_t priority, void *arg)
{
	int e = sd_event_add_io(loop, ret, fd, EPOLLIN, handler, arg);

	return e < 0 ? e : sd_event_source_set_priority(*ret, priority);
}

/* Who has ended is heard before what others say, and read to the end then: each that is left would
 * be looked at again whenever something happens. */
static int await_end(sd_event *loop, struct ord_child *c)
{
	return add_io(loop, &c->exited, c->pidfd, on_exited, SD_EVENT_PRIORITY_NORMAL - 1, c);
}

static int listen_to(sd_event *loop, struct ord_child *c, struct ord_err *err)
{
	int e = add_io(loop, &c->readable, c->out, on_readable, SD_EVENT_PRIORITY_NORMAL + 1, c);

	if (e >= 0)
		e = add_io(loop, &c->said, c->log, on_said, SD_EVENT_PRIORITY_NORMAL + 1, c);
	if (e >= 0 && !c->ended)
		e = await_end(loop, c);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

static uint64_t ticks_of(pid_t pid)
{
	ord_autoclose int dir = ord_proc_open(pid);
	struct ord_proc_stat st;

	return dir >= 0 && ord_proc_stat(dir, &st) == 0 ? st.start : 0;
}

static void started(struct ord_child *c, pid_t pid, int pidfd)
{
	c->pid = pid;
	c->pidfd = pidfd;
	c->ticks = ticks_of(pid);
	c->ended = false;
}

/* It has been started, or could not be. */
static void on_started(void *arg)
{
	struct ord_child *c = arg;
	struct spawn_job *job = c->job;
	const char *said = "event loop";

	c->job = NULL;
	if (job->result == 0) {
		started(c, job->pid, job->pidfd);
		if (await_end(sd_event_source_get_event(c->readable), c) >= 0) {
			spawn_job_free(job);
			if (c->asked)
				signal_it(c, c->asked);
			if (c->calls.on_start)
				c->calls.on_start(c->arg, c);
			return;
		}
	} else {
		said = job->err.msg;
	}
	c->calls.on_end(c->arg, c, 6, "", "", said);
	spawn_job_free(job);
}

static int start_later(struct ord_child *c, const char *program, const char *const argv[],
		       int files[static 4], struct ord_err *err)
{
	if (spawn_job_make(program, argv, files, 4, &c->job, err) < 0)
		return -1;
	for (int i = 0; i < 4; i++)
		files[i] = -1;
	c->job->over = on_started;
	c->job->arg = c;
	return 0;
}

static int start(struct ord_child *c, const struct ord_child_options *o, struct ord_err *err)
{
	const char *argv[ARGS_MAX], *program = o->program ? o->program : SELF;
	int files[4] = {-1, -1, -1, -1}, pidfd, r = -1;
	char seed[24];
	pid_t pid;

	if (find_home(c, o->output, err) < 0 || make_argv(o, seed, argv, err) < 0 ||
	    make_input(o, &files[0], err) < 0 || make_pipe(&c->out, &files[1], err) < 0 ||
	    make_pipe(&c->log, &files[2], err) < 0 ||
	    (o->spawner && make_gate(&c->gate, &files[3], err) < 0)) {
		r = -1;
	} else if (o->spawner) {
		r = start_later(c, program, argv, files, err);
	} else {
		r = spawn_program(program, argv, files, 3, &pid, &pidfd, err);
		if (r == 0)
			started(c, pid, pidfd);
	}
	for (int i = 0; i < 4; i++)
		ord_close(&files[i]);
	return r;
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
	c->spawner = options->spawner;
	c->pidfd = c->out = c->log = c->gate = -1;
	c->ended = true;
	(void)snprintf(c->name, sizeof c->name, "%s", options->name ? options->name : "");
	look_init(&c->look);
	if (start(c, options, err) < 0)
		return -1;
	if (listen_to(loop, c, err) < 0) {
		spawn_job_free(c->job);
		c->job = NULL;
		return -1;
	}
	if (c->job)
		spawner_add(c->spawner, c->job);
	*ret = ord_steal_ptr(c);
	return 0;
}

int ord_child_begin(struct ord_child *c)
{
	ssize_t n = c->gate < 0 ? -1 : send(c->gate, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);

	ord_close(&c->gate);
	if (c->job)
		spawner_hurry(c->spawner, c->job);
	return n == 1 ? 0 : -1;
}

void ord_child_abort(struct ord_child *c)
{
	signal_it(c, SIGINT);
}

void ord_child_kill(struct ord_child *c)
{
	signal_it(c, SIGKILL);
}

static void free_it(void *arg)
{
	ord_child_free(arg);
}

/* The loop takes it over, until it has ended or the loop does. */
void ord_child_abandon(struct ord_child *c)
{
	sd_event_source *exited = c->exited;

	signal_it(c, SIGKILL);
	if (c->job || c->ended || sd_event_source_set_floating(exited, true) < 0) {
		ord_child_free(c);
		return;
	}
	c->exited = NULL;
	release_output(c);
	(void)sd_event_source_set_destroy_callback(exited, free_it);
	(void)sd_event_source_unref(exited);
}

static void take_back(struct ord_child *c)
{
	spawner_cancel(c->spawner, c->job);
	if (c->job->state == SPAWN_OVER && c->job->result == 0)
		started(c, c->job->pid, c->job->pidfd);
	spawn_job_free(c->job);
	c->job = NULL;
}

void ord_child_free(struct ord_child *c)
{
	if (!c)
		return;
	if (c->job)
		take_back(c);
	signal_it(c, SIGKILL);
	if (!c->ended)
		(void)waitpid(c->pid, NULL, 0);
	release(c);
	free(c->line);
	free(c);
}
