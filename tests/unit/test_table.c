/* Every entry of the catalogue has an injector, and each injector keeps the rules that the lease
 * relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "injector/lease/injector.h"
#include "injector/lease/sandbox.h"
#include "injector/lease/serve.h"

static const struct inj_program *const programs[] = {&inj_host_program, &inj_kube_program};

static void complete(const struct inj_program *p)
{
	size_t here = p->which == ORD_PROGRAM_KUBE; /* noop */

	assert_non_null(inj_find(p, "noop"));
	for (size_t i = 0; i < ord_n_faults; i++) {
		if (ord_faults[i].program != p->which)
			continue;
		here++;
		if (!inj_find(p, ord_faults[i].name))
			fail_msg("%s has no injector: its folder has no file of its symbol's name",
				 ord_faults[i].name);
	}
	assert_int_equal(p->n_injectors, here);
}

static void test_complete(void **state)
{
	(void)state;
	for (size_t p = 0; p < sizeof programs / sizeof *programs; p++)
		complete(programs[p]);
}

static void rules(const struct inj_program *p)
{
	for (size_t i = 0; i < p->n_injectors; i++) {
		const struct ord_injector *inj = p->injectors[i];
		const struct ord_fault *fault = ord_fault_find(inj->name);
		uint64_t caps;
		struct ord_err err;

		assert_non_null(fault);
		assert_non_null(inj->check);
		assert_non_null(inj->inject);
		assert_int_equal(inj_caps_parse(inj_fault_caps(fault), &caps, &err), 0);
		/* What is replayed from a record is validated first. */
		if (inj->revert)
			assert_non_null(inj->validate);
		/* Who must take it back can. What cannot be taken back claims nothing: through the
		 * API its revert may give the targets free, no more. */
		if (fault->guarantee == ORD_GUARANTEE_GUARDIAN ||
		    fault->guarantee == ORD_GUARANTEE_JOURNAL)
			assert_non_null(inj->revert);
		if (fault->guarantee == ORD_GUARANTEE_NONE)
			assert_true(!inj->residue &&
				    (!inj->revert || fault->program == ORD_PROGRAM_KUBE));
		else
			assert_non_null(inj->residue);
		if (inj->wake)
			assert_non_null(inj->wait);
	}
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t p = 0; p < sizeof programs / sizeof *programs; p++)
		rules(programs[p]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
