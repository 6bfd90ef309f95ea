/* Finding an injector program, and starting it. */
#include "scheduler/holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

static bool found(const char *path)
{
	return access(path, X_OK) == 0 || (errno == EACCES && access(path, F_OK) == 0);
}

enum { STATIC = ORD_PROGRAM_KUBE + 1 };

/* The programs, and where they are found. */
static const struct {
	const char *name, *env;
	const char *beside[3];
} programs[] = {
	[ORD_PROGRAM_HOST] =
		{"ordeal-injector",
		 "ORDEAL_INJECTOR",
		 {
			 "../injector/host/ordeal-injector",	/* build tree, from cli/ */
			 "../../injector/host/ordeal-injector", /* from tests/unit/ */
			 "../libexec/ordeal/ordeal-injector",	/* moved installation */
		 }},
	[ORD_PROGRAM_KUBE] = {"ordeal-injector-kube",
			      "ORDEAL_INJECTOR_KUBE",
			      {
				      "../injector/kube/ordeal-injector-kube",
				      "../../injector/kube/ordeal-injector-kube",
				      "../libexec/ordeal/ordeal-injector-kube",
			      }},
	[STATIC] = {"ordeal-injector-static",
		    "ORDEAL_INJECTOR_STATIC",
		    {
			    "../injector/host/ordeal-injector-static",
			    "../../injector/host/ordeal-injector-static",
			    "../libexec/ordeal/ordeal-injector-static",
		    }},
};

/* The first of the known places that holds the program. Installed 0750, it need not be executable
 * for us: sudo's work. */
static int find_injector(int which, char ret[ORD_PATH_MAX], struct ord_err *err)
{
	const char *name = programs[which].name, *env = getenv(programs[which].env);
	char self[ORD_PATH_MAX - 64];
	ssize_t n;

	if (env && *env) {
		(void)snprintf(ret, ORD_PATH_MAX, "%s", env);
		if (*env == '/' && found(env))
			return 0;
		return ord_fail(err, ORD_USAGE, "%s is '%s': not the absolute path of a program",
				programs[which].env, env);
	}
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n > 0) {
		self[n] = '\0';
		(void)dirname(self);
		for (size_t i = 0; i < ORD_COUNT(programs[which].beside); i++) {
			(void)snprintf(ret, ORD_PATH_MAX, "%s/%s", self, programs[which].beside[i]);
			if (found(ret))
				return 0;
		}
	}
	(void)snprintf(ret, ORD_PATH_MAX, "%s/%s", ORDEAL_LIBEXEC_DIR, name);
	if (found(ret))
		return 0;
	return ord_fail(err, ORD_SKIP, "%s is not in %s; install it, or name it in %s", name,
			ORDEAL_LIBEXEC_DIR, programs[which].env);
}

int holder_find_static(char ret[ORD_PATH_MAX], struct ord_err *err)
{
	return find_injector(STATIC, ret, err);
}

static bool forbidden(const char *path)
{
	return access(path, X_OK) < 0 && errno == EACCES;
}

bool ord_holder_may_run(void)
{
	char path[ORD_PATH_MAX];
	struct ord_err err;

	return find_injector(ORD_PROGRAM_HOST, path, &err) < 0 || !forbidden(path);
}

/* Without "..": a rule in sudoers names one path, and so must we. */
static void as_sudo_knows_it(char path[ORD_PATH_MAX])
{
	ord_autofree char *real = realpath(path, NULL);

	if (real && strlen(real) < ORD_PATH_MAX)
		memcpy(path, real, strlen(real) + 1);
}

static int set_nonblock(int fd, struct ord_err *err)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return ord_fail_sys(err, "F_SETFL");
	return 0;
}

/* 0, 1 and 2 of the child are the given descriptors, and it has no others. */
static int child_files(posix_spawn_file_actions_t *files, int in, int out, int log)
{
	int r = posix_spawn_file_actions_adddup2(files, in, 0);

	r = r ? r : posix_spawn_file_actions_adddup2(files, out, 1);
	r = r ? r : posix_spawn_file_actions_adddup2(files, log, 2);
	return r ? r : posix_spawn_file_actions_addclosefrom_np(files, 3);
}

/* The injector is there, and its mode keeps this user from it. Root's own group is nobody's
 * to join. */
static int not_allowed(const char *path, struct ord_err *err)
{
	struct group group, *found = NULL;
	char text[1024];
	struct stat st;

	if (!stat(path, &st) && st.st_gid &&
	    !getgrgid_r(st.st_gid, &group, text, sizeof text, &found) && found)
		return ord_fail(err, ORD_SKIP,
				"'%s' may not be run by this user: join the group '%s', or "
				"run ordeal as root",
				path, group.gr_name);
	return ord_fail(err, ORD_SKIP,
			"'%s' may not be run by this user: run ordeal as root, or let a "
			"group run it: chgrp ordeal '%s'",
			path, path);
}

/*
 * A process group of its own: Ctrl-C is for us to turn into a revert with a stated cause. What
 * leads to another machine has a session of its own, and so no terminal to ask for a password at.
 * Signals as at birth, whatever we block or ignore.
 */
static int child_attributes(posix_spawnattr_t *attr, bool far)
{
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawnattr_setflags(attr,
				     (short)((far ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP) |
					     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
	r = r ? r : posix_spawnattr_setpgroup(attr, 0);
	r = r ? r : posix_spawnattr_setsigmask(attr, &none);
	return r ? r : posix_spawnattr_setsigdefault(attr, &all);
}

/* file is looked for in $PATH where it has no slash. Returns an errno. */
static int spawn_words(struct ord_holder *h, int in, int out, const char *file, char *const *words)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return r;
	r = posix_spawnattr_init(&attr);
	if (!r) {
		r = child_files(&files, in, out, h->log);
		r = r ? r : child_attributes(&attr, h->is_far);
		r = r ? r : posix_spawnp(&h->pid, file, &files, &attr, words, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

static int spawn(struct ord_holder *h, int in, int out, struct ord_err *err)
{
	char *direct[] = {h->path, NULL};
	char *by_sudo[] = {(char[]){"sudo"}, (char[]){"-n"}, (char[]){"--"}, h->path, NULL};
	int r = spawn_words(h, in, out, h->sudo ? "/usr/bin/sudo" : h->path,
			    h->sudo ? by_sudo : direct);

	if (!r)
		return 0;
	errno = r;
	if (h->sudo && r == ENOENT && forbidden(h->path))
		return not_allowed(h->path, err);
	errno = r;
	if (h->sudo && r == ENOENT)
		return ord_fail(
			err, ORD_SKIP,
			"this needs root, and there is no /usr/bin/sudo: run ordeal as root");
	if (r == EACCES)
		return not_allowed(h->path, err);
	return ord_fail_sys(err, "start '%s'", h->path);
}

const char *holder_socket_path(void)
{
	const char *env = getenv("ORDEAL_INJECTOR_SOCKET");

	if (env)
		return *env ? env : NULL;
	return ORDEAL_SOCKET;
}

/* A connection to the socket, through which root's injector serves whom its policy names; -1 where
 * there is none for this user. */
static int socket_connect(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	ord_autoclose int fd = -1;

	if (!path || strlen(path) >= sizeof to.sun_path)
		return -1;
	memcpy(to.sun_path, path, strlen(path) + 1);
	/* Nonblocking: a queue that is full is as good as nobody there. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
		return -1;
	return ord_steal_fd(&fd);
}

bool ord_holder_by_socket(void)
{
	const char *path = holder_socket_path();

	return geteuid() != 0 && path && access(path, W_OK) == 0;
}

/* True where the socket is the way: a host's fault, or what root is asked for. */
static bool take_socket(struct ord_holder *h)
{
	const char *path = holder_socket_path();
	int fd = socket_connect(path);

	if (fd < 0)
		return false;
	h->in = fd;
	h->out = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (h->out < 0) {
		ord_close(&h->in);
		return false;
	}
	h->socket = true;
	h->sudo = false;
	(void)snprintf(h->path, sizeof h->path, "%s", path);
	return true;
}

/* Its pipes, and the program behind them: h->path, or that of the words. */
static int start(struct ord_holder *h, char *const *words, struct ord_err *err)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	ord_autoclose int child_in = to[0];
	h->in = to[1];
	if (pipe2(from, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	ord_autoclose int child_out = from[1];
	h->out = from[0];
	h->log = memfd_create("ordeal-injector-stderr", MFD_CLOEXEC);
	if (h->log < 0)
		return ord_fail_sys(err, "memfd_create");
	if (set_nonblock(h->in, err) < 0 || set_nonblock(h->out, err) < 0)
		return -1;
	if (words) {
		errno = spawn_words(h, child_in, child_out, words[0], words);
		if (errno)
			return ord_fail(err, ORD_SKIP, "start '%.100s': %s", words[0],
					strerrordesc_np(errno));
	} else if (spawn(h, child_in, child_out, err) < 0) {
		return -1;
	}
	h->reaped = false;
	return 0;
}

int ord_holder_spawn(enum ord_program which, bool as_root, struct ord_holder **ret,
		     struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = calloc(1, sizeof *h);

	if (!h)
		return ord_fail_nomem(err);
	h->in = h->out = h->log = -1;
	h->reaped = true;
	h->sudo = as_root && geteuid() != 0;
	h->request_max = which == ORD_PROGRAM_KUBE ? HOLDER_KUBE_MAX : HOLDER_REQUEST_MAX;
	if (h->sudo && which == ORD_PROGRAM_HOST && take_socket(h)) {
		*ret = ord_steal_ptr(h);
		return 0;
	}
	if (find_injector(which, h->path, err) < 0)
		return -1;
	if (h->sudo)
		as_sudo_knows_it(h->path);
	if (start(h, NULL, err) < 0)
		return -1;
	*ret = ord_steal_ptr(h);
	return 0;
}

int ord_far_spawn(const struct ord_via *via, struct ord_holder **ret, struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = calloc(1, sizeof *h);

	if (!h)
		return ord_fail_nomem(err);
	h->in = h->out = h->log = -1;
	h->reaped = h->is_far = true;
	h->request_max = HOLDER_REQUEST_MAX;
	(void)ord_via_text(via, sizeof h->path, h->path);
	if (start(h, via->words, err) < 0)
		return -1;
	*ret = ord_steal_ptr(h);
	return 0;
}
