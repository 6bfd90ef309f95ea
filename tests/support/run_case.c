#include "tests/support/run_case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "ordeal/run.h"

#define AWAIT_NS (20 * ORD_S)

/* As root the leases' records lie in /run/ordeal: one of our own, so that no other run on this
 * machine is touched. */
static void own_run_directory(void)
{
	static bool done;

	if (done || geteuid() != 0)
		return;
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755") < 0)
		fail_msg("a mount namespace of its own: %s", strerror(errno));
	done = true;
}

void case_begin(struct run_case *c)
{
	char path[80];

	memset(c, 0, sizeof *c);
	own_run_directory();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1ul, 0, 0, 0);
	(void)snprintf(c->dir, sizeof c->dir, "/tmp/ordeal-test-run-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	(void)snprintf(path, sizeof path, "%s/run", c->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", path, 1), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", c->dir, 1), 0);
	(void)snprintf(c->runs, sizeof c->runs, "%s/runs", c->dir);
	assert_int_equal(http_server_start(&c->server), 0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void forget_lines(struct run_case *c)
{
	while (c->n)
		json_decref(c->lines[--c->n]);
}

/* Every child and every orphan of theirs must be over within 3 s. */
static bool all_over(void)
{
	uint64_t end = ord_now_ns() + 3 * ORD_S;

	while (ord_now_ns() < end) {
		pid_t r = waitpid(-1, NULL, WNOHANG);

		if (r < 0 && errno == ECHILD)
			return true;
		if (r == 0)
			(void)usleep(2000);
	}
	return false;
}

void case_end(struct run_case *c)
{
	bool over;

	if (c->pid > 0)
		(void)kill(c->pid, SIGKILL);
	if (c->server.pid > 0) /* 0 would be our whole process group */
		(void)kill(c->server.pid, SIGCONT);
	http_server_stop(&c->server);
	over = all_over();
	forget_lines(c);
	(void)nftw(c->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (!over)
		fail_msg("a process of the run is left");
}

/* In the child. */
static int run_here(const char *yaml, size_t size, const char *runs, const char *message)
{
	static struct ord_spec spec;
	static char dir[ORD_PATH_MAX];
	static const char *const argv[] = {"ordeal", "run", "case.yaml", NULL};
	const struct ord_run_options options = {.dir = runs, .argv = argv};
	struct ord_mistakes mistakes = {0};
	struct ord_plan plan = {0};
	struct ord_err err = {0};
	FILE *out;
	int r;

	if (ord_spec_parse(yaml, size, NULL, 0, &spec, &mistakes) < 0) {
		for (size_t i = 0; i < mistakes.n; i++)
			(void)fprintf(stderr, "%u:%u: %s\n", mistakes.v[i].line,
				      mistakes.v[i].column, mistakes.v[i].text);
		return 2;
	}
	r = ord_plan_build(&spec, 7, &plan, &err);
	if (r == 0)
		r = ord_run(&plan, &options, dir, &err);
	ord_plan_done(&plan);
	ord_spec_done(&spec);
	ord_mistakes_done(&mistakes);
	if (r == 0)
		return 0;
	out = fopen(message, "we");
	if (out) {
		(void)fprintf(out, "%s", err.msg);
		(void)fclose(out);
	}
	return 6;
}

void case_start(struct run_case *c, const char *body)
{
	static char text[8192], yaml[9000], message[128];
	int n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = snprintf(text, sizeof text, body, c->server.port, (int)c->server.pid);
#pragma GCC diagnostic pop
	assert_true(n > 0 && (size_t)n < sizeof text);
	n = snprintf(
		yaml, sizeof yaml,
		"apiVersion: ordeal.dev/v1\nkind: Experiment\nmetadata: {name: case}\nspec:\n%s",
		text);
	(void)snprintf(message, sizeof message, "%s/message", c->dir);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		/* By itself it would be a child of ordeal's own, which may not be hit. */
		exit(run_here(yaml, (size_t)n, c->runs, message));
	}
}

int case_wait(struct run_case *c, unsigned seconds)
{
	uint64_t end = ord_now_ns() + seconds * ORD_S;
	ord_autofree char *text = NULL;
	char path[128];
	int status = 0;

	while (waitpid(c->pid, &status, WNOHANG) == 0) {
		if (ord_now_ns() > end)
			fail_msg("the run did not end within %u s", seconds);
		(void)usleep(2000);
	}
	c->pid = 0;
	(void)snprintf(path, sizeof path, "%s/message", c->dir);
	if (ord_file_read(path, sizeof c->message - 1, &text, NULL, NULL) == 0)
		(void)snprintf(c->message, sizeof c->message, "%s", text);
	case_read(c);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void case_read(struct run_case *c)
{
	ord_autofree char *text = NULL;
	char path[128];

	forget_lines(c);
	(void)snprintf(path, sizeof path, "%s/latest/run.jsonl", c->runs);
	if (ord_file_read(path, 64u << 20, &text, NULL, NULL) < 0)
		return;
	for (char *at = text, *nl; (nl = strchr(at, '\n')) && c->n < CASE_LINES; at = nl + 1) {
		json_t *line = json_loadb(at, (size_t)(nl - at), JSON_REJECT_DUPLICATES, NULL);

		if (!line)
			fail_msg("not a line: %.*s", (int)(nl - at), at);
		c->lines[c->n++] = line;
	}
}

const char *case_text(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

int64_t case_int(const json_t *line, const char *key)
{
	if (!json_is_integer(json_object_get(line, key)))
		fail_msg("no integer '%s'", key);
	return json_integer_value(json_object_get(line, key));
}

const json_t *case_line(const struct run_case *c, size_t i, const char *e, const char *key,
			const char *value)
{
	for (size_t at = 0; at < c->n; at++)
		if (!strcmp(case_text(c->lines[at], "e"), e) &&
		    (!key || !strcmp(case_text(c->lines[at], key), value)) && i-- == 0)
			return c->lines[at];
	return NULL;
}

const json_t *case_await(struct run_case *c, const char *e, const char *key, const char *value)
{
	uint64_t end = ord_now_ns() + AWAIT_NS;

	while (ord_now_ns() < end) {
		const json_t *line;

		case_read(c);
		line = case_line(c, 0, e, key, value);
		if (line)
			return line;
		(void)usleep(1000);
	}
	fail_msg("no line %s with %s %s", e, key, value);
	return NULL;
}

char case_state(pid_t pid)
{
	char path[40], text[512];
	const char *at;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (ord_file_peek(AT_FDCWD, path, text, sizeof text) <= 0)
		return 0;
	at = strrchr(text, ')');
	return at && at[1] ? at[2] : (char)0;
}

pid_t case_child(const struct run_case *c, const char *comm)
{
	DIR *proc = opendir("/proc");
	pid_t found = 0;

	assert_non_null(proc);
	for (struct dirent *d; !found && (d = readdir(proc));) {
		char path[300], text[512], name[32] = "";
		const char *end;
		int ppid = 0;

		(void)snprintf(path, sizeof path, "/proc/%s/stat", d->d_name);
		if (ord_file_peek(AT_FDCWD, path, text, sizeof text) <= 0 ||
		    !(end = strrchr(text, ')')))
			continue;
		if (sscanf(end, ") %*c %d", &ppid) == 1 && ppid == c->pid &&
		    sscanf(text, "%*d (%31[^)]", name) == 1 && !strcmp(name, comm))
			found = (pid_t)strtol(d->d_name, NULL, 10);
	}
	(void)closedir(proc);
	return found;
}

size_t case_records(const struct run_case *c)
{
	char path[128];
	size_t n = 0;
	DIR *d;

	if (geteuid() == 0)
		(void)snprintf(path, sizeof path, "/run/ordeal/undo");
	else
		(void)snprintf(path, sizeof path, "%s/run/ordeal/undo", c->dir);
	d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		(void)closedir(d);
	return n;
}
