/* Kubeconfigs that are written again while they are in use: credentials are followed, nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "kube/config_private.h"
#include "tests/unit/kubeconfig_files.h"

#define OTHER64 "LS0tLS1CRUdJTiBPVEhFUi0tLS0tCg=="

/* The config c, whole, as a tool would write it: beside it, and then in its place. */
static void write_config(const char *cluster, const char *user)
{
	char text[2048];

	(void)snprintf(text, sizeof text,
		       "clusters:\n- {name: k, cluster: {%s}}\n"
		       "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
		       "users:\n- {name: u, user: %s}\n",
		       cluster, user);
	put("c.new", text);
	assert_int_equal(rename("c.new", "c"), 0);
	assert_int_equal(setenv("KUBECONFIG", "c", 1), 0);
}

#define CLUSTER "server: 'https://one', certificate-authority-data: " PEM64

static struct kube_config *with(const char *user)
{
	write_config(CLUSTER, user);
	return loaded("c");
}

/* At once, as if the last look was long ago. */
static bool refresh(struct kube_config *c)
{
	c->again_ns = 0;
	return kube_config_refresh(c, c->generation);
}

static void test_token(void **state)
{
	struct kube_config *c = with("{token: old}");
	unsigned first = kube_config_generation(c);

	assert_authorization(c, "Bearer old");
	assert_false(refresh(c)); /* it says the same */
	assert_string_equal(kube_config_unfollowed(c), "");
	write_config(CLUSTER, "{token: new}");
	assert_authorization(c, "Bearer old"); /* until it is refused */
	assert_true(refresh(c));
	assert_authorization(c, "Bearer new");
	/* Who was refused with the old asks again, without another look. */
	write_config(CLUSTER, "{token: newer}");
	assert_true(kube_config_refresh(c, first));
	assert_authorization(c, "Bearer new");
	/* And there is not a look for each refusal. */
	assert_false(kube_config_refresh(c, kube_config_generation(c)));
	assert_authorization(c, "Bearer new");
	assert_true(refresh(c));
	assert_authorization(c, "Bearer newer");
	kube_config_free(c);
}

/* From one way to be somebody to another, and back. */
static void test_ways(void **state)
{
	static const struct {
		const char *user, *authorization, *cert;
	} ways[] = {
		{"{token: a}", "Bearer a", NULL},
		{"{client-certificate-data: " PEM64 ", client-key-data: " PEM64 "}", NULL, PEM},
		{"{client-certificate-data: " OTHER64 ", client-key-data: " PEM64 "}", NULL,
		 "-----BEGIN OTHER-----\n"},
		{"{client-certificate: cert, client-key: key}", NULL, PEM "in a file\n"},
		{"{username: a, password: b}", "Basic YTpi", NULL},
		{"{username: ab, password: b}", "Basic YWI6Yg==", NULL},
		{"{tokenFile: token}", "Bearer of-a-file", NULL},
		{"{token: a}", "Bearer a", NULL},
	};
	struct kube_config *c;
	struct kube_tls tls;

	put("cert", PEM "in a file\n");
	put("key", PEM);
	put("token", "of-a-file");
	c = with(ways[0].user);
	/* Relative to where it was begun. */
	assert_int_equal(chdir("/"), 0);
	for (size_t i = 0; i < ORD_COUNT(ways); i++) {
		assert_int_equal(chdir(dir), 0);
		write_config(CLUSTER, ways[i].user);
		assert_int_equal(chdir("/"), 0);
		assert_int_equal(refresh(c), i > 0);
		assert_authorization(c, ways[i].authorization);
		assert_int_equal(kube_config_tls(c, &tls, NULL), 0);
		if (ways[i].cert)
			assert_string_equal(tls.cert, ways[i].cert);
		else
			assert_null(tls.cert);
		assert_false(refresh(c));
	}
	assert_int_equal(chdir(dir), 0);
	kube_config_free(c);
}

static void test_elsewhere(void **state)
{
	static const struct {
		const char *cluster, *user, *says;
	} all[] = {
		{"server: 'https://two', certificate-authority-data: " PEM64, "{token: new}",
		 "not followed: its server is another"},
		{"server: 'https://one', certificate-authority-data: " OTHER64, "{token: new}",
		 "its certificate authority is another"},
		{"server: 'https://one'", "{token: new}", "its certificate authority is another"},
		{CLUSTER ", tls-server-name: x", "{token: new}", "its tls-server-name is another"},
		{CLUSTER ", proxy-url: 'http://p'", "{token: new}", "its proxy-url is another"},
		{CLUSTER,
		 "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: "
		 "Never, command: x}}",
		 "it has an exec plugin now"},
		{CLUSTER, "{token: [" MARK, "not YAML"},
		{CLUSTER, "{tokenFile: nowhere}", "tokenFile: '"},
	};
	struct kube_config *c = with("{token: old}");

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		write_config(all[i].cluster, all[i].user);
		assert_false(refresh(c));
		if (!strstr(kube_config_unfollowed(c), all[i].says) ||
		    strstr(kube_config_unfollowed(c), MARK))
			fail_msg("said: %s\nnot: %s", kube_config_unfollowed(c), all[i].says);
		assert_string_equal(kube_config_server(c), "https://one");
		assert_authorization(c, "Bearer old");
	}
	assert_int_equal(unlink("c"), 0);
	assert_false(refresh(c));
	assert_non_null(strstr(kube_config_unfollowed(c), "not followed: "));
	assert_authorization(c, "Bearer old");
	write_config(CLUSTER, "{token: new}");
	assert_true(refresh(c));
	assert_string_equal(kube_config_unfollowed(c), "");
	assert_authorization(c, "Bearer new");
	kube_config_free(c);
}

/* The entry may move to another file of the list, even one that was not there at first. */
static void test_another_file(void **state)
{
	struct kube_config *c;

	(void)unlink("later");
	write_config(CLUSTER, "{token: old}");
	assert_int_equal(setenv("KUBECONFIG", "later:c", 1), 0);
	c = loaded("c");
	put("later", "users:\n- {name: u, user: {token: new}}\n");
	assert_int_equal(setenv("KUBECONFIG", "elsewhere", 1), 0); /* of no interest any more */
	assert_true(refresh(c));
	assert_authorization(c, "Bearer new");
	assert_int_equal(unlink("later"), 0);
	kube_config_free(c);
}

static void test_plugin(void **state)
{
	struct kube_config *c;

	put_program("plugin",
		    "#!/bin/sh\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\","
		    "\"kind\":\"ExecCredential\",\"status\":{\"token\":\"'$1'\"}}'\n");
	c = with("{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
		 "command: ./plugin, args: [one]}}");
	assert_authorization(c, "Bearer one");
	assert_true(refresh(c)); /* run again: the answer may be another */
	assert_authorization(c, "Bearer one");
	/* Not once for each who was refused, nor without a pause. */
	assert_false(kube_config_refresh(c, kube_config_generation(c)));
	write_config(CLUSTER, "{exec: {apiVersion: client.authentication.k8s.io/v1, "
			      "interactiveMode: Never, command: ./plugin, args: [two]}}");
	assert_true(refresh(c));
	assert_authorization(c, "Bearer two");
	write_config(CLUSTER, "{token: three}");
	assert_true(refresh(c));
	assert_authorization(c, "Bearer three");
	assert_false(kube_config_has_plugin(c));
	kube_config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),	  cmocka_unit_test(test_ways),
		cmocka_unit_test(test_elsewhere), cmocka_unit_test(test_another_file),
		cmocka_unit_test(test_plugin),
	};

	return cmocka_run_group_tests(tests, enter_dir, leave_dir);
}
