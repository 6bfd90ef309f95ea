/* Who listens on a port: /proc/net gives the socket's inode, /proc/PID/fd who holds it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/target_find.h"
#include "base/units.h"

#define FILE_MAX    (64u << 20) /* a million connections */
#define SOCKETS_MAX 64
#define SPACES_MAX  256

struct ports {
	uint16_t port;
	bool udp;
	uint64_t inode[SOCKETS_MAX];
	size_t n_inodes;
	uint64_t seen[SPACES_MAX]; /* namespaces already read */
	size_t n_seen;
	uint64_t own; /* our own namespace */
	bool other;   /* look into the others */
	struct ord_found *found;
	struct ord_err *err;
};

/* One line of /proc/net/tcp: "sl: LOCAL:PORT REMOTE:PORT STATE ... inode", in hexadecimal but the
 * inode. */
static void read_socket(const char *line, struct ports *p)
{
	unsigned local, remote, state;
	uint64_t inode;

	if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%x %x %*s %*s %*s %*u %*u %" SCNu64,
		   &local, &remote, &state, &inode) != 4)
		return;
	/* TCP: state LISTEN; UDP has no such state: not connected (07) and without a peer. */
	if (local != p->port || remote || state != (p->udp ? 0x07u : 0x0au) || !inode)
		return;
	if (p->n_inodes < SOCKETS_MAX)
		p->inode[p->n_inodes++] = inode;
}

static void read_table(int dir, const char *path, struct ports *p)
{
	ord_autofree char *text = NULL;
	char *save = NULL;

	if (ord_file_read_at(dir, path, FILE_MAX, &text, NULL, NULL))
		return; /* no IPv6 here, or it has ended */
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		read_socket(l, p);
}

static int each_space(void *arg, pid_t pid, int dir)
{
	struct ports *p = arg;
	uint64_t ns = ord_proc_ns(dir, "net");

	(void)pid;
	if (!ns || (ns == p->own) == p->other || p->n_seen == SPACES_MAX)
		return 0;
	for (size_t i = 0; i < p->n_seen; i++)
		if (p->seen[i] == ns)
			return 0;
	p->seen[p->n_seen++] = ns;
	read_table(dir, p->udp ? "net/udp" : "net/tcp", p);
	read_table(dir, p->udp ? "net/udp6" : "net/tcp6", p);
	return 0;
}

static bool is_ours(const char *link, const struct ports *p)
{
	uint64_t inode;

	if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1)
		return false;
	for (size_t i = 0; i < p->n_inodes; i++)
		if (p->inode[i] == inode)
			return true;
	return false;
}

static bool holds(int dir, const struct ports *p)
{
	int fds = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fds < 0 ? NULL : fdopendir(fds);
	struct dirent *e;
	bool found = false;

	if (!d) {
		ord_close(&fds);
		return false;
	}
	while (!found &&
	       (e = readdir(d))) { /* NOLINT(concurrency-mt-unsafe): the stream is our own */
		char link[64];
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);

		if (n <= 0)
			continue;
		link[n] = '\0';
		found = is_ours(link, p);
	}
	(void)closedir(d);
	return found;
}

static int each_owner(void *arg, pid_t pid, int dir)
{
	struct ports *p = arg;
	struct ord_proc_stat s;

	if (!holds(dir, p) || ord_proc_stat(dir, &s))
		return 0;
	return ord_found_add(p->found, pid, s.ppid, p->err) ? 1 : 0;
}

/* Workers inherit the socket from their master: leave those out whose parent is found as well. */
static void keep_oldest(struct ord_found *f)
{
	struct ord_found all = *f;
	size_t n = 0;
	bool *drop = calloc(all.n + 1, sizeof *drop);

	for (size_t i = 0; drop && i < all.n; i++)
		for (size_t j = 0; j < all.n; j++)
			drop[i] |= all.v[i].ppid == all.v[j].pid;
	for (size_t i = 0; drop && i < all.n; i++)
		if (!drop[i])
			f->v[n++] = all.v[i];
	f->n = drop ? n : f->n;
	free(drop);
}

static int parse(const char *text, struct ports *p, struct ord_err *err)
{
	const char *slash = strchr(text, '/');
	char number[8];
	int64_t port;

	if (slash && strcmp(slash, "/tcp") && strcmp(slash, "/udp"))
		return ord_fail(err, ORD_USAGE,
				"'%s' is not a port; write it as '5432' or '53/udp'", text);
	p->udp = slash && !strcmp(slash, "/udp");
	(void)snprintf(number, sizeof number, "%.*s", slash ? (int)(slash - text) : 7, text);
	if (ord_parse_int(number, 1, 65535, &port, err))
		return ord_wrap(err, "port");
	p->port = (uint16_t)port;
	return 0;
}

int ord_find_listening(const char *text, bool every, struct ord_found *ret, struct ord_err *err)
{
	struct ports p = {.found = ret, .err = err};
	ord_autoclose int self = ord_proc_open(getpid());

	if (parse(text, &p, err))
		return -1;
	p.own = self < 0 ? 0 : ord_proc_ns(self, "net");
	(void)each_space(&p, getpid(), self);
	if (!p.n_inodes) {
		p.other = true;
		if (ord_proc_walk(each_space, &p, err))
			return -1;
	}
	if (!p.n_inodes)
		return ord_fail(err, ORD_USAGE, "nothing listens on %s port %u",
				p.udp ? "UDP" : "TCP", p.port);
	if (ord_proc_walk(each_owner, &p, err))
		return -1;
	if (!ret->n)
		return ord_fail(err, ORD_SKIP,
				"something listens on port %u, but this user may not see which "
				"process; run as root",
				p.port);
	if (!every)
		keep_oldest(ret);
	return 0;
}
