#include "cli/peers.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

#define SOCKETS_MAX 4096

struct sockets {
	uint64_t inode[SOCKETS_MAX];
	size_t n;
	uint16_t listening[64]; /* ports: what is connected to them came to us */
	size_t n_listening;
};

/* One line of /proc/net/tcp or tcp6. */
struct connection {
	char local[40], remote[40];
	unsigned local_port, remote_port, state;
	uint64_t inode;
};

static void read_sockets(pid_t pid, struct sockets *s)
{
	char path[64], link[64];
	const struct dirent *e;
	DIR *dir;

	(void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir)) && s->n < SOCKETS_MAX) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, link, sizeof link - 1);

		if (n <= 8 || strncmp(link, "socket:[", 8))
			continue;
		link[n] = '\0';
		s->inode[s->n++] = strtoull(link + 8, NULL, 10);
	}
	(void)closedir(dir);
}

static bool owns(const struct sockets *s, uint64_t inode)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->inode[i] == inode)
			return true;
	return false;
}

static bool listens(const struct sockets *s, unsigned port)
{
	for (size_t i = 0; i < s->n_listening; i++)
		if (s->listening[i] == port)
			return true;
	return false;
}

static bool parse(const char *line, struct connection *c)
{
	return sscanf(line, " %*u: %39[0-9A-F]:%x %39[0-9A-F]:%x %x %*s %*s %*s %*u %*u %" SCNu64,
		      c->local, &c->local_port, c->remote, &c->remote_port, &c->state,
		      &c->inode) == 6;
}

/* The kernel prints each 32-bit word of an address in its own byte order. */
static void format_address(const char *hex, char *out, size_t size)
{
	uint32_t words[4] = {0};
	bool six = strlen(hex) == 32;
	char text[INET6_ADDRSTRLEN] = "";

	for (size_t i = 0; i < (six ? 4 : 1); i++) {
		char word[9];

		(void)snprintf(word, sizeof word, "%.8s", hex + 8 * i);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	if (six && !words[0] && !words[1] && words[2] == htonl(0xffff)) {
		words[0] = words[3];
		six = false;
	}
	(void)inet_ntop(six ? AF_INET6 : AF_INET, words, text, sizeof text);
	(void)snprintf(out, size, six ? "[%s]" : "%s", text);
}

static void add(struct cli_look *look, const struct connection *c)
{
	struct cli_peer p = {.port = (uint16_t)c->remote_port};

	format_address(c->remote, p.address, sizeof p.address);
	for (size_t i = 0; i < look->n_peers; i++)
		if (look->peers[i].port == p.port && !strcmp(look->peers[i].address, p.address))
			return;
	if (look->n_peers < CLI_PEERS_MAX)
		look->peers[look->n_peers++] = p;
}

enum { ESTABLISHED = 1, LISTEN = 10 };

static void read_table(pid_t pid, const char *table, struct sockets *s, struct cli_look *look,
		       unsigned state)
{
	ord_autofclose FILE *f = NULL;
	struct connection c;
	char path[64], line[512];

	(void)snprintf(path, sizeof path, "/proc/%d/net/%s", (int)pid, table);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		if (!parse(line, &c) || c.state != state || !owns(s, c.inode))
			continue;
		if (state == ESTABLISHED && !listens(s, c.local_port))
			add(look, &c);
		if (state == LISTEN && s->n_listening < ORD_COUNT(s->listening))
			s->listening[s->n_listening++] = (uint16_t)c.local_port;
	}
}

void cli_peers_add(const struct ord_place *place, struct cli_look *look)
{
	static struct sockets s;

	for (size_t i = 0; i < place->n_procs; i++) {
		pid_t pid = place->procs[i].pid;

		s.n = s.n_listening = 0;
		read_sockets(pid, &s);
		read_table(pid, "tcp", &s, look, LISTEN);
		read_table(pid, "tcp6", &s, look, LISTEN);
		read_table(pid, "tcp", &s, look, ESTABLISHED);
		read_table(pid, "tcp6", &s, look, ESTABLISHED);
	}
}
