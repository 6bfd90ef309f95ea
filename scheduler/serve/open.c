/* The daemon is opened, told to stop, and closed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/serve/serve.h"
#include "scheduler/serve/tenure.h"

static int find_dir(struct ord_serve *s, struct ord_err *err)
{
	struct stat st;

	if (stat(s->options.dir, &st) < 0)
		return ord_fail(err, ORD_USAGE, "%s: %s", s->options.dir, strerrordesc_np(errno));
	if (!S_ISDIR(st.st_mode))
		return ord_fail(err, ORD_USAGE, "%s: it takes a folder of experiments",
				s->options.dir);
	/* As it was called: a link in it may be put in the place of another. */
	if ((size_t)snprintf(s->dir, sizeof s->dir, "%s", s->options.dir) >= sizeof s->dir)
		return ord_fail(err, ORD_USAGE, "%s: the path is too long", s->options.dir);
	return 0;
}

/* One daemon a state folder: two would each run what the other does. */
static int lock_state(struct ord_serve *s, struct ord_err *err)
{
	if (ord_mkdirs(s->state, 0700, err) < 0)
		return -1;
	s->state_fd = open(s->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->state_fd < 0)
		return ord_fail_sys(err, "%s", s->state);
	s->lock_fd = openat(s->state_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return ord_fail_sys(err, "%s/lock", s->state);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return ord_fail(err, ORD_USAGE,
				"another `ordeal serve` has the state folder '%.300s'; --state "
				"names one of its own",
				s->state);
	return ord_fail_sys(err, "%s/lock", s->state);
}

static int find_folders(struct ord_serve *s, struct ord_err *err)
{
	char home[SERVE_PATH_MAX - 16];

	if (ord_state_dir(home, sizeof home, err) < 0)
		return -1;
	if (s->options.state)
		(void)snprintf(s->state, sizeof s->state, "%s", s->options.state);
	else
		(void)snprintf(s->state, sizeof s->state, "%s/serve", home);
	if (s->options.runs)
		(void)snprintf(s->runs_dir, sizeof s->runs_dir, "%s", s->options.runs);
	else
		(void)snprintf(s->runs_dir, sizeof s->runs_dir, "%s/runs", home);
	past_open(s, home);
	return ord_mkdirs(s->runs_dir, 0755, err);
}

static void on_synced(void *arg, uint64_t mark)
{
	struct ord_serve *s = arg;

	s->synced = mark;
	due_turn(s);
}

static void on_failing(void *arg, const char *why)
{
	struct ord_serve *s = arg;

	if (why)
		serve_say(s, "the journal in %s cannot be written: %s; nothing begins until it can",
			  s->state, why);
	else
		serve_say(s, "the journal can be written again");
	s->freed = true;
	due_soon(s);
}

/* What was done before, and the folder as it is now. */
static int open_past(struct ord_serve *s, bool *ret_same_boot, struct ord_err *err)
{
	struct state_past past = {0};
	int r = state_open(s, &past, err);

	if (!r && (due_open(s, err) < 0 || watch_open(s, &s->watch, err) < 0))
		r = -1;
	if (!r)
		claims_settle(s, &past);
	*ret_same_boot = past.same_boot;
	state_past_done(&past);
	return r;
}

static int open_all(struct ord_serve *s, struct ord_err *err)
{
	const struct journal_calls calls = {.synced = on_synced, .failing = on_failing, .arg = s};
	bool same_boot;

	if (find_dir(s, err) < 0 || find_folders(s, err) < 0 || lock_state(s, err) < 0 ||
	    ord_agenda_new(&s->agenda, err) < 0 || ord_locks_new(&s->locks, err) < 0 ||
	    store_open(s, err) < 0 || open_past(s, &same_boot, err) < 0)
		return -1;
	if (state_ready(s, err) < 0 || journal_start(s->journal, s->loop, &calls, err) < 0)
		return -1;
	halt_again(s, same_boot);
	due_forget_future(s);
	s->freed = true;
	due_soon(s);
	return tenure_open(s, err);
}

int ord_serve_check(const struct ord_serve_options *options, size_t *ret_broken,
		    struct ord_err *err)
{
	struct ord_serve *s = calloc(1, sizeof *s);
	int r = -1;

	if (!s)
		return ord_fail_nomem(err);
	s->options = *options;
	s->state_fd = s->lock_fd = s->timer = -1;
	s->kept = json_object();
	s->gamedays = json_object();
	if (find_dir(s, err) == 0 && ord_agenda_new(&s->agenda, err) == 0 &&
	    store_open(s, err) == 0 && store_look(s, NULL, err) == 0) {
		*ret_broken = files_broken(s);
		r = 0;
	}
	ord_serve_close(s);
	return r;
}

int ord_serve_open(sd_event *loop, const struct ord_serve_options *options, struct ord_serve **ret,
		   struct ord_err *err)
{
	struct ord_serve *s = calloc(1, sizeof *s);

	if (!s)
		return ord_fail_nomem(err);
	s->options = *options;
	if (!s->options.max_runs)
		s->options.max_runs = ORD_SERVE_RUNS_DEFAULT;
	s->loop = sd_event_ref(loop);
	s->gamedays = json_object();
	s->state_fd = s->lock_fd = s->timer = -1;
	s->since_ns = (int64_t)ord_wall_ns();
	if (open_all(s, err) < 0) {
		ord_serve_close(s);
		return -1;
	}
	(void)malloc_trim(0); /* what the journal said of each is not needed any more */
	s->n_said = 0;	      /* however many lines the schedules themselves took */
	serve_say(s, "%zu schedules in %s%s", ord_agenda_count(s->agenda), s->dir,
		  s->halted ? "; all is halted" : "");
	*ret = s;
	return 0;
}

void ord_serve_stop(struct ord_serve *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->stopped_boot_ns = ord_boot_ns();
	if (s->n_running)
		serve_say(s, "ending: %zu runs are aborted and reverted", s->n_running);
	runs_abort_all(s);
	if (!s->n_running)
		(void)sd_event_exit(s->loop, 0);
}

void ord_serve_close(struct ord_serve *s)
{
	if (!s)
		return;
	tenure_close(s, !s->n_running);
	watch_close(s->watch);
	due_done(s);
	ord_locks_free(s->locks);
	s->locks = NULL;
	if (s->stopping && s->ready && !s->n_running)
		state_close(s);
	runs_done(s);
	journal_close(s->journal);
	store_done(s);
	ord_agenda_free(s->agenda);
	json_decref(s->kept);
	json_decref(s->history_due);
	ord_close(&s->lock_fd);
	ord_close(&s->state_fd);
	(void)sd_event_unref(s->loop);
	free(s);
}
