/*
 * exec: a program is run, without a shell and never as root. Under sudo it runs as the user who
 * called it; for root without sudo, as nobody. It dies with us (PDEATHSIG), and its process group
 * is killed when its time is up.
 */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "scheduler/probe/probe.h"

#define GROUPS_MAX 64
#define NOBODY	   65534

struct program {
	char path[PATH_MAX];
	bool drop; /* to uid, gid and groups */
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int n_groups;
	int null;		/* /dev/null */
	struct child *children; /* those that are not reaped */
};

struct child {
	struct child *next;
	struct program *program;
	struct prb_probe *probe;
	struct prb_sample *sample; /* NULL: cancelled, only to be reaped */
	pid_t pid;
	int pidfd, out;
	sd_event_source *exited, *readable;
};

/* As execvp would, but once and now. */
static int find_program(const char *name, char out[PATH_MAX], struct ord_err *err)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		(void)snprintf(out, PATH_MAX, "%s", name);
		if (access(out, X_OK) == 0)
			return 0;
		return ord_fail_sys(err, "'%.100s'", name);
	}
	for (const char *at = path && *path ? path : "/usr/bin:/bin", *end; *at;
	     at = *end ? end + 1 : end) {
		end = strchrnul(at, ':');
		if (snprintf(out, PATH_MAX, "%.*s/%s", (int)(end - at), at, name) < PATH_MAX &&
		    access(out, X_OK) == 0)
			return 0;
	}
	return ord_fail(err, ORD_USAGE, "there is no program '%.100s' on the PATH", name);
}

static bool env_id(const char *name, unsigned *ret)
{
	const char *text = getenv(name);
	int64_t v;

	if (!text || ord_parse_int(text, 1, UINT32_MAX - 1, &v, NULL) < 0)
		return false;
	*ret = (unsigned)v;
	return true;
}

static void choose_user(struct program *g)
{
	const struct passwd *pw;

	g->drop = geteuid() == 0;
	if (!g->drop)
		return;
	g->uid = g->gid = NOBODY;
	if (!env_id("SUDO_UID", &g->uid) || !env_id("SUDO_GID", &g->gid))
		return;
	pw = getpwuid(g->uid);
	g->n_groups = GROUPS_MAX;
	if (!pw || getgrouplist(pw->pw_name, g->gid, g->groups, &g->n_groups) < 0)
		g->n_groups = 0;
	/* Group 0 is root's. */
	for (int i = 0; i < g->n_groups; i++)
		if (g->groups[i] == 0)
			g->groups[i] = g->gid;
}

static int exec_open(struct prb_probe *p, struct ord_err *err)
{
	struct program *g = calloc(1, sizeof *g);

	if (!g)
		return ord_fail_nomem(err);
	p->state = g;
	g->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (g->null < 0)
		return ord_fail_sys(err, "/dev/null");
	choose_user(g);
	return find_program(p->spec->argv[0], g->path, err);
}

/* In the child, between fork and exec: nothing but system calls. */
static void become(const struct program *g, char *const argv[], pid_t parent, int out)
{
	sigset_t none;

	(void)setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(g->null, 0) < 0 || dup2(out, 1) < 0 || dup2(g->null, 2) < 0)
		_exit(127);
	(void)close_range(3, ~0u, 0);
	/* The bare calls: glibc's would tell the other threads, which the child has not. */
	if (g->drop && (syscall(SYS_setgroups, g->n_groups, g->groups) < 0 ||
			syscall(SYS_setresgid, g->gid, g->gid, g->gid) < 0 ||
			syscall(SYS_setresuid, g->uid, g->uid, g->uid) < 0))
		_exit(127);
	/* After the change of user, which clears it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	(void)execv(g->path, argv);
	_exit(127);
}

static void free_child(struct child *c)
{
	struct child **at = &c->program->children;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	(void)sd_event_source_disable_unref(c->exited);
	(void)sd_event_source_disable_unref(c->readable);
	ord_close(&c->pidfd);
	ord_close(&c->out);
	free(c);
}

/* What there is to read now. */
static void read_output(struct child *c)
{
	char part[4096];
	ssize_t n;

	while (c->out >= 0 && (n = read(c->out, part, sizeof part)) > 0) {
		if (!c->sample)
			continue;
		if (!c->sample->s.first)
			c->sample->s.first = ord_now_ns();
		(void)c->probe->host->keep(c->sample, part, (size_t)n);
	}
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct child *c = arg;

	(void)fd;
	read_output(c);
	if (events & (EPOLLHUP | EPOLLERR))
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int on_exited(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct child *c = arg;
	struct prb_sample *s = c->sample;
	const struct prb_host *host = c->probe->host;
	char why[64];
	int status = 0;

	(void)source;
	(void)fd;
	(void)events;
	if (waitpid(c->pid, &status, WNOHANG) == 0)
		return 0;
	read_output(c);
	free_child(c);
	if (!s)
		return 0;
	s->io = NULL;
	if (WIFSIGNALED(status)) {
		(void)snprintf(why, sizeof why, "killed by signal %d", WTERMSIG(status));
		host->answered(s, ORD_OUTCOME_WRONG, why);
		return 0;
	}
	s->exit_status = WEXITSTATUS(status);
	host->answered(s, ORD_OUTCOME_OK, NULL);
	return 0;
}

static int start(struct prb_probe *p, struct child *c)
{
	pid_t parent = getpid();
	int ends[2] = {-1, -1};

	if (p->wants_body && pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	c->out = ends[0];
	ord_autoclose int child_out = ends[1];
	if (c->out >= 0 && fcntl(c->out, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	c->pid = fork();
	if (c->pid == 0)
		become(c->program, p->spec->argv, parent,
		       child_out >= 0 ? child_out : c->program->null);
	if (c->pid < 0)
		return -1;
	(void)setpgid(c->pid, c->pid);
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0 ||
	    sd_event_add_io(p->host->loop, &c->exited, c->pidfd, EPOLLIN, on_exited, c) < 0 ||
	    (c->out >= 0 &&
	     sd_event_add_io(p->host->loop, &c->readable, c->out, EPOLLIN, on_readable, c) < 0)) {
		(void)kill(-c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
		return -1;
	}
	return 0;
}

static void exec_sample(struct prb_probe *p, struct prb_sample *s)
{
	struct program *g = p->state;
	struct child *c = calloc(1, sizeof *c);

	if (!c) {
		p->host->answered(s, ORD_OUTCOME_LOCAL_ERROR, "out of memory");
		return;
	}
	*c = (struct child){
		.next = g->children, .program = g, .probe = p, .sample = s, .pidfd = -1, .out = -1};
	g->children = c;
	s->io = c;
	if (start(p, c) == 0)
		return;
	s->io = NULL;
	p->host->answered(s, ORD_OUTCOME_LOCAL_ERROR, strerror(errno));
	free_child(c);
}

static void exec_cancel(struct prb_probe *p, struct prb_sample *s)
{
	struct child *c = s->io;

	(void)p;
	if (!c)
		return;
	c->sample = NULL;
	s->io = NULL;
	(void)kill(-c->pid, SIGKILL);
	(void)kill(c->pid, SIGKILL); /* where it left its group */
}

static void exec_close(struct prb_probe *p)
{
	struct program *g = p->state;

	if (!g)
		return;
	while (g->children) {
		(void)kill(-g->children->pid, SIGKILL);
		(void)kill(g->children->pid, SIGKILL);
		(void)waitpid(g->children->pid, NULL, 0);
		free_child(g->children);
	}
	ord_close(&g->null);
	free(g);
	p->state = NULL;
}

const struct prb_kind prb_exec = {
	.name = "exec",
	.open = exec_open,
	.sample = exec_sample,
	.cancel = exec_cancel,
	.close = exec_close,
};
