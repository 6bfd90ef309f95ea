/* Does nothing: the placebo of a run, and the test double of the whole harness. */
#include "injector/lease/injector.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	(void)step;
	if (json_object_set_new(undo, "nothing", json_true()) < 0 ||
	    json_object_set_new(report, "engine", json_string("")) < 0 ||
	    json_object_set_new(report, "objects", json_array()) < 0 ||
	    json_object_set_new(report, "notes", json_array()) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	(void)step;
	(void)err;
	return 0;
}

static int residue(const json_t *undo, json_t *left, struct ord_err *err)
{
	(void)undo;
	(void)left;
	(void)err;
	return 0;
}

const struct ord_injector inj_noop = {
	.name = "noop", .check = check, .inject = inject, .residue = residue};
