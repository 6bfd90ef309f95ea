/* TLS and proxies, against servers that misbehave (tls.py). The well-behaved one is a real API
 * server: tests/cluster/access. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "kube/config_private.h"
#include "kube/kube.h"
#include "tests/unit/kubeconfig_files.h"

#define SCRIPT	SOURCE_DIR "/tests/kube/tls.py"
#define TRUSTED ", certificate-authority: ca.crt"

/* --- the servers ----------------------------------------------------------------------------- */

struct server {
	pid_t pid;
	int in; /* ends when it is closed */
	FILE *said;
	unsigned port;
};

/* Its standard input and output are pipes: the ends are returned. */
static pid_t run(const char *mode, int *ret_in, int *ret_out)
{
	int in[2], out[2];
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1)
			(void)execlp("python3", "python3", SCRIPT, mode, ".", NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	*ret_in = in[1];
	*ret_out = out[0];
	return pid;
}

/* What it says next; owned. */
static json_t *said(struct server *s)
{
	char line[4096];
	json_t *json;

	assert_non_null(fgets(line, sizeof line, s->said));
	json = json_loads(line, 0, NULL);
	assert_non_null(json);
	return json;
}

static void start(struct server *s, const char *mode)
{
	json_t *first;
	int out;

	s->pid = run(mode, &s->in, &out);
	s->said = fdopen(out, "re");
	assert_non_null(s->said);
	first = said(s);
	s->port = (unsigned)json_integer_value(json_object_get(first, "port"));
	json_decref(first);
}

static void stop(struct server *s)
{
	(void)close(s->in);
	(void)waitpid(s->pid, NULL, 0);
	(void)fclose(s->said);
}

/* --- a client -------------------------------------------------------------------------------- */

struct world {
	struct server s;
	struct kube_config *config;
	struct kube *k;
	struct kube_answer a;
	struct ord_err err;
	uint64_t took_ms;
	bool again; /* what the server may have heard is asked again */
};

static void write_config(unsigned port, const char *cluster, const char *user)
{
	char text[1024];

	(void)snprintf(text, sizeof text,
		       "clusters:\n- {name: k, cluster: {server: 'https://127.0.0.1:%u'%s}}\n"
		       "contexts:\n- {name: c, context: {cluster: k, user: u}}\n"
		       "users:\n- {name: u, user: {%s}}\n",
		       port, cluster, user);
	use("c", text);
}

static void open_client(struct world *w, unsigned port, const char *cluster, const char *user)
{
	write_config(port, cluster, user);
	w->config = loaded("c");
	if (kube_open(w->config, &w->k, &w->err))
		fail_msg("%s", w->err.msg);
}

static void begin(struct world *w, const char *mode, const char *cluster, const char *user)
{
	memset(w, 0, sizeof *w);
	start(&w->s, mode);
	open_client(w, w->s.port, cluster, user);
}

static void close_client(struct world *w)
{
	kube_answer_done(&w->a);
	kube_close(w->k);
	kube_config_free(w->config);
}

static void end(struct world *w)
{
	close_client(w);
	stop(&w->s);
}

static int call(struct world *w, uint64_t ms)
{
	const struct kube_request req = {.method = "POST",
					 .path = "/x",
					 .deadline_ns = ord_now_ns() + ms * ORD_MS,
					 .once = !w->again};
	uint64_t began = ord_now_ns();
	int rc;

	kube_answer_done(&w->a);
	rc = kube_call(w->k, &req, &w->a, &w->err);
	w->took_ms = (ord_now_ns() - began) / ORD_MS;
	assert_null(strstr(w->err.msg, "s3cr3t"));
	return rc;
}

static const char *answer(const struct world *w, const char *key)
{
	return kube_text(w->a.body, key);
}

/* --- certificates ---------------------------------------------------------------------------- */

static void a_good_server(void **state)
{
	static const struct {
		const char *cluster, *encoding;
	} all[] = {{TRUSTED, "gzip"}, {TRUSTED ", disable-compression: true", ""}};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct world w;
		json_t *heard;

		begin(&w, "good", all[i].cluster, "token: s3cr3t");
		if (call(&w, 10000))
			fail_msg("%s", w.err.msg);
		assert_string_equal(answer(&w, "sni"), ""); /* an address is no name */
		heard = said(&w.s);
		assert_string_equal(kube_text(heard, "authorization"), "Bearer s3cr3t");
		assert_string_equal(kube_text(heard, "encoding"), all[i].encoding);
		json_decref(heard);
		end(&w);
	}
}

static void servers_that_are_not_trusted(void **state)
{
	static const struct {
		const char *mode, *cluster, *says;
	} all[] = {
		{"expired", TRUSTED, "certificate has expired"},
		{"wrong", TRUSTED, "no alternative certificate subject name matches"},
		{"stranger", TRUSTED, "unable to get local issuer certificate"},
		{"good", "", "unable to get local issuer certificate"},
		{"good", TRUSTED ", tls-server-name: elsewhere.example",
		 "no alternative certificate subject name matches"},
	};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct world w;

		begin(&w, all[i].mode, all[i].cluster, "token: s3cr3t");
		assert_int_equal(call(&w, 20000), -1);
		if (!strstr(w.err.msg, all[i].says))
			fail_msg("said: %s\nnot: %s", w.err.msg, all[i].says);
		/* It would be the same again. */
		assert_int_equal(w.a.tries, 1);
		assert_in_range(w.took_ms, 0, 9000);
		assert_non_null(strstr(w.err.msg, "https://127.0.0.1:"));
		end(&w);
	}
}

static void insecure_is_what_it_says(void **state)
{
	static const char *const modes[] = {"expired", "wrong", "stranger"};

	for (size_t i = 0; i < ORD_COUNT(modes); i++) {
		struct world w;

		begin(&w, modes[i], ", insecure-skip-tls-verify: true", "token: s3cr3t");
		if (call(&w, 10000))
			fail_msg("%s: %s", modes[i], w.err.msg);
		end(&w);
	}
}

/* The name goes into the handshake and is what is checked; where to connect to stays. */
static void a_name_of_its_own(void **state)
{
	struct world w;
	char host[32];

	begin(&w, "good", TRUSTED ", tls-server-name: kube.example", "token: s3cr3t");
	if (call(&w, 10000))
		fail_msg("%s", w.err.msg);
	(void)snprintf(host, sizeof host, "127.0.0.1:%u", w.s.port);
	assert_string_equal(answer(&w, "sni"), "kube.example");
	assert_string_equal(answer(&w, "host"), host);
	end(&w);
}

/* --- handshakes ------------------------------------------------------------------------------ */

static void a_handshake_that_stalls(void **state)
{
	struct world w;

	begin(&w, "stall", TRUSTED, "token: s3cr3t");
	assert_int_equal(call(&w, 600), -1);
	assert_in_range(w.took_ms, 595, 6000);
	assert_int_equal(w.err.sys_errno, ETIMEDOUT);
	assert_non_null(strstr(w.err.msg, "no answer within"));
	end(&w);
}

static void no_tls_there(void **state)
{
	struct world w;

	begin(&w, "plain", TRUSTED, "token: s3cr3t");
	assert_int_equal(call(&w, 20000), -1);
	assert_non_null(strstr(w.err.msg, "does not speak TLS"));
	assert_int_equal(w.a.tries, 1);
	assert_in_range(w.took_ms, 0, 9000);
	end(&w);
}

/* As one does that is being started again: until the deadline. */
static void closed_in_the_handshake(void **state)
{
	struct world w;

	begin(&w, "close", TRUSTED, "token: s3cr3t");
	assert_int_equal(call(&w, 900), -1);
	assert_non_null(strstr(w.err.msg, "SSL"));
	assert_true(w.a.tries > 1);
	assert_int_equal(w.a.status, 0);
	end(&w);
}

/* --- a client certificate -------------------------------------------------------------------- */

/* TLS 1.3 tells it only after the request was sent. Nobody has read that, so that it may be sent
 * again; the server leaves the connection open until the client has heard why. */
static void a_client_certificate_that_expired(void **state)
{
	static const char *const modes[] = {"mutual", "mutual-1.2"};

	for (size_t i = 0; i < ORD_COUNT(modes); i++) {
		struct world w;

		begin(&w, modes[i], TRUSTED,
		      "client-certificate: client-expired.crt, client-key: client-expired.key");
		w.again = !i;
		assert_int_equal(call(&w, 20000), -1);
		assert_non_null(strstr(w.err.msg, "the client certificate is refused"));
		assert_in_range(w.a.tries, 1, i ? 1 : 20);
		assert_in_range(w.took_ms, 0, 19000);
		/* Renewed in the kubeconfig. */
		write_config(w.s.port, TRUSTED,
			     "client-certificate: client.crt, client-key: client.key");
		w.config->again_ns = 0;
		if (call(&w, 20000))
			fail_msg("%s: %s", modes[i], w.err.msg);
		assert_in_range(w.a.tries, 2, i ? 2 : 20);
		end(&w);
	}
}

static void copy_file(const char *from, const char *to)
{
	ord_autofree char *text = NULL;

	assert_int_equal(ord_file_read(from, 65536, &text, NULL, NULL), 0);
	put("next", text);
	assert_int_equal(rename("next", to), 0);
}

/* The two files of a pair are not replaced at the same instant. */
static void a_pair_that_is_rotated(void **state)
{
	struct world w;

	copy_file("client-expired.crt", "mine.crt");
	copy_file("client-expired.key", "mine.key");
	begin(&w, "mutual-1.2", TRUSTED, "client-certificate: mine.crt, client-key: mine.key");
	assert_int_equal(call(&w, 20000), -1);
	copy_file("client.crt", "mine.crt");
	assert_int_equal(call(&w, 20000), -1);
	assert_non_null(strstr(w.err.msg, "the client certificate cannot be used"));
	copy_file("client.key", "mine.key");
	if (call(&w, 20000))
		fail_msg("%s", w.err.msg);
	end(&w);
}

/* --- proxies --------------------------------------------------------------------------------- */

static void through(struct world *w, struct server *proxy, const char *mode, const char *password)
{
	char cluster[256];

	memset(w, 0, sizeof *w);
	start(&w->s, "good");
	start(proxy, mode);
	(void)snprintf(cluster, sizeof cluster, TRUSTED ", proxy-url: 'http://%s%s127.0.0.1:%u'",
		       password, *password ? "@" : "", proxy->port);
	open_client(w, w->s.port, cluster, "token: s3cr3t");
}

static void a_proxy(void **state)
{
	struct server proxy;
	struct world w;
	json_t *heard;
	char at[32];

	/* The kubeconfig's word is stronger than the environment's, as kubectl's. */
	assert_int_equal(setenv("NO_PROXY", "127.0.0.1,*", 1), 0);
	through(&w, &proxy, "proxy", "who:s3cr3t%20word");
	if (call(&w, 10000))
		fail_msg("%s", w.err.msg);
	(void)snprintf(at, sizeof at, "127.0.0.1:%u", w.s.port);
	heard = said(&proxy);
	assert_string_equal(kube_text(heard, "connect"), at);
	assert_string_equal(kube_text(heard, "authorization"), ""); /* none of its business */
	json_decref(heard);
	(void)unsetenv("NO_PROXY");
	end(&w);
	stop(&proxy);
}

static void proxies_that_refuse(void **state)
{
	static const char *const passwords[] = {"", "who:wrong", "nobody:s3cr3t"};
	struct server proxy;
	struct world w;

	for (size_t i = 0; i < ORD_COUNT(passwords); i++) {
		through(&w, &proxy, "proxy", passwords[i]);
		assert_int_equal(call(&w, 20000), -1);
		assert_non_null(strstr(w.err.msg, "the proxy refuses"));
		assert_non_null(strstr(w.err.msg, "407"));
		assert_int_equal(w.a.tries, 1);
		assert_in_range(w.took_ms, 0, 9000);
		end(&w);
		stop(&proxy);
	}
	/* One that is busy is asked again. */
	through(&w, &proxy, "proxy-full", "who:s3cr3t%20word");
	assert_int_equal(call(&w, 900), -1);
	assert_non_null(strstr(w.err.msg, "503"));
	assert_true(w.a.tries > 1);
	end(&w);
	stop(&proxy);
}

static bool have_tools(void)
{
	int in, out, status;
	pid_t pid = run("certs", &in, &out);

	(void)close(in);
	(void)close(out);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_server),
		cmocka_unit_test(servers_that_are_not_trusted),
		cmocka_unit_test(insecure_is_what_it_says),
		cmocka_unit_test(a_name_of_its_own),
		cmocka_unit_test(a_handshake_that_stalls),
		cmocka_unit_test(no_tls_there),
		cmocka_unit_test(closed_in_the_handshake),
		cmocka_unit_test(a_client_certificate_that_expired),
		cmocka_unit_test(a_pair_that_is_rotated),
		cmocka_unit_test(a_proxy),
		cmocka_unit_test(proxies_that_refuse),
	};
	int rc;

	if (enter_dir(NULL))
		return 1;
	if (!have_tools()) {
		(void)fprintf(stderr, "needs python3 with ssl, and openssl\n");
		(void)leave_dir(NULL);
		return 77;
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)leave_dir(NULL);
	return rc;
}
