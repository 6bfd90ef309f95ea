/*
 * Lists of kubeconfigs, made at random, as kubectl reads them (`config view --minify --flatten`)
 * and as we do: the same server, namespace, certificates and credentials for every context, and the
 * same contexts refused. SEED=N repeats a run, ROUNDS=N lengthens it.
 */
#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "kube/config_private.h"

#define FILES 4
#define NAMES 3 /* of contexts, clusters, users: few, so that files meet */

static char dir[64];
static struct ord_rng rng;

static unsigned below(unsigned n)
{
	return (unsigned)ord_rng_below(&rng, n);
}

static bool often(void)
{
	return below(4) != 0;
}

/* A file with a PEM that names it, so that a wrong one is seen. */
static void pem_file(const char *path)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	(void)fprintf(f, "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", path);
	(void)fclose(f);
}

static void pem_field(FILE *f, const char *key, unsigned file)
{
	if (below(2)) {
		char path[160];

		(void)snprintf(path, sizeof path, "%s/d%u/%s.%u", dir, file, key, below(3));
		pem_file(path);
		(void)fprintf(f, ", %s: %s", key, below(2) ? path : strrchr(path, '/') + 1);
	} else {
		/* "-----BEGIN X-----a", "...b" and so on */
		static const char *const data[] = {"LS0tLS1CRUdJTiBYLS0tLS1h",
						   "LS0tLS1CRUdJTiBYLS0tLS1i",
						   "LS0tLS1CRUdJTiBYLS0tLS1jYw=="};

		(void)fprintf(f, ", %s-data: %s", key, data[below(3)]);
	}
}

static void cluster(FILE *f, unsigned file)
{
	(void)fprintf(f, "{server: 'https://s%u.f%u:1%s'", below(9), file, below(2) ? "/" : "");
	if (below(3) == 0)
		(void)fprintf(f, ", tls-server-name: n%u", below(9));
	if (below(4) == 0)
		(void)fprintf(f, ", insecure-skip-tls-verify: true");
	else if (often())
		pem_field(f, "certificate-authority", file);
	(void)fprintf(f, "}\n");
}

static void user(FILE *f, unsigned file)
{
	(void)fprintf(f, "{unknown: 1");
	switch (below(4)) {
	case 0:
		(void)fprintf(f, ", token: t%u-f%u", below(9), file);
		break;
	case 1:
		(void)fprintf(f, ", username: u%u, password: p%u", below(9), file);
		break;
	case 2:
		pem_field(f, "client-certificate", file);
		pem_field(f, "client-key", file);
		break;
	default:
		break;
	}
	(void)fprintf(f, "}\n");
}

static void context(FILE *f)
{
	(void)fprintf(f, "{cluster: k%u, user: u%u", below(NAMES), below(NAMES));
	if (below(2))
		(void)fprintf(f, ", namespace: ns%u", below(9));
	(void)fprintf(f, "}\n");
}

static void write_file(unsigned i)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/d%u", dir, i);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "%s/d%u/c", dir, i);
	f = fopen(path, "we");
	assert_non_null(f);
	if (below(2))
		(void)fprintf(f, "current-context: c%u\n", below(NAMES));
	for (unsigned list = 0; list < 3; list++) {
		static const char *const lists[] = {"clusters", "users", "contexts"};
		bool begun = false;

		for (unsigned n = 0; n < NAMES; n++) {
			if (below(5) < 2)
				continue;
			if (!begun)
				(void)fprintf(f, "%s:\n", lists[list]);
			begun = true;
			(void)fprintf(f, "- name: %c%u\n  %.*s: ",
				      list == 0	  ? 'k'
				      : list == 1 ? 'u'
						  : 'c',
				      n, (int)strlen(lists[list]) - 1, lists[list]);
			list == 0 ? cluster(f, i) : list == 1 ? user(f, i) : context(f);
		}
	}
	(void)fclose(f);
}

/* kubectl's view of one context; NULL: it refuses. */
static json_t *kubectl(const char *context_name)
{
	char program[256];
	int out[2], status;
	json_t *view;
	FILE *f;
	pid_t pid;

	(void)snprintf(program, sizeof program, "%s/kubectl", getenv("CLUSTER"));
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		(void)dup2(out[1], 1);
		(void)execl(program, "kubectl", "config", "view", "--minify", "--flatten", "--raw",
			    "-o", "json", "--context", context_name, (char *)NULL);
		_exit(127);
	}
	(void)close(out[1]);
	f = fdopen(out[0], "r");
	view = json_loadf(f, 0, NULL);
	(void)fclose(f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 127);
	if (WEXITSTATUS(status)) {
		json_decref(view);
		return NULL;
	}
	assert_non_null(view);
	return view;
}

static const json_t *inner(const json_t *view, const char *list, const char *key)
{
	return json_object_get(json_array_get(json_object_get(view, list), 0), key);
}

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value ? value : "";
}

static void same_pem(const json_t *theirs, const char *key, const char *ours, size_t size)
{
	struct kube_secret want = {0};
	size_t bad;

	if (!*text(theirs, key)) {
		assert_null(ours);
		return;
	}
	assert_int_equal(cfg_base64(text(theirs, key), &want, &bad), 0);
	assert_non_null(ours);
	assert_int_equal(size, want.size);
	assert_memory_equal(ours, want.text, size);
	kube_secret_done(&want);
}

static void same_user(const json_t *u, struct kube_config *c)
{
	const char *auth = NULL;
	struct kube_tls tls;
	char bearer[64];

	assert_int_equal(kube_config_authorization(c, &auth, NULL), 0);
	assert_int_equal(kube_config_tls(c, &tls, NULL), 0);
	same_pem(u, "client-certificate-data", tls.cert, tls.cert_size);
	same_pem(u, "client-key-data", tls.key, tls.key_size);
	if (*text(u, "token")) {
		(void)snprintf(bearer, sizeof bearer, "Bearer %s", text(u, "token"));
		assert_string_equal(auth, bearer);
	} else if (*text(u, "username")) {
		struct kube_secret plain = {0};
		size_t bad;

		(void)snprintf(bearer, sizeof bearer, "%s:%s", text(u, "username"),
			       text(u, "password"));
		assert_memory_equal(auth, "Basic ", 6);
		assert_int_equal(cfg_base64(auth + 6, &plain, &bad), 0);
		assert_string_equal(plain.text, bearer);
		kube_secret_done(&plain);
	} else {
		assert_null(auth);
	}
}

static void same_cluster(const json_t *k, struct kube_config *c)
{
	char server[128];
	struct kube_tls tls;

	(void)snprintf(server, sizeof server, "%s", text(k, "server"));
	if (server[strlen(server) - 1] == '/')
		server[strlen(server) - 1] = '\0';
	assert_string_equal(kube_config_server(c), server);
	assert_int_equal(kube_config_tls(c, &tls, NULL), 0);
	assert_string_equal(tls.server_name ? tls.server_name : "", text(k, "tls-server-name"));
	assert_int_equal(tls.insecure,
			 json_is_true(json_object_get(k, "insecure-skip-tls-verify")));
	same_pem(k, "certificate-authority-data", tls.ca, tls.ca_size);
}

static unsigned accepted, refused;

static void compare(const char *name)
{
	json_t *view = kubectl(name);
	const json_t *k = inner(view, "clusters", "cluster"), *u = inner(view, "users", "user"),
		     *x = inner(view, "contexts", "context");
	struct kube_config *c = NULL;
	struct ord_err err = {0};
	int rc = kube_config_load(name, &c, &err);

	if (!view || !k || !u) {
		if (!rc)
			fail_msg("we accept %s, kubectl does not", name);
		assert_true(err.code == ORD_GUARD || err.code == ORD_USAGE);
		refused++;
	} else {
		if (rc)
			fail_msg("kubectl accepts %s, we do not: %s", name, err.msg);
		assert_string_equal(kube_config_cluster(c), text(x, "cluster"));
		assert_string_equal(kube_config_namespace(c),
				    *text(x, "namespace") ? text(x, "namespace") : "default");
		same_cluster(k, c);
		same_user(u, c);
		accepted++;
	}
	kube_config_free(c);
	json_decref(view);
}

static void test_merge(void **state)
{
	const char *text_seed = getenv("SEED"), *text_rounds = getenv("ROUNDS");
	uint64_t seed = text_seed ? strtoull(text_seed, NULL, 10) : (uint64_t)time(NULL);
	unsigned rounds = text_rounds ? (unsigned)strtoul(text_rounds, NULL, 10) : 12;

	(void)printf("seed %llu\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	for (unsigned r = 0; r < rounds; r++) {
		char list[512] = "";

		for (unsigned i = 0; i < FILES; i++)
			write_file(i);
		for (unsigned i = 0, n = 1 + below(FILES); i < n; i++)
			(void)snprintf(list + strlen(list), sizeof list - strlen(list), "%sd%u/%s",
				       i ? ":" : "", below(FILES), below(6) ? "c" : "missing");
		assert_int_equal(setenv("KUBECONFIG", list, 1), 0);
		for (unsigned i = 0; i < NAMES; i++) {
			char name[8];

			(void)snprintf(name, sizeof name, "c%u", i);
			compare(name);
		}
	}
	(void)printf("%u contexts accepted, %u refused\n", accepted, refused);
	assert_true(accepted > rounds / 4 && refused > 0); /* else this shows nothing */
}

static int begin(void **state)
{
	(void)snprintf(dir, sizeof dir, "/tmp/ordeal-merge.XXXXXX");
	return mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static int end(void **state)
{
	char command[96];
	pid_t pid = fork();

	(void)snprintf(command, sizeof command, "%s", dir);
	if (!pid) {
		(void)execlp("rm", "rm", "-r", command, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_merge)};

	return cmocka_run_group_tests(tests, begin, end);
}
