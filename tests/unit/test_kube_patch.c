/* JSON patches: RFC 6902, appendix A, and then some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "injector/kube/fields.h"
#include "injector/kube/pointer.h"
#include "tests/support/json_text.h"

static const struct {
	const char *document, *patch, *result; /* NULL: refused */
} patches[] = {
	{"{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux'}]",
	 "{'baz':'qux','foo':'bar'}"},
	{"{'foo':['bar','baz']}", "[{'op':'add','path':'/foo/1','value':'qux'}]",
	 "{'foo':['bar','qux','baz']}"},
	{"{'baz':'qux','foo':'bar'}", "[{'op':'remove','path':'/baz'}]", "{'foo':'bar'}"},
	{"{'foo':['bar','qux','baz']}", "[{'op':'remove','path':'/foo/1'}]",
	 "{'foo':['bar','baz']}"},
	{"{'baz':'qux'}", "[{'op':'replace','path':'/baz','value':'boo'}]", "{'baz':'boo'}"},
	{"{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}}",
	 "[{'op':'move','from':'/foo/waldo','path':'/qux/thud'}]",
	 "{'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}"},
	{"{'foo':['all','grass','cows','eat']}", "[{'op':'move','from':'/foo/1','path':'/foo/3'}]",
	 "{'foo':['all','cows','eat','grass']}"},
	{"{'baz':'qux','foo':['a',2,'c']}",
	 "[{'op':'test','path':'/baz','value':'qux'},{'op':'test','path':'/foo/1','value':2}]",
	 "{'baz':'qux','foo':['a',2,'c']}"},
	{"{'baz':'qux'}", "[{'op':'test','path':'/baz','value':'bar'}]", NULL},
	{"{'foo':'bar'}", "[{'op':'add','path':'/child','value':{'grandchild':{}}}]",
	 "{'foo':'bar','child':{'grandchild':{}}}"},
	{"{'foo':'bar'}", "[{'op':'add','path':'/baz/bat','value':'qux'}]", NULL},
	{"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':10}]", "{'/':9,'~1':10}"},
	{"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':'10'}]", NULL},
	{"{'foo':['bar']}", "[{'op':'add','path':'/foo/-','value':['abc','def']}]",
	 "{'foo':['bar',['abc','def']]}"},
	{"{'a':{'b':1}}", "[{'op':'copy','from':'/a','path':'/a/c'}]", "{'a':{'b':1,'c':{'b':1}}}"},
	{"{'a':{'b':1}}", "[{'op':'move','from':'/a','path':'/a/c'}]", NULL},
	{"{'a':1}", "[{'op':'replace','path':'/b','value':1}]", NULL},
	{"{'a':1}", "[{'op':'remove','path':'/b'}]", NULL},
	{"{'a':[1]}", "[{'op':'add','path':'/a/2','value':1}]", NULL},
	{"{'a':[1]}", "[{'op':'add','path':'/a/01','value':1}]", NULL},
	{"{'a':[1]}", "[{'op':'add','path':'/a/-1','value':1}]", NULL},
	{"{'a':1}", "[{'op':'add','path':'','value':{}}]", NULL},
	{"{'a':1}", "[{'op':'add','path':'/b'}]", NULL},
	{"{'a':1}", "[{'op':'add','path':'b','value':1}]", NULL},
	{"{'a':1}", "[{'op':'spoil','path':'/b','value':1}]", NULL},
	{"{'a':1}", "[{'op':'copy','path':'/b'}]", NULL},
	{"{'a':1}", "[{'op':'add','path':'/b','value':1,'more':1}]", NULL},
	{"{'a':1}", "[]", NULL},
	{"{'a':1}", "{}", NULL},
	{"{'a':1}", "[1]", NULL},
};

static void test_patch(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
		json_t *d = json_of(patches[i].document), *p = json_of(patches[i].patch);
		struct ord_err err = {0};
		int r = inj_patch_apply(d, p, &err);

		if ((r == 0) != (patches[i].result != NULL))
			fail_msg("%s: %s: %s", patches[i].document, patches[i].patch,
				 r ? err.msg : "taken");
		if (patches[i].result) {
			json_t *want = json_of(patches[i].result);

			assert_json(d, want);
			json_decref(want);
		} else {
			assert_int_equal(err.code, ORD_USAGE);
		}
		json_decref(d);
		json_decref(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_patch)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
