/* A plan's sequential test, after each repetition. What judges it is what the reports judge it by.
 */
#include "scheduler/run/judge.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/auto.h"
#include "scheduler/run/machine.h"

struct run_judge {
	pthread_t thread;
	const char *dir; /* borrowed */
	int (*ask)(const char *dir, struct ord_early_state *ret, struct ord_err *err);
	struct ord_early_state state;
	struct ord_err err;
	int result;
	atomic_bool done; /* the four above are the thread's until then */
};

static void *judge(void *arg)
{
	struct run_judge *j = arg;

	j->result = j->ask(j->dir, &j->state, &j->err);
	atomic_store(&j->done, true);
	return NULL;
}

void run_judge_free(struct run_judge *j)
{
	if (!j)
		return;
	(void)pthread_join(j->thread, NULL);
	free(j);
}

static int start(struct run *r, struct ord_err *err)
{
	ord_autofree struct run_judge *j = calloc(1, sizeof *j);

	if (!j)
		return ord_fail_nomem(err);
	j->dir = r->home.path;
	j->ask = r->options->judge;
	errno = pthread_create(&j->thread, NULL, judge, j);
	if (errno)
		return ord_fail_sys(err, "start a thread");
	r->judge = ord_steal_ptr(j);
	return 0;
}

static void tell(struct run *r, const struct ord_early_state *s)
{
	run_timeline_line(r->tl, "sequential",
			  json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s*}", "rep",
				    (json_int_t)r->rep, "n", (json_int_t)s->n, "missed",
				    (json_int_t)s->missed, "left_out", (json_int_t)s->left_out,
				    "accept_micro", (json_int_t)s->accept_micro, "reject_micro",
				    (json_int_t)s->reject_micro, "decision", s->decision));
}

/* A test that cannot be made ends no run early. */
static enum run_judgement conclude(struct run *r)
{
	const struct run_judge *j = r->judge;

	if (j->result < 0) {
		run_note(r, "the sequential test could not be made: %s", j->err.msg);
		return RUN_JUDGE_GO_ON;
	}
	tell(r, &j->state);
	return j->state.decision ? RUN_JUDGE_ENOUGH : RUN_JUDGE_GO_ON;
}

enum run_judgement run_judge(struct run *r)
{
	enum run_judgement result;
	struct ord_err err;

	if (!r->spec->sequential.set || !r->options->judge || r->placebo)
		return RUN_JUDGE_GO_ON;
	if (r->judge && !atomic_load(&r->judge->done))
		return RUN_JUDGE_WAIT;
	if (!r->judge) {
		if (!run_timeline_written(r->tl))
			return RUN_JUDGE_WAIT;
		if (!start(r, &err))
			return RUN_JUDGE_WAIT;
		run_note(r, "the sequential test could not be made: %s", err.msg);
		return RUN_JUDGE_GO_ON;
	}
	result = conclude(r);
	run_judge_free(r->judge);
	r->judge = NULL;
	return result;
}
