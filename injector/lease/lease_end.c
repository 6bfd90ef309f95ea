/* How a lease ends in order: the effect is taken back, for as long as that takes, and what is left
 * of it is told. */
#include <poll.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/lease/event.h"
#include "injector/lease/lease_private.h"

#define RESIDUE_NS ORD_S /* a TAP takes 60 ms to go, memory 65 ms a GB */

static const char *const cause_names[] = {
	[CAUSE_REMOVED] = "removed",
	[CAUSE_DEADLINE] = "deadline",
	[CAUSE_INPUT_CLOSED] = "input-closed",
	[CAUSE_SIGNAL] = "signal",
	[CAUSE_HALTED] = "halted",
	[CAUSE_TARGET_GONE] = "target-gone",
	[CAUSE_TAKEN_BACK] = "taken-back",
	[CAUSE_FAILED] = "failed",
};

/* Set while there is a guardian to tell; the faults know no more of it than inj_beat. */
static const struct inj_guardian *beating;
/* What a beat says: in the orderly end that its time starts anew, since a revert through an API
 * that is away may take long. */
static enum inj_word beat_word = INJ_WORD_BEAT;

void inj_beat(void)
{
	if (beating)
		inj_guardian_tell(beating, beat_word, 0);
}

void inj_lease_beat(const struct inj_guardian *guardian)
{
	beating = guardian;
}

/* What is left after a second of waiting; -1: not applicable; owned list in *ret_left. */
static int residue(struct hold *h, json_t **ret_left, struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + RESIDUE_NS;
	json_t *left = json_array();

	*ret_left = left;
	if (!left)
		return ord_fail_nomem(err);
	while (h->inj->residue) {
		if (h->inj->residue(h->undo, left, err) < 0)
			return -1;
		if (json_array_size(left) == 0 || ord_now_ns() > limit)
			break;
		(void)json_array_clear(left);
		inj_beat();
		(void)poll(NULL, 0, inj_program()->journal ? 100 : 5);
	}
	return 0;
}

/* Whoever started us is gone: an event would reach nobody. */
static bool nobody_reads(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* 0: all is as it was, the record is gone. Else the record stays, for the guardian to try and for
 * `rescue`. */
static int undo(struct hold *h, json_t **ret_left, struct ord_err *err)
{
	int r = h->inj->revert ? h->inj->revert(h->undo, err) : 0;
	struct ord_err why;

	/* Who does not answer to the one question does not answer to the next. */
	if (r < 0 && inj_program()->journal)
		return -1;
	if (residue(h, ret_left, r < 0 ? &why : err) < 0 || r < 0)
		return -1;
	if (json_array_size(*ret_left) > 0)
		return 0;
	return inj_undo_end(&h->record, nobody_reads() ? h->kept : NULL, err);
}

/* With the cause, and who it was where somebody else took the effect back. */
static void reverting_tell(const struct hold *h, const char *event, uint64_t at_ns, json_t *more)
{
	json_t *all = json_pack("{s:s}", "cause", cause_names[h->cause]);

	if (all && h->cause == CAUSE_TAKEN_BACK)
		(void)json_object_set_new(all, "by", json_string(h->step.by));
	if (all && more)
		(void)json_object_update(all, more);
	json_decref(more);
	inj_event(event, h->req->lease, at_ns, all);
}

/* Whether the same may succeed later: the API server is away. One that refuses is asked for a
 * little while. */
static bool worth_waiting(const struct hold *h, const struct ord_err *err)
{
	uint64_t so_far = ord_now_ns() - h->reverting_ns;

	return inj_program()->journal && h->inj->revert &&
	       so_far < (err->code == ORD_SYS ? INJ_HOLD_MAX_NS : 3 * ORD_S);
}

/* As long as it takes where an API server is away; says so once a second, to who waits for us. */
static int undo_patiently(struct hold *h, json_t **ret_left, struct ord_err *err)
{
	uint64_t told = 0;
	int pause = 50;

	while (undo(h, ret_left, err) < 0) {
		uint64_t now = ord_now_ns();

		if (!worth_waiting(h, err))
			return -1;
		if (now > told + ORD_S) {
			struct ord_err why;

			(void)inj_undo_state(&h->record, INJ_WAITING, &why);
			inj_event("waiting", h->req->lease, now,
				  json_pack("{s:s s:I}", "message", err->msg, "for_ns",
					    (json_int_t)(now - h->reverting_ns)));
			told = now;
		}
		json_decref(*ret_left);
		*ret_left = NULL;
		inj_beat();
		(void)poll(NULL, 0, pause);
		pause = pause < 1000 ? pause * 2 : 1000;
	}
	return 0;
}

int inj_lease_end(struct hold *h)
{
	uint64_t began = ord_now_ns();
	json_t *figures = json_object(), *left = NULL;
	struct ord_err err = {0};
	bool clean;
	int r;

	h->reverting_ns = began;
	beat_word = INJ_WORD_REVERT;
	inj_guardian_tell(&h->guardian, INJ_WORD_REVERT, 0);
	if (figures && h->inj->figures)
		h->inj->figures(&h->step, figures);
	reverting_tell(h, "reverting", began, json_object());
	r = h->inj->end ? h->inj->end(&h->step, &err) : 0;
	if (undo_patiently(h, &left, &err) < 0)
		r = -1;
	if (r < 0)
		inj_event_failed("revert", h->req->lease, &err);
	clean = r == 0 && json_array_size(left) == 0;
	began = ord_now_ns();
	if (figures && inj_program()->journal && h->inj->revert)
		(void)json_object_set_new(figures, "overdue_ns",
					  json_integer((json_int_t)(began - h->reverting_ns)));
	if (clean) {
		inj_lease_beat(NULL);
		inj_guardian_tell(&h->guardian, INJ_WORD_ENDED, 0);
		inj_guardian_end(&h->guardian);
	}
	reverting_tell(h, "reverted", began,
		       json_pack("{s:i s:o s:O* s:o}", "residue",
				 h->inj->residue ? (int)json_array_size(left) : -1, "left",
				 left ? left : json_array(), "kept", h->kept, "figures", figures));
	return clean && h->cause != CAUSE_FAILED ? INJ_EXIT_OK : INJ_EXIT_FAILED;
}
