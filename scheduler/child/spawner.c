/*
 * Who starts a process is stopped until it has become the program, which takes as long as others
 * have the CPU. A loop that others wait for has it done by a thread.
 */
#include "scheduler/child/spawner.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"

struct list {
	struct spawn_job *first, **end;
};

struct ord_spawner {
	int wake;
	sd_event_source *woken;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t wanted, done;
	/* Below: shared with the thread. */
	bool stop;
	struct list urgent, todo, over;
};

static void list_init(struct list *l)
{
	*l = (struct list){.end = &l->first};
}

static void list_add(struct list *l, struct spawn_job *job)
{
	job->next = NULL;
	*l->end = job;
	l->end = &job->next;
}

static void list_remove(struct list *l, const struct spawn_job *job)
{
	struct spawn_job **at = &l->first;

	while (*at && *at != job)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = job->next;
	if (!*at)
		l->end = at;
}

static struct spawn_job *list_take(struct list *l)
{
	struct spawn_job *job = l->first;

	if (job)
		list_remove(l, job);
	return job;
}

static void close_files(struct spawn_job *job)
{
	for (size_t i = 0; i < job->n_files; i++)
		ord_close(&job->files[i]);
}

/* ---- the thread */

static void spawn(struct spawn_job *job)
{
	job->result = spawn_program(job->program, (const char *const *)job->argv, job->files,
				    job->n_files, &job->pid, &job->pidfd, &job->err);
	close_files(job);
}

static void *spawn_thread(void *arg)
{
	struct ord_spawner *sp = arg;
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&sp->lock);
	while (!sp->stop) {
		struct spawn_job *job = list_take(sp->urgent.first ? &sp->urgent : &sp->todo);

		if (!job) {
			(void)pthread_cond_wait(&sp->wanted, &sp->lock);
			continue;
		}
		job->state = SPAWN_IN_PROGRESS;
		(void)pthread_mutex_unlock(&sp->lock);
		spawn(job);
		(void)pthread_mutex_lock(&sp->lock);
		job->state = SPAWN_OVER;
		list_add(&sp->over, job);
		(void)pthread_cond_broadcast(&sp->done);
		(void)!write(sp->wake, &one, sizeof one);
	}
	(void)pthread_mutex_unlock(&sp->lock);
	return NULL;
}

/* ---- the loop */

static struct spawn_job *next_over(struct ord_spawner *sp)
{
	struct spawn_job *job;

	(void)pthread_mutex_lock(&sp->lock);
	job = list_take(&sp->over);
	(void)pthread_mutex_unlock(&sp->lock);
	return job;
}

static int on_woken(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct spawn_job *job;
	uint64_t n;

	(void)source;
	(void)events;
	(void)!read(fd, &n, sizeof n);
	while ((job = next_over(arg)))
		job->over(job->arg);
	return 0;
}

/* Signals are the loop's. */
static int begin_thread(struct ord_spawner *sp)
{
	sigset_t all, before;
	int e;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	e = pthread_create(&sp->thread, NULL, spawn_thread, sp);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	sp->running = !e;
	return -e;
}

int ord_spawner_new(sd_event *loop, struct ord_spawner **ret, struct ord_err *err)
{
	struct ord_spawner *sp = calloc(1, sizeof *sp);
	int e;

	if (!sp)
		return ord_fail_nomem(err);
	(void)pthread_mutex_init(&sp->lock, NULL);
	(void)pthread_cond_init(&sp->wanted, NULL);
	(void)pthread_cond_init(&sp->done, NULL);
	list_init(&sp->urgent);
	list_init(&sp->todo);
	list_init(&sp->over);
	sp->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e = sp->wake < 0 ? -errno
			 : sd_event_add_io(loop, &sp->woken, sp->wake, EPOLLIN, on_woken, sp);
	if (e >= 0)
		e = begin_thread(sp);
	if (e < 0) {
		ord_spawner_free(sp);
		errno = -e;
		return ord_fail_sys(err, "a thread that starts processes");
	}
	*ret = sp;
	return 0;
}

void ord_spawner_free(struct ord_spawner *sp)
{
	if (!sp)
		return;
	(void)pthread_mutex_lock(&sp->lock);
	sp->stop = true;
	(void)pthread_cond_signal(&sp->wanted);
	(void)pthread_mutex_unlock(&sp->lock);
	if (sp->running)
		(void)pthread_join(sp->thread, NULL);
	sp->woken = sd_event_source_disable_unref(sp->woken);
	ord_close(&sp->wake);
	(void)pthread_cond_destroy(&sp->done);
	(void)pthread_cond_destroy(&sp->wanted);
	(void)pthread_mutex_destroy(&sp->lock);
	free(sp);
}

void spawner_add(struct ord_spawner *sp, struct spawn_job *job)
{
	(void)pthread_mutex_lock(&sp->lock);
	list_add(&sp->todo, job);
	(void)pthread_cond_signal(&sp->wanted);
	(void)pthread_mutex_unlock(&sp->lock);
}

static struct list *list_of(struct ord_spawner *sp, const struct spawn_job *job)
{
	if (job->state == SPAWN_OVER)
		return &sp->over;
	return job->urgent ? &sp->urgent : &sp->todo;
}

void spawner_hurry(struct ord_spawner *sp, struct spawn_job *job)
{
	(void)pthread_mutex_lock(&sp->lock);
	if (job->state == SPAWN_QUEUED && !job->urgent) {
		list_remove(&sp->todo, job);
		list_add(&sp->urgent, job);
		job->urgent = true;
	}
	(void)pthread_mutex_unlock(&sp->lock);
}

void spawner_cancel(struct ord_spawner *sp, struct spawn_job *job)
{
	(void)pthread_mutex_lock(&sp->lock);
	while (job->state == SPAWN_IN_PROGRESS)
		(void)pthread_cond_wait(&sp->done, &sp->lock);
	list_remove(list_of(sp, job), job);
	(void)pthread_mutex_unlock(&sp->lock);
}

/* ---- jobs */

/* In one block. */
static char **copy_argv(const char *const argv[])
{
	size_t n = 0, size = 0;
	char **copy, *text;

	for (; argv[n]; n++)
		size += strlen(argv[n]) + 1;
	copy = malloc((n + 1) * sizeof *copy + size);
	if (!copy)
		return NULL;
	text = (char *)(copy + n + 1);
	for (size_t i = 0; i < n; i++) {
		size = strlen(argv[i]) + 1;
		copy[i] = memcpy(text, argv[i], size);
		text += size;
	}
	copy[n] = NULL;
	return copy;
}

int spawn_job_make(const char *program, const char *const argv[], const int files[], size_t n_files,
		   struct spawn_job **ret, struct ord_err *err)
{
	struct spawn_job *job = calloc(1, sizeof *job);

	if (!job)
		return ord_fail_nomem(err);
	*job = (struct spawn_job){
		.program = program, .argv = copy_argv(argv), .n_files = n_files, .pidfd = -1};
	if (!job->argv) {
		free(job);
		return ord_fail_nomem(err);
	}
	memcpy(job->files, files, n_files * sizeof *files);
	*ret = job;
	return 0;
}

void spawn_job_free(struct spawn_job *job)
{
	if (!job)
		return;
	close_files(job);
	free(job->argv);
	free(job);
}
