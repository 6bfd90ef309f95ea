/* Kubeconfigs: merging, choosing, every way to be somebody. kubectl itself is asked in
 * tests/cluster/access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "kube/config_private.h"
#include "tests/unit/kubeconfig_files.h"

static void test_one(void **state)
{
	struct kube_config *c;
	struct kube_tls tls;

	use("c", one);
	c = loaded("here");
	assert_string_equal(kube_config_context(c), "here");
	assert_string_equal(kube_config_cluster(c), "k");
	assert_string_equal(kube_config_server(c), "https://one:6443");
	assert_string_equal(kube_config_namespace(c), "ns1");
	assert_string_equal(kube_config_current(c), "here");
	assert_null(kube_config_warning(c, 0));
	assert_false(kube_config_has_plugin(c));
	assert_authorization(c, "Bearer " MARK);
	assert_false(kube_config_refresh(
		c, c->generation)); /* a token that is written down is what it is */
	assert_int_equal(kube_config_tls(c, &tls, NULL), 0);
	assert_null(tls.ca);
	assert_null(tls.cert);
	kube_config_free(c);
	kube_config_free(NULL);
}

static void test_home(void **state)
{
	(void)unsetenv("KUBECONFIG");
	refused("here", ORD_USAGE, "no kubeconfig");
	assert_int_equal(mkdir(".kube", 0700), 0);
	put(".kube/config", one);
	kube_config_free(loaded("here"));
	/* A list is not added to: ~/.kube/config is not asked then. */
	assert_int_equal(setenv("KUBECONFIG", "/nowhere/config", 1), 0);
	refused("here", ORD_USAGE, "'/nowhere/config', and no context is there");
	(void)unsetenv("KUBECONFIG");
	assert_int_equal(unlink(".kube/config"), 0);
}

static void test_cluster_name(void **state)
{
	struct kube_config *c;

	use("c", one);
	c = loaded("k"); /* the cluster of one context */
	assert_string_equal(kube_config_context(c), "here");
	kube_config_free(c);
	refused(NULL, ORD_GUARD, "name it with --context or limits.cluster: here (current: here)");
	refused("", ORD_GUARD, "The current context alone is not enough");
	refused("other", ORD_GUARD, "has the name 'other'; there are: here");
	put("d", "contexts:\n- name: there\n  context: {cluster: k, user: u}\n"
		 "- name: k\n  context: {cluster: elsewhere, user: u}\n"
		 "clusters:\n- {name: elsewhere, cluster: {server: 'https://elsewhere'}}\n");
	assert_int_equal(setenv("KUBECONFIG", "c:d", 1), 0);
	/* A context of the name goes before a cluster of it. */
	c = loaded("k");
	assert_string_equal(kube_config_server(c), "https://elsewhere");
	assert_string_equal(kube_config_namespace(c), "default");
	kube_config_free(c);
	put("d", "contexts:\n- name: there\n  context: {cluster: k, user: u}\n");
	refused("k", ORD_GUARD, "is that of 2 contexts; name one of them: here, there");
}

static void test_many_names(void **state)
{
	ord_autofree char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)fputs("contexts:\n", f);
	for (int i = 0; i < 300; i++)
		(void)fprintf(f, "- name: context-%d\n", i);
	assert_int_equal(fclose(f), 0);
	use("c", text);
	refused("x", ORD_GUARD, "context-19");
	refused("x", ORD_GUARD, " more");
}

/* The first to have an entry of a name decides on the whole entry. */
static void test_merge(void **state)
{
	struct kube_config *c;

	put("a", "contexts:\n- name: c\n  context: {cluster: k, user: u}\n"
		 "clusters:\n- name: k\n  cluster: {server: 'https://a'}\n");
	put("b", "current-context: from-b\n"
		 "clusters:\n- name: k\n  cluster: {server: 'https://b', tls-server-name: b}\n"
		 "contexts:\n- name: c\n  context: {cluster: none, namespace: b}\n");
	put("u", "current-context: from-u\nusers:\n- name: u\n  user: {token: t}\n");
	put("empty", "");
	put("comment", "# nothing\n");
	assert_int_equal(
		setenv("KUBECONFIG", ":missing:a:a:empty:comment:b:u:/no/such/dir:a/x:", 1), 0);
	c = loaded("c");
	assert_string_equal(kube_config_server(c), "https://a");
	assert_string_equal(kube_config_namespace(c), "default");
	assert_string_equal(kube_config_current(c), "from-b");
	assert_null(c->server_name);
	kube_config_free(c);
	assert_int_equal(setenv("KUBECONFIG", "b:a:u", 1), 0);
	refused("c", ORD_USAGE,
		"b:7:22: there is no cluster 'none' in clusters of any of the files");
}

static void test_relative(void **state)
{
	struct kube_config *c;
	struct kube_tls tls;
	struct ord_err err = {0};

	assert_int_equal(mkdir("sub", 0700), 0);
	put("sub/ca.pem", PEM);
	put("sub/cert.pem", PEM);
	put("key.pem", PEM);
	put("sub/token", " \nfirst\n");
	put("sub/c",
	    "clusters:\n- name: k\n  cluster: {server: 'https://x', certificate-authority: "
	    "ca.pem}\n"
	    "contexts:\n- name: c\n  context: {cluster: k, user: u}\n"
	    "users:\n- name: u\n  user: {client-certificate: ./cert.pem, client-key: "
	    "../key.pem, tokenFile: token}\n");
	assert_int_equal(setenv("KUBECONFIG", "sub/c", 1), 0);
	c = loaded("c");
	/* From here on the working directory is another. */
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(kube_config_tls(c, &tls, &err), 0);
	assert_string_equal(tls.ca, PEM);
	assert_string_equal(tls.cert, PEM);
	assert_string_equal(tls.key, PEM);
	assert_int_equal(tls.key_size, strlen(PEM));
	assert_authorization(c, "Bearer first");
	kube_config_free(c);
	assert_int_equal(chdir(dir), 0);
}

static void rotate(const char *token)
{
	put("token.new", token);
	assert_int_equal(rename("token.new", "token"), 0);
}

static void test_token_file(void **state)
{
	struct kube_config *c;

	use("c", "clusters:\n- {name: k, cluster: {server: 'https://x'}}\n"
		 "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
		 "users:\n- {name: u, user: {tokenFile: token, token: written}}\n");
	rotate("first\n");
	c = loaded("c");
	assert_authorization(c, "Bearer first"); /* the file is the stronger */
	rotate("second\n");
	assert_authorization(c, "Bearer first"); /* looked at once a second */
	assert_true(kube_config_refresh(c, c->generation));
	assert_authorization(c, "Bearer second");
	rotate("third\n");
	usleep(1100 * 1000);
	assert_authorization(c, "Bearer third");
	/* Gone for a moment, or half written: the last good one stands. */
	assert_int_equal(unlink("token"), 0);
	(void)kube_config_refresh(c, c->generation);
	assert_authorization(c, "Bearer third");
	rotate("\n");
	(void)kube_config_refresh(c, c->generation);
	assert_authorization(c, "Bearer third");
	rotate("fourth");
	(void)kube_config_refresh(c, c->generation);
	assert_authorization(c, "Bearer fourth");
	kube_config_free(c);
}

static void test_certificate_files(void **state)
{
	struct kube_config *c;
	struct kube_tls tls;
	struct ord_err err = {0};

	put("cert", PEM);
	put("key", PEM);
	use("c", "clusters:\n- {name: k, cluster: {server: 'https://x', "
		 "certificate-authority-data: " PEM64 "}}\n"
		 "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
		 "users:\n- {name: u, user: {client-certificate: cert, client-key: key}}\n");
	c = loaded("c");
	assert_authorization(c, NULL);
	put("cert.new", PEM "# renewed\n");
	assert_int_equal(rename("cert.new", "cert"), 0);
	assert_int_equal(kube_config_tls(c, &tls, &err), 0);
	assert_string_equal(tls.cert, PEM "# renewed\n");
	assert_string_equal(tls.ca, PEM);
	put("cert.new", MARK);
	assert_int_equal(rename("cert.new", "cert"), 0);
	assert_int_equal(kube_config_tls(c, &tls, &err), 0);
	assert_string_equal(tls.cert, PEM "# renewed\n"); /* what was good stands */
	assert_int_equal(unlink("cert"), 0);
	assert_int_equal(kube_config_tls(c, &tls, &err), 0);
	assert_string_equal(tls.cert, PEM "# renewed\n");
	kube_config_free(c);
	refused("c", ORD_USAGE, "client-certificate: '");
	put("cert", MARK);
	refused("c", ORD_USAGE, "cert' holds no PEM");
}

static void test_basic(void **state)
{
	static const struct {
		const char *user, *want;
	} cases[] = {
		{"{username: Aladdin, password: 'open sesame'}",
		 "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		{"{username: a, password: b}", "Basic YTpi"},
		{"{username: ab, password: b}", "Basic YWI6Yg=="},
		{"{username: ab}", "Basic YWI6"},
		{"{}", NULL},
		{"{token: '', username: ''}", NULL},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		struct kube_config *c;
		char text[512];

		(void)snprintf(text, sizeof text,
			       "clusters:\n- {name: k, cluster: {server: 'https://x'}}\n"
			       "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
			       "users:\n- {name: u, user: %s}\n",
			       cases[i].user);
		use("c", text);
		c = loaded("c");
		assert_authorization(c, cases[i].want);
		kube_config_free(c);
	}
}

static void test_warnings(void **state)
{
	struct kube_config *c;
	struct kube_tls tls;

	use("c", "clusters:\n- {name: k, cluster: {server: 'http://x/', insecure-skip-tls-verify: "
		 "yes, proxy-url: 'socks5://p:1', tls-server-name: other}}\n"
		 "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
		 "users:\n- {name: u, user: {token: t}}\n---\nmore: {}\n");
	c = loaded("c");
	assert_non_null(strstr(kube_config_warning(c, 0), "only the first YAML document"));
	assert_non_null(strstr(kube_config_warning(c, 1), "without TLS"));
	assert_non_null(strstr(kube_config_warning(c, 2), "insecure-skip-tls-verify: "));
	assert_null(kube_config_warning(c, 3));
	assert_int_equal(kube_config_tls(c, &tls, NULL), 0);
	assert_true(tls.insecure);
	assert_string_equal(tls.proxy_url, "socks5://p:1");
	assert_string_equal(tls.server_name, "other");
	kube_config_free(c);
}

/* What YAML allows, and kubectl takes. */
static void test_yaml(void **state)
{
	struct kube_config *c;

	use("c", "base: &base {server: 'https://merged', tls-server-name: merged}\n"
		 "clusters:\n- {name: k, cluster: {<<: *base, server: 'https://x', server: "
		 "'https://own'}}\n"
		 "contexts:\n- {name: c, context: {cluster: k, user: u, namespace: null}}\n"
		 "- {context: {}}\n- {}\n"
		 "users:\n- {name: u, user: {token: \"a\\\n      b\"}}\n"
		 "extensions: [1, {a: b}]\npreferences: {}\nunknown: [x]\n");
	c = loaded("c");
	assert_string_equal(kube_config_server(c), "https://own"); /* the last of two */
	assert_string_equal(c->server_name, "merged");
	assert_string_equal(kube_config_namespace(c), "default");
	kube_config_free(c);
	use("c", "{\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"k\",\"user\":\"u\"}}],"
		 "\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":\"https://json\"}}],"
		 "\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"t\"}}]}");
	c = loaded("c");
	assert_string_equal(kube_config_server(c), "https://json");
	kube_config_free(c);
}

static void test_pod(void **state)
{
	struct kube_config *c = calloc(1, sizeof *c);
	struct ord_err err = {0};
	struct kube_tls tls;

	assert_int_equal(mkdir("sa", 0700), 0);
	put("sa/token", "pod-token");
	put("sa/ca.crt", PEM);
	put("sa/namespace", "shop\n");
	assert_int_equal(cfg_pod("sa", c, &err), -1);
	assert_non_null(strstr(err.msg, "this is no pod"));
	assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1), 0);
	assert_int_equal(setenv("KUBERNETES_SERVICE_PORT", "443", 1), 0);
	assert_int_equal(cfg_pod("sa", c, &err), 0);
	assert_string_equal(kube_config_server(c), "https://[fd00::1]:443");
	assert_string_equal(kube_config_context(c), KUBE_IN_CLUSTER);
	assert_string_equal(kube_config_namespace(c), "shop");
	assert_authorization(c, "Bearer pod-token");
	assert_int_equal(kube_config_tls(c, &tls, &err), 0);
	assert_string_equal(tls.ca, PEM);
	/* As the kubelet rotates it: a symbolic link to another directory. */
	put("sa/token.new", "next-token");
	assert_int_equal(rename("sa/token.new", "sa/token"), 0);
	assert_true(kube_config_refresh(c, c->generation));
	assert_authorization(c, "Bearer next-token");
	kube_config_free(c);

	c = calloc(1, sizeof *c);
	assert_int_equal(unlink("sa/token"), 0);
	assert_int_equal(cfg_pod("sa", c, &err), -1);
	assert_non_null(strstr(err.msg, "the pod's service account: "));
	kube_config_free(c);
	(void)unsetenv("KUBERNETES_SERVICE_HOST");
	(void)unsetenv("KUBERNETES_SERVICE_PORT");
}

/* A config in a fork: the child has it all, and the parent's is as it was. */
static void test_fork(void **state)
{
	struct kube_config *c;

	use("c", one);
	c = loaded("here");
	if (!fork()) {
		const char *auth = NULL;

		_exit(kube_config_authorization(c, &auth, NULL) || !auth ||
		      strcmp(auth, "Bearer " MARK) != 0);
	}
	int status;

	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_authorization(c, "Bearer " MARK);
	kube_config_free(c);
}

/* Each page that holds a secret says "dd" (do not dump), and anonymous memory is in no core. */
static void test_core(void **state)
{
	struct kube_config *c;
	const char *auth;
	char filter[32], line[512];
	bool inside = false, seen = false;
	FILE *f;

	use("c", one);
	c = loaded("here");
	assert_int_equal(kube_config_authorization(c, &auth, NULL), 0);
	f = fopen("/proc/self/smaps", "re");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (unsigned long)auth >= from && (unsigned long)auth < to;
		if (inside && !strncmp(line, "VmFlags:", 8)) {
			assert_non_null(strstr(line, " dd"));
			seen = true;
		}
	}
	(void)fclose(f);
	assert_true(seen);
	assert_true(ord_file_peek(AT_FDCWD, "/proc/self/coredump_filter", filter, sizeof filter) >
		    0);
	assert_int_equal(strtoul(filter, NULL, 16) & 0x63, 0);
	kube_config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),	     cmocka_unit_test(test_home),
		cmocka_unit_test(test_cluster_name), cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_merge),	     cmocka_unit_test(test_relative),
		cmocka_unit_test(test_token_file),   cmocka_unit_test(test_certificate_files),
		cmocka_unit_test(test_basic),	     cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_yaml),	     cmocka_unit_test(test_pod),
		cmocka_unit_test(test_fork),	     cmocka_unit_test(test_core),
	};

	return cmocka_run_group_tests(tests, enter_dir, leave_dir);
}
