/* Exec credential plugins: small programs that answer well, badly, late or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "kube/config_private.h"
#include "tests/unit/kubeconfig_files.h"

#define V1 "client.authentication.k8s.io/v1"
#define ANSWER(status) \
	"{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"status\":" status "}"
#define PRINT(status) "printf '%s\\n' '" ANSWER(status) "'\n"
#define CA	      "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClMzQ1IzVAotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="

/* A config with this plugin; more: further keys of exec. */
static struct kube_config *with(const char *command, const char *more)
{
	char text[2048];

	(void)snprintf(text, sizeof text,
		       "clusters:\n- name: k\n  cluster: {server: 'https://x:1', "
		       "certificate-authority-data: " CA
		       ", tls-server-name: name, extensions: [{name: "
		       "client.authentication.k8s.io/exec, extension: {audience: z, n: [1, true, "
		       "null]}}]}\n"
		       "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
		       "users:\n- name: u\n  user:\n    exec:\n      apiVersion: " V1 "\n"
		       "      interactiveMode: IfAvailable\n      command: %s\n%s",
		       command, more);
	put("c", text);
	assert_int_equal(setenv("KUBECONFIG", "c", 1), 0);
	return loaded("c");
}

/* A plugin that is this shell script. */
static struct kube_config *script(const char *body)
{
	char text[2048];

	(void)snprintf(text, sizeof text, "#!/bin/sh\necho run >>runs\n%s", body);
	put_program("plugin", text);
	(void)unlink("runs");
	return with("./plugin", "");
}

static size_t runs(void)
{
	ord_autofree char *text = NULL;
	size_t n = 0;

	return ord_file_read("runs", 4096, &text, &n, NULL) ? 0 : n / 4;
}

static void fails(struct kube_config *c, const char *says)
{
	const char *now = "untouched";
	struct ord_err err = {0};

	if (!kube_config_authorization(c, &now, &err))
		fail_msg("no mistake, where '%s' was to be said", says);
	assert_string_equal(now, "untouched");
	if (!strstr(err.msg, says) || strstr(err.msg, MARK))
		fail_msg("said: %s\nnot: %s", err.msg, says);
	kube_config_free(c);
}

static void test_token(void **state)
{
	struct kube_config *c = script(PRINT("{\"token\":\"" MARK "\"}"));
	struct kube_tls tls;

	assert_true(kube_config_has_plugin(c));
	assert_int_equal(runs(), 0); /* loading runs nothing */
	assert_authorization(c, "Bearer " MARK);
	assert_authorization(c, "Bearer " MARK);
	assert_int_equal(kube_config_tls(c, &tls, NULL), 0);
	assert_null(tls.cert);
	assert_non_null(tls.ca);
	assert_int_equal(runs(), 1); /* does not expire */
	assert_true(kube_config_refresh(c, c->generation));
	assert_authorization(c, "Bearer " MARK);
	assert_int_equal(runs(), 2);
	kube_config_free(c);
}

static void test_certificate(void **state)
{
	struct kube_config *c =
		script(PRINT("{\"clientCertificateData\":\"cert\",\"clientKeyData\":\"key\"}"));
	struct kube_tls tls;

	assert_int_equal(kube_config_tls(c, &tls, NULL), 0);
	assert_string_equal(tls.cert, "cert");
	assert_string_equal(tls.key, "key");
	assert_authorization(c, NULL);
	assert_int_equal(runs(), 1);
	kube_config_free(c);
}

static void test_expiry(void **state)
{
	struct kube_config *c =
		script("t=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%S.%NZ)\n"
		       "echo '{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"status\":"
		       "{\"token\":\"t'$(wc -l <runs)'\",\"expirationTimestamp\":\"'$t'\"}}'\n");

	assert_authorization(c, "Bearer t1");
	assert_authorization(c, "Bearer t1");
	usleep(2100 * 1000);
	assert_authorization(c, "Bearer t2");
	kube_config_free(c);
	fails(script(PRINT("{\"token\":\"" MARK
			   "\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}")),
	      "has expired already");
	fails(script(PRINT("{\"token\":\"" MARK "\",\"expirationTimestamp\":\"soon\"}")),
	      "is not a time");
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *body, *says;
	} cases[] = {
		{"exit 0\n", "its answer is not JSON (line 1, column 0)"},
		{"echo " MARK "\n", "its answer is not JSON (line 1, column "},
		{"echo '{\"token\":\"" MARK "'\n", "its answer is not JSON"},
		{"echo '[]'\n", "its answer is no ExecCredential"},
		{"echo '{\"kind\":\"Pod\"}'\n", "its answer is no ExecCredential"},
		{"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/"
		 "v1beta1\",\"status\":{\"token\":\"" MARK "\"}}'\n",
		 "it answers in client.authentication.k8s.io/v1beta1, and the kubeconfig asks for "
		 "client.authentication.k8s.io/v1"},
		{"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}'\n",
		 "has no status"},
		{PRINT("{}"), "neither a token nor a certificate"},
		{PRINT("{\"token\":5}"), "status.token is not a text"},
		{PRINT("{\"token\":\"" MARK "\\\\r\\\\nX: y\"}"), "no header may hold"},
		{PRINT("{\"clientKeyData\":\"" MARK "\"}"), "which need each other"},
		{PRINT("{\"clientCertificateData\":\"" MARK "\",\"token\":\"x\"}"),
		 "which need each other"},
		{"echo 'log in first:\n  run \001 this' >&2; exit 3\n",
		 "the exec plugin of the user 'u' (/"},
		{"echo 'log in first:\n  run \001 this' >&2; exit 3\n",
		 "it ended with status 3: log in first: run this"},
		{"kill -9 $$\n", "it was killed by signal 9"},
		{"head -c 300000 /dev/zero | tr '\\0' x\n", "it prints more than 256 KiB"},
		{"head -c 300000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1\n",
		 "xxxthe end"},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++)
		fails(script(cases[i].body), cases[i].says);
}

static unsigned beats;

static void count_beat(void)
{
	beats++;
}

static void test_hang(void **state)
{
	struct kube_config *c = script("echo asking >&2; sleep 60; echo never >late\n");
	uint64_t start = ord_now_ns();

	c->plugin->limit_ns = 700 * ORD_MS;
	kube_config_set_beat(c, count_beat);
	beats = 0;
	fails(c, "asking: it did not end within 700 ms");
	assert_true(ord_now_ns() - start < 20 * ORD_S);
	assert_true(beats >= 5);
	/* Closing its descriptors is no end. */
	c = script("exec >&- 2>&-; sleep 60\n");
	c->plugin->limit_ns = 300 * ORD_MS;
	fails(c, "it did not end within 300 ms");
}

/* What it leaves running keeps the pipe; that is not waited for. */
static void test_daemon(void **state)
{
	uint64_t start = ord_now_ns();
	struct kube_config *c = script(PRINT("{\"token\":\"t\"}") "sleep 3 &\n");

	assert_authorization(c, "Bearer t");
	assert_true(ord_now_ns() - start < 2500 * ORD_MS);
	kube_config_free(c);
}

static void test_surroundings(void **state)
{
	struct kube_config *c;
	ord_autofree char *fds = NULL, *info = NULL, *args = NULL;
	int extra = open("/dev/null", O_RDONLY); /* as a careless caller would */
	json_t *json;

	put_program("plugin", "#!/bin/sh\nls /proc/self/fd >fds\nreadlink /proc/self/fd/0 >>fds\n"
			      "printf '%s' \"$KUBERNETES_EXEC_INFO\" >info\n"
			      "printf '%s|' \"$@\" \"$MINE\" \"$HOME\" >args\n"
			      "echo '" ANSWER("{\"token\":\"t\"}") "'\n");
	assert_int_equal(setenv("MINE", "outer", 1), 0);
	c = with("./plugin", "      provideClusterInfo: true\n      args: ['a b', '']\n"
			     "      env: [{name: MINE, value: inner}]\n");
	assert_authorization(c, "Bearer t");
	kube_config_free(c);
	(void)close(extra);
	assert_int_equal(ord_file_read("fds", 4096, &fds, NULL, NULL), 0);
	assert_string_equal(fds, "0\n1\n2\n3\n/dev/null\n"); /* 3 is ls's own */
	assert_int_equal(ord_file_read("args", 4096, &args, NULL, NULL), 0);
	assert_non_null(strstr(args, "a b||inner|/tmp/"));
	assert_int_equal(ord_file_read("info", 65536, &info, NULL, NULL), 0);
	json = json_loads(info, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	(void)free(ord_steal_ptr(info));
	info = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(json);
	assert_string_equal(info, "{\"apiVersion\":\"" V1
				  "\",\"kind\":\"ExecCredential\",\"spec\":{\"cluster\":{"
				  "\"certificate-authority-data\":\"" CA
				  "\",\"config\":{\"audience\":\"z\",\"n\":[1,"
				  "true,null]},\"server\":\"https://"
				  "x:1\",\"tls-server-name\":\"name\"},\"interactive\":"
				  "false}}");
}

static void test_path(void **state)
{
	struct kube_config *c;

	put_program("plugin", "#!/bin/sh\necho '" ANSWER("{\"token\":\"t\"}") "'\n");
	c = with("no-such-plugin", "      installHint: get it from example.com\n");
	fails(c, "the exec plugin of the user 'u'; get it from example.com: there is no program "
		 "'no-such-plugin' on the PATH");
	/* Nothing of the working directory is run, whatever the PATH says. */
	char *old = strdup(getenv("PATH"));

	assert_int_equal(setenv("PATH", ".::/usr/bin:/bin", 1), 0);
	fails(with("plugin", ""), "there is no program 'plugin' on the PATH");
	assert_int_equal(setenv("PATH", dir, 1), 0);
	c = with("plugin", "");
	assert_int_equal(setenv("PATH", old, 1), 0);
	free(old);
	fails(c, "there is no program 'plugin'");
	fails(with("./none", ""), "/./none': No such file");
}

/* Who has something else asks no plugin, as kubectl. */
static void test_not_needed(void **state)
{
	struct kube_config *c;

	put("c", "clusters:\n- {name: k, cluster: {server: 'https://x'}}\n"
		 "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
		 "users:\n- name: u\n  user: {token: t, exec: {command: ./plugin, apiVersion: " V1
		 ", interactiveMode: Never}}\n");
	c = loaded("c");
	assert_false(kube_config_has_plugin(c));
	assert_authorization(c, "Bearer t");
	kube_config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),	     cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_expiry),	     cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_hang),	     cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_surroundings), cmocka_unit_test(test_path),
		cmocka_unit_test(test_not_needed),
	};

	return cmocka_run_group_tests(tests, enter_dir, leave_dir);
}
