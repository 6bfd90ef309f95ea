/*
 * Docker's API (v1.12 and later: GET /containers/ID/json), which Podman speaks as well. The daemon
 * itself decides between names, ids and beginnings of ids.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/container/ask.h"
#include "base/json.h"

static const struct ord_json_limits limits = {.size = 4u << 20, .depth = 32};

struct daemon {
	enum ord_runtime runtime;
	const char *env;      /* may name its socket */
	const char *usual;    /* root's */
	const char *ones_own; /* below $XDG_RUNTIME_DIR */
};

static const struct daemon daemons[] = {
	{ORD_RUNTIME_DOCKER, "DOCKER_HOST", "/var/run/docker.sock", "docker.sock"},
	{ORD_RUNTIME_PODMAN, "CONTAINER_HOST", "/run/podman/podman.sock", "podman/podman.sock"},
};

/* "message" of Docker's errors; Podman has it too. */
static void tell_error(struct ask *a, const char *who, const char *socket, long status,
		       const char *body)
{
	ord_auto(json) json_t *json = NULL;
	const char *message = NULL;

	if (!ord_json_parse(body, strlen(body), &limits, &json, NULL))
		message = json_string_value(json_object_get(json, "message"));
	ask_tell(a, "%s (%s): %ld %.120s", who, socket, status,
		 message ? message : "without a reason");
}

/* The name has a slash in front, which stems from links between containers. */
static bool read_container(struct ask *a, const struct daemon *d, const char *socket,
			   const json_t *json)
{
	struct container c = {.runtime = d->runtime};
	const json_t *state = json_object_get(json, "State");
	const char *id = json_string_value(json_object_get(json, "Id")),
		   *name = json_string_value(json_object_get(json, "Name")),
		   *status = json_string_value(json_object_get(state, "Status"));
	json_int_t pid = json_integer_value(json_object_get(state, "Pid"));

	name = name && *name == '/' ? name + 1 : name;
	if (!id || !name || !*id || strlen(id) >= sizeof c.id || strlen(name) >= sizeof c.name)
		return false;
	(void)snprintf(c.id, sizeof c.id, "%s", id);
	(void)snprintf(c.name, sizeof c.name, "%s", name);
	if (!ask_fits(a, id, name)) {
		ask_tell(a, "%s (%s): '%.64s' is a container's %s", ord_runtime_name(d->runtime),
			 socket, a->target->text, strcmp(name, a->target->text) ? "id" : "name");
	} else if (pid <= 0) {
		ask_tell(a, "%s (%s): container '%.64s' does not run%s%.32s",
			 ord_runtime_name(d->runtime), socket, name, status ? ", it is " : "",
			 status ? status : "");
	} else {
		c.init = (pid_t)pid;
		c.start = container_start(c.init, id);
		if (c.start)
			ask_found(a, &c);
		else
			ask_tell(a,
				 "%s (%s): process %ld, which it names, is not that container's "
				 "here: it has just ended, or the daemon is in another machine or "
				 "PID namespace",
				 ord_runtime_name(d->runtime), socket, (long)pid);
	}
	return true;
}

static void ask_socket(struct ask *a, const struct daemon *d, const char *socket)
{
	const char *who = ord_runtime_name(d->runtime);
	ord_autofree char *body = NULL;
	ord_auto(json) json_t *json = NULL;
	char path[320], why[160];
	long status;

	(void)snprintf(path, sizeof path, "/containers/%s/json", a->target->text);
	status = container_get(socket, path, a->deadline_ns, &body, sizeof why, why);
	if (!status) {
		a->refused = true;
		ask_tell(a, "%s (%s): %s", who, socket, why);
	} else if (status == 404) {
		ask_tell(a, "%s (%s): no such container", who, socket);
	} else if (status != 200) {
		a->refused = true;
		tell_error(a, who, socket, status, body);
	} else if (ord_json_parse(body, strlen(body), &limits, &json, NULL) ||
		   !read_container(a, d, socket, json)) {
		a->refused = true;
		ask_tell(a, "%s (%s): its answer is not Docker's", who, socket);
	}
}

/* What stands at a place of its own accord must be ours or root's: its answer is believed. */
static void ask_usual(struct ask *a, const struct daemon *d, const char *socket, bool trusted)
{
	const char *who = ord_runtime_name(d->runtime);
	struct stat st;

	if (stat(socket, &st) && (errno == ENOENT || errno == ENOTDIR)) {
		ask_tell(a, "%s (%s): there is no such socket", who, socket);
	} else if (access(socket, R_OK | W_OK)) {
		a->refused = true;
		ask_tell(a, "%s (%s): %s", who, socket,
			 errno == EACCES ? "this user may not ask it; run as root"
					 : strerror(errno));
	} else if (!S_ISSOCK(st.st_mode)) {
		a->refused = true;
		ask_tell(a, "%s (%s): this is no socket", who, socket);
	} else if (!trusted && st.st_uid && st.st_uid != geteuid()) {
		a->refused = true;
		ask_tell(a,
			 "%s (%s): it is user %u's, whose word is not taken; name it if it "
			 "shall be",
			 who, socket, (unsigned)st.st_uid);
	} else {
		ask_socket(a, d, socket);
	}
}

/* DOCKER_HOST and CONTAINER_HOST may name a socket, or another machine, whose processes are none of
 * ours. */
static void ask_named(struct ask *a, const struct daemon *d, const char *url)
{
	if (!strncmp(url, "unix://", 7))
		ask_usual(a, d, url + 7, true);
	else
		ask_tell(a, "%s: %s is %.64s: only unix:// is this machine's",
			 ord_runtime_name(d->runtime), d->env, url);
}

static void ask_daemon(struct ask *a, const struct daemon *d)
{
	const char *url = secure_getenv(d->env), *own = secure_getenv("XDG_RUNTIME_DIR");
	char path[512];
	struct stat st;

	if (*a->target->socket) {
		ask_usual(a, d, a->target->socket, true);
		return;
	}
	if (url && *url) {
		ask_named(a, d, url);
		return;
	}
	ask_usual(a, d, d->usual, false);
	if (!own || *own != '/')
		return;
	(void)snprintf(path, sizeof path, "%s/%s", own, d->ones_own);
	if (!stat(path, &st))
		ask_usual(a, d, path, false);
}

/* The text becomes part of a path: what no container's name or id has in it is not asked for. */
static bool may_be_asked(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
	       strlen(text);
}

void ask_daemons(struct ask *a)
{
	if (!may_be_asked(a->target->text))
		return;
	for (size_t i = 0; i < ORD_COUNT(daemons); i++) {
		/* A socket alone: both speak Docker's API, so one question is enough. */
		if (!ask_is_wanted(a, daemons[i].runtime) ||
		    (i && *a->target->socket && a->target->runtime == ORD_RUNTIME_ANY))
			continue;
		ask_daemon(a, &daemons[i]);
	}
}
