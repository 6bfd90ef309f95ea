/* Who owns a field by managedFields, and giving it back after a revert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "injector/kube/fields.h"
#include "injector/kube/manager.h"
#include "tests/support/json_text.h"

static void assert_is(const json_t *is, const char *want)
{
	json_t *w = json_of(want);

	assert_json(is, w);
	json_decref(w);
}

/* An object of these managedFields. */
static json_t *object(const char *spec, const char *managed)
{
	return json_pack("{s:{s:o} s:o}", "metadata", "managedFields", json_of(managed), "spec",
			 json_of(spec));
}

static json_t *back(const json_t *object, const json_t *fields, const json_t *owners)
{
	json_t *list = NULL;
	struct ord_err err;

	assert_int_equal(inj_owners_back(object, fields, owners, &list, &err), 0);
	return list;
}

#define APPLY(set)                                                           \
	"{\"manager\":\"ci\",\"operation\":\"Apply\",\"apiVersion\":\"apps/" \
	"v1\",\"time\":\"2026-01-01T00:00:00Z\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":" set "}"
#define OURS(set)                                                                 \
	"{\"manager\":\"ordeal\",\"operation\":\"Update\",\"apiVersion\":\"apps/" \
	"v1\",\"time\":\"2026-01-02T00:00:00Z\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":" set "}"
#define REPLICAS "{\"f:spec\":{\"f:replicas\":{}}}"
#define BOTH	 "{\"f:spec\":{\"f:paused\":{},\"f:replicas\":{}}}"
#define PAUSED	 "{\"f:spec\":{\"f:paused\":{}}}"

static json_t *replicas_field(void)
{
	return json_of("[{\"path\":[\"spec\",\"replicas\"],\"old\":3,\"new\":0}]");
}

/* The note before, and the list after, of spec.replicas. */
static void round_trip(const char *before, const char *after, const char *want)
{
	json_t *fields = replicas_field(), *was = object("{\"replicas\":3}", before);
	json_t *owners = inj_owners_note(was, fields), *is = object("{\"replicas\":3}", after);
	json_t *list = back(is, fields, owners);
	struct ord_err err;

	assert_int_equal(inj_owners_validate(owners, &err), 0);
	if (want)
		assert_is(list, want);
	else
		assert_null(list);
	json_decref(list);
	json_decref(owners);
	json_decref(was);
	json_decref(is);
	json_decref(fields);
}

static void a_field_goes_back_to_who_had_it(void **state)
{
	round_trip("[" APPLY(BOTH) "]", "[" APPLY(PAUSED) "," OURS(REPLICAS) "]",
		   "[" APPLY(BOTH) "]");
	/* It was all that it had: its entry went with it. */
	round_trip("[" APPLY(REPLICAS) "]", "[" OURS(REPLICAS) "]", "[" APPLY(REPLICAS) "]");
}

static void what_nobody_owned_is_nobodys(void **state)
{
	round_trip("[]", "[" OURS(REPLICAS) "]", "[{}]");
	round_trip("[" APPLY(PAUSED) "]", "[" APPLY(PAUSED) "," OURS(REPLICAS) "]",
		   "[" APPLY(PAUSED) "]");
	round_trip("[" OURS(REPLICAS) "]", "[" OURS(BOTH) "]", "[" OURS(PAUSED) "]");
}

/* Its entry is of another time: it wrote meanwhile, and may have given the field up. */
static void who_has_written_since_gets_nothing(void **state)
{
	json_t *fields = replicas_field(), *was = object("{\"replicas\":3}", "[" APPLY(BOTH) "]");
	json_t *owners = inj_owners_note(was, fields);
	json_t *is = object("{\"replicas\":3}", "[" APPLY(PAUSED) "," OURS(REPLICAS) "]");
	json_t *entry = json_array_get(
		json_object_get(json_object_get(is, "metadata"), "managedFields"), 0);
	json_t *list;

	(void)json_object_set_new(entry, "time", json_string("2026-01-03T00:00:00Z"));
	list = back(is, fields, owners);
	assert_int_equal(json_array_size(list), 1);
	assert_true(json_equal(json_array_get(list, 0), entry));
	json_decref(list);
	/* It had more, and has nothing any more: it gave that up itself. */
	(void)json_array_remove(json_object_get(json_object_get(is, "metadata"), "managedFields"),
				0);
	list = back(is, fields, owners);
	assert_is(list, "[{}]");
	json_decref(list);
	json_decref(is);
	json_decref(was);
	json_decref(owners);
	json_decref(fields);
}

static void what_another_has_is_left_to_them(void **state)
{
	json_t *fields = replicas_field(), *was = object("{\"replicas\":3}", "[" APPLY(BOTH) "]");
	json_t *owners = inj_owners_note(was, fields);
	json_t *theirs = object("{\"replicas\":5}", "[" APPLY(BOTH) "]");
	json_t *ours = object("{\"replicas\":0}", "[" APPLY(PAUSED) "," OURS(REPLICAS) "]");

	assert_null(back(theirs, fields, owners));
	assert_null(back(ours, fields, owners)); /* not reverted yet */
	json_decref(ours);
	json_decref(theirs);
	json_decref(was);
	json_decref(owners);
	json_decref(fields);
}

#define IMAGE                                                                                      \
	"{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\".\":{},\"f:image\":{}}," \
	"\"k:{\\\"name\\\":\\\"b\\\"}\":{\".\":{},\"f:image\":{}}}}}"
#define LESS                                                                                       \
	"{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\".\":{},\"f:image\":{}}," \
	"\"k:{\\\"name\\\":\\\"b\\\"}\":{\".\":{}}}}}"
#define TAKEN "{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"b\\\"}\":{\"f:image\":{}}}}}"

/* Elements with a name, lists that are owned as a whole, elements that are values. */
static void elements(void **state)
{
	static const struct {
		const char *spec, *fields, *before, *after, *want;
	} rows[] = {
		{"{\"containers\":[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\",\"image\":"
		 "\"y\"}]}",
		 "[{\"path\":[\"spec\",\"containers\",{\"name\":\"b\"},\"image\"],\"old\":\"y\","
		 "\"new\":\"z\"}]",
		 "[" APPLY(IMAGE) "]", "[" APPLY(LESS) "," OURS(TAKEN) "]", "[" APPLY(IMAGE) "]"},
		{"{\"taints\":[{\"key\":\"k\",\"effect\":\"NoSchedule\"}]}",
		 "[{\"path\":[\"spec\",\"taints\",{\"key\":\"o\",\"effect\":\"NoExecute\"}],"
		 "\"new\":{\"key\":\"o\",\"effect\":\"NoExecute\"}}]",
		 "[" APPLY("{\"f:spec\":{\"f:taints\":{}}}") "]",
		 "[" OURS("{\"f:spec\":{\"f:taints\":{}}}") "]",
		 "[" APPLY("{\"f:spec\":{\"f:taints\":{}}}") "]"},
		{"{\"names\":[\"a\",\"b\"]}",
		 "[{\"path\":[\"spec\",\"names\",{\"=\":true}],\"old\":\"b\",\"at\":1}]",
		 "[" APPLY(
			 "{\"f:spec\":{\"f:names\":{\"v:\\\"a\\\"\":{},\"v:\\\"b\\\"\":{}}}}") "]",
		 "[" APPLY("{\"f:spec\":{\"f:names\":{\"v:\\\"a\\\"\":{}}}}") "," OURS(
			 "{\"f:spec\":{\"f:names\":{\"v:\\\"b\\\"\":{}}}}") "]",
		 "[" APPLY(
			 "{\"f:spec\":{\"f:names\":{\"v:\\\"a\\\"\":{},\"v:\\\"b\\\"\":{}}}}") "]"},
		/* A map that went and came back, all of it. */
		{"{\"selector\":{\"app\":\"web\",\"tier\":\"1\"}}",
		 "[{\"path\":[\"spec\",\"selector\"],\"old\":{\"app\":\"web\",\"tier\":\"1\"}}]",
		 "[" APPLY("{\"f:spec\":{\"f:selector\":{\"f:app\":{},\"f:tier\":{}}}}") "]",
		 "[" OURS(
			 "{\"f:spec\":{\"f:selector\":{\".\":{},\"f:app\":{},\"f:tier\":{}}}}") "]",
		 "[" APPLY("{\"f:spec\":{\"f:selector\":{\"f:app\":{},\"f:tier\":{}}}}") "]"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *fields = json_of(rows[i].fields);
		json_t *was = object(rows[i].spec, rows[i].before);
		json_t *owners = inj_owners_note(was, fields);
		json_t *is = object(rows[i].spec, rows[i].after);
		json_t *list = back(is, fields, owners);

		assert_is(list, rows[i].want);
		json_decref(list);
		json_decref(is);
		json_decref(owners);
		json_decref(was);
		json_decref(fields);
	}
}

static void the_annotation_is_nobodys(void **state)
{
	json_t *fields = replicas_field();
	json_t *is = object("{\"replicas\":7}",
			    "[" OURS("{\"f:metadata\":{\"f:annotations\":{\".\":{},\"f:ordeal.dev/"
				     "undo\":{}}}}") "," APPLY(BOTH) "]");
	json_t *list = back(is, fields, NULL);

	assert_is(list, "[" APPLY(BOTH) "]");
	json_decref(list);
	json_decref(is);
	json_decref(fields);
}

static void what_is_no_note_is_refused(void **state)
{
	static const char *const bad[] = {
		"{}",
		"[1]",
		"[{}]",
		"[{\"manager\":\"a\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"subresource\":"
		"\"\",\"time\":\"\",\"set\":[],\"whole\":true}]",
		"[{\"manager\":1,\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"subresource\":"
		"\"\",\"time\":\"\",\"set\":{},\"whole\":true}]",
		"[{\"manager\":\"a\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"subresource\":"
		"\"\",\"time\":\"\",\"set\":{},\"whole\":1}]",
		"[{\"manager\":\"a\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"subresource\":"
		"\"\",\"time\":\"\",\"set\":{},\"whole\":true,\"more\":1}]",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		json_t *owners = json_of(bad[i]);
		struct ord_err err;

		assert_int_equal(inj_owners_validate(owners, &err), -1);
		json_decref(owners);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_goes_back_to_who_had_it),
		cmocka_unit_test(what_nobody_owned_is_nobodys),
		cmocka_unit_test(who_has_written_since_gets_nothing),
		cmocka_unit_test(what_another_has_is_left_to_them),
		cmocka_unit_test(elements),
		cmocka_unit_test(the_annotation_is_nobodys),
		cmocka_unit_test(what_is_no_note_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
