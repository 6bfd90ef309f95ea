#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* $ORDEAL_TEST_INJECTOR: another build of it, as the static one. */
static const char *injector(void)
{
	const char *other = getenv("ORDEAL_TEST_INJECTOR");

	return other ? other : BUILD_DIR "/injector/host/ordeal-injector";
}

static void injector_copy(const char *to)
{
	int from = open(injector(), O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0755);
	char buf[65536];
	ssize_t n;

	must(from >= 0 && out >= 0);
	while ((n = read(from, buf, sizeof buf)) > 0)
		must(write(out, buf, (size_t)n) == n);
	must_sys(fchmod(out, 0755)); /* whatever the umask */
	(void)close(from);
	(void)close(out);
}

static _Noreturn void run_as(uid_t uid)
{
	char *const none[] = {NULL};

	if (uid == 0)
		(void)execl(injector(), "ordeal-injector", (char *)NULL);
	else if (setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 &&
		 setresuid(uid, uid, uid) == 0)
		(void)execle("/run/ordeal-injector", "ordeal-injector", (char *)NULL, none);
	_exit(127);
}

void driver_spawn_as(struct driver *d, uid_t uid)
{
	int in[2], out[2];

	if (uid != 0 && access("/run/ordeal-injector", X_OK) < 0)
		injector_copy("/run/ordeal-injector");
	must_sys(pipe2(in, O_CLOEXEC));
	must_sys(pipe2(out, O_CLOEXEC));
	d->used = 0;
	d->pid = fork();
	must_sys(d->pid);
	if (d->pid == 0) {
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
			_exit(126);
		run_as(uid);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	d->in = in[1];
	d->out = out[0];
}

void driver_spawn(struct driver *d)
{
	driver_spawn_as(d, 0);
}

void driver_send(struct driver *d, const char *line)
{
	must(write(d->in, line, strlen(line)) == (ssize_t)strlen(line));
	must(write(d->in, "\n", 1) == 1);
}

json_t *driver_next(struct driver *d, unsigned within_ms)
{
	uint64_t limit = now_ms() + within_ms;

	for (;;) {
		char *end = memchr(d->buf, '\n', d->used);
		struct pollfd p = {.fd = d->out, .events = POLLIN};
		uint64_t now = now_ms();
		ssize_t n;

		if (end) {
			json_t *event = json_loadb(d->buf, (size_t)(end - d->buf),
						   JSON_REJECT_DUPLICATES, NULL);

			must(event);
			d->used -= (size_t)(end + 1 - d->buf);
			memmove(d->buf, end + 1, d->used);
			return event;
		}
		if (now >= limit || poll(&p, 1, (int)(limit - now)) <= 0)
			die("no event within %u ms", within_ms);
		n = read(d->out, d->buf + d->used, sizeof d->buf - d->used);
		must_sys(n);
		if (n == 0)
			return NULL;
		d->used += (size_t)n;
	}
}

static _Noreturn void ended(struct driver *d, const char *event)
{
	int status = driver_reap(d, 3000);

	if (status == 256 + SIGKILL)
		die("the injector was killed without a '%s': by its guardian, where it was stopped "
		    "or starved",
		    event);
	die("the injector ended with %d without a '%s'", status, event);
}

json_t *driver_until(struct driver *d, const char *event, unsigned within_ms)
{
	for (;;) {
		json_t *e = driver_next(d, within_ms);
		const char *name = e ? json_string_value(json_object_get(e, "event")) : NULL;

		if (!e)
			ended(d, event);
		if (name && strcmp(name, event) == 0)
			return e;
		if (name && strcmp(name, "failed") == 0 && strcmp(event, "injected") == 0 &&
		    strcmp(json_string_value(json_object_get(e, "code")), "skip") == 0)
			skip("%s", json_string_value(json_object_get(e, "message")));
		if (name && strcmp(name, "failed") == 0 && strcmp(event, "reverted") != 0)
			die("no '%s' but %s", event, json_dumps(e, JSON_COMPACT));
		json_decref(e);
	}
}

void driver_close(struct driver *d)
{
	(void)close(d->in);
	(void)close(d->out);
	d->in = d->out = -1;
}

int driver_reap(struct driver *d, unsigned within_ms)
{
	uint64_t limit = now_ms() + within_ms;
	int status;
	pid_t pid;

	while ((pid = waitpid(d->pid, &status, WNOHANG)) == 0) {
		if (now_ms() >= limit)
			die("the injector has not ended within %u ms", within_ms);
		nap_ms(1);
	}
	must_sys(pid);
	if (d->in >= 0)
		driver_close(d);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

json_t *driver_op_as(const char *op, uid_t uid)
{
	struct driver *d = malloc(sizeof *d);
	char line[128];
	json_t *event;

	must(d);
	(void)snprintf(line, sizeof line, "{\"protocol\":1,\"op\":\"%s\"}", op);
	driver_spawn_as(d, uid);
	driver_send(d, line);
	event = driver_next(d, 60000);
	must(event);
	(void)driver_reap(d, 2000);
	free(d);
	return event;
}

json_t *driver_op(const char *op)
{
	return driver_op_as(op, 0);
}

char *request_add(const char *lease, const char *fault, const char *args, const char *place,
		  uint64_t hold_ns)
{
	const char *engine = getenv("ORDEAL_TEST_ENGINE");
	char *text;

	must_sys(asprintf(&text,
			  "{\"protocol\":1,\"op\":\"add\",\"lease\":\"%s\",\"fault\":\"%s\","
			  "\"args\":%s,\"target\":%s,"
			  "\"hold_ns\":%llu,\"seed\":7%s%s%s}",
			  lease, fault, args, place, (unsigned long long)hold_ns,
			  engine ? ",\"engine\":\"" : "", engine ? engine : "",
			  engine ? "\"" : ""));
	return text;
}

static unsigned long long start_of(pid_t pid)
{
	char path[64], text[1024] = "", *at;
	unsigned long long start = 0;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	(void)close(fd);
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	must(at && sscanf(at, "%llu", &start) == 1);
	return start;
}

char *place_of(const struct target *t)
{
	unsigned long long start = start_of(t->pid);
	struct stat st;
	char *text;

	if (t->netns < 0) {
		must_sys(asprintf(&text, "{\"procs\":[[%d,%llu,\"target\"]]}", t->pid, start));
		return text;
	}
	must_sys(fstat(t->netns, &st));
	must_sys(asprintf(&text,
			  "{\"procs\":[[%d,%llu,\"target\"]],\"netns\":\"/proc/%d/ns/"
			  "net\",\"netns_ino\":%llu}",
			  t->pid, start, t->pid, (unsigned long long)st.st_ino));
	return text;
}

pid_t lease_pid(const char *lease, const char *who)
{
	char path[256];
	json_t *record;
	pid_t pid;

	(void)snprintf(path, sizeof path, "/run/ordeal/undo/%s.json", lease);
	record = json_load_file(path, 0, NULL);
	pid = (pid_t)json_integer_value(json_array_get(json_object_get(record, who), 0));
	json_decref(record);
	return pid;
}
