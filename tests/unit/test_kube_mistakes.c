/* Kubeconfigs: every mistake is refused with its place, and says no secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/unit/kubeconfig_files.h"

#define CLUSTERS "clusters:\n- {name: k, cluster: {server: 'https://x'}}\n"
#define CONTEXTS "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
#define WITH	 CONTEXTS CLUSTERS "users:\n- name: u\n  user:\n    " /* line 8 */
#define AT                                                                                        \
	CONTEXTS "users: [{name: u, user: {}}]\nclusters:\n- name: k\n  cluster:\n    " /* line 7 \
											 */

static const struct bad {
	const char *yaml, *says;
} bad[] = {
	{"\tx: y\n", "c:1:1: not YAML: "},
	{"a: b: c\n", "c:1:5: not YAML: "},
	{"a: [1, 2\nb: c\n", "c:2:2: not YAML: "},
	{"a: 'open\n", "c:2:1: not YAML: "},
	{"a: \xff\n", "c:1:"},
	{"a: *nobody\n", "c:1:4: not YAML: "},
	{"a: b\n c: d\n", "c:2:3: not YAML: "},
	{"- a\n", "c:1:1: a kubeconfig is a map, not a list"},
	{"text\n", "c:1:1: a kubeconfig is a map, not a text"},
	{"apiVersion: v2\n", "c:1:13: apiVersion must be 'v1'"},
	{"kind: Pod\n", "c:1:7: kind must be 'Config'"},
	{"current-context: 12\n", "c:1:18: current-context must be text, not a number; quote it"},
	{"clusters: {}\n", "c:1:11: clusters must be a list, not a map"},
	{"clusters:\n- text\n", "c:2:3: an entry of clusters must be a map, not a text"},
	{"clusters:\n- name: 12\n", "c:2:9: name must be text, not a number"},
	{"clusters:\n- name: on\n", "c:2:9: name must be text, not true or false"},
	{"clusters:\n- name: [a]\n", "c:2:9: name must be text, not a list"},
	{"clusters:\n- name: k\n  cluster: here\n", "c:3:12: cluster must be a map, not a text"},
	{"users:\n- name: a\n- name: b\n- name: a\n",
	 "c:4:9: the name 'a' stands in users twice (line 2)"},
	{"clusters:\n- name: k\n  cluster: {server: [x]}\n", "c:3:21: server must be text"},
	{"clusters:\n- name: k\n  cluster: {insecure-skip-tls-verify: 'true'}\n",
	 "c:3:39: insecure-skip-tls-verify must be true or false, not a text"},
	{"users:\n- name: k\n  user: {exec: x}\n", "c:3:16: exec must be a map, not a text"},
	{"users:\n- name: k\n  user: {exec: {args: x}}\n", "c:3:23: args must be a list"},
	{"users:\n- name: k\n  user: {exec: {args: [1]}}\n", "c:3:24: args must be text"},
	{"users:\n- name: k\n  user: {exec: {env: [x]}}\n", "c:3:23: an entry of env must be"},
	{"users:\n- name: k\n  user: {exec: {env: [{name: a, value: 1}]}}\n",
	 "c:3:40: value must be text"},
	{"users:\n- name: k\n  user: {as-groups: a}\n", "c:3:21: as-groups must be a list"},
	{"users:\n- name: k\n  user: {token: \"a\\0b\"}\n", "c:3:17: token holds a NUL"},
	/* of what the context needs */
	{"contexts:\n- name: c\n", "c:2:3: this context names no cluster"},
	{"contexts:\n- {name: c, context: {cluster: ''}}\n",
	 "c:2:32: this context names no cluster"},
	{"contexts:\n- {name: c, context: {cluster: k}}\n",
	 "c:2:32: there is no cluster 'k' in clusters"},
	{CLUSTERS "contexts:\n- {name: c, context: {cluster: k}}\n",
	 "c:4:3: this context names no user"},
	{CLUSTERS CONTEXTS, "c:4:41: there is no user 'u' in users"},
	{CLUSTERS CONTEXTS "users:\n- {name: u}\n", "c:6:3: the user 'u' is empty"},
	{CLUSTERS
	 "users: [{name: u, user: {}}]\ncontexts:\n- {name: c, context: {cluster: k, user: "
	 "u, namespace: A}}\n",
	 "c:5:55: 'A' cannot be a namespace's name"},
	{AT "tls-server-name: x\n", "c:7:5: the cluster 'k' has no server"},
	{AT "server: 'x:6443'\n", "c:7:13: server must be an URL, as in https://HOST:PORT"},
	{AT "server: 'https://a b'\n", "c:7:13: server must be an URL"},
	{AT "server: 'https://a?b'\n", "c:7:13: server must be an URL"},
	{AT "server: 'https://me:" MARK "@host'\n", "c:7:13: server names a user"},
	{AT "{server: 'https://x', proxy-url: 'me:" MARK "@p:1'}\n",
	 "c:7:38: proxy-url must be an URL that starts with http://"},
	{AT "{server: 'https://x', certificate-authority: /nowhere/"
	    "ca.pem}\n",
	 "c:7:50: certificate-authority: '/nowhere/ca.pem': No such file"},
	{AT "{server: 'https://x', certificate-authority: /}\n", "'/' is not a file"},
	{AT "{server: 'https://x', certificate-authority: c}\n", "' holds no PEM"},
	{AT "{server: 'https://x', certificate-authority-data: '" MARK "!'}\n",
	 "c:7:55: certificate-authority-data is not base64 (character 7)"},
	{AT "{server: 'https://x', certificate-authority-data: QUJDRA}\n",
	 "c:7:55: certificate-authority-data is not base64"},
	{AT "{server: 'https://x', certificate-authority-data: QQ==QQ==}\n",
	 "certificate-authority-data is not base64"},
	{AT "{server: 'https://x', certificate-authority-data: QUJDRA==}\n",
	 "c:7:55: certificate-authority-data holds no PEM, once decoded"},
	{AT "{server: 'https://x', certificate-authority: c, certificate-authority-data: QQ==}\n",
	 "c:7:81: certificate-authority and certificate-authority-data exclude each other"},
	{AT
	 "{server: 'https://x', insecure-skip-tls-verify: true, certificate-authority-data: " PEM64
	 "}\n",
	 "c:7:53: insecure-skip-tls-verify and a certificate authority exclude each other"},
	{WITH "{token: x, username: me, password: " MARK "}\n",
	 "c:8:26: a token and a user name exclude each other"},
	{WITH "token: \"" MARK "\\n\"\n", "c:8:12: token holds a character that no header may"},
	{WITH "token: 'Größe'\n", "c:8:12: token holds a character"},
	{WITH "token: 12345\n", "c:8:12: token must be text, not a number; quote it"},
	{WITH "tokenFile: none\n", "c:8:16: tokenFile: '"},
	{WITH "client-certificate-data: " PEM64 "\n",
	 "c:8:5: the user 'u' has a client certificate without its client-key"},
	{WITH "{client-certificate-data: " PEM64 ", client-certificate: " MARK "}\n",
	 "exclude each other"},
	{WITH "auth-provider: {name: gcp}\n", "c:8:20: the user 'u' has an auth-provider"},
	{WITH "as: "
	      "root\n",
	 "c:8:9: the user 'u' acts as another (as), which is not supported"},
	{WITH "as-groups: [a]\n", "c:8:16: the user 'u' acts as another (as-groups)"},
	{WITH "exec: {args: [" MARK "]}\n",
	 "c:8:11: the exec plugin of the user 'u' needs a command"},
	{WITH "exec: {command: x}\n", "c:8:11: the exec plugin of the user 'u' needs apiVersion: "},
	{WITH "exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}\n",
	 "c:8:36: the exec plugin of the user 'u' needs apiVersion: "},
	{WITH "exec: {command: x, apiVersion: client.authentication.k8s.io/v1}\n",
	 "c:8:11: the exec plugin of the user 'u' needs interactiveMode"},
	{WITH "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: "
	      "Always}\n",
	 "c:8:86: the exec plugin of the user 'u' wants a person at a terminal"},
	{WITH "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: "
	      "never}\n",
	 "c:8:86: interactiveMode must be Never or IfAvailable"},
	{WITH "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: "
	      "Never, env: [{value: " MARK "}]}\n",
	 "c:8:99: an entry of env needs a name"},
};

static void test_mistakes(void **state)
{
	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		use("c", bad[i].yaml);
		refused("c", ORD_USAGE, bad[i].says);
	}
	/* The second of two files is named with its mistake. */
	put("ok", one);
	put("broken", "a: b: c\n");
	assert_int_equal(setenv("KUBECONFIG", "ok:broken", 1), 0);
	refused("here", ORD_USAGE, "broken:1:5: not YAML");
	assert_int_equal(setenv("KUBECONFIG", dir, 1), 0);
	refused("here", ORD_SYS, "Is a directory");
}

/* Whatever is cut off of a good file, it is read or refused with a place, and says no secret. */
static void test_cut(void **state)
{
	char text[sizeof one];

	for (size_t n = 0; n < sizeof one; n++) {
		struct kube_config *c = NULL;
		struct ord_err err = {0};

		memcpy(text, one, n);
		text[n] = '\0';
		use("c", text);
		if (kube_config_load("here", &c, &err))
			assert_null(strstr(err.msg, MARK));
		kube_config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, enter_dir, leave_dir);
}
