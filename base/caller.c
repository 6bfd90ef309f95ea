/* sudo and tmux take SSH_CONNECTION out of the environment, so the ancestors are asked as well. */
#include "base/caller.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"

#define ANCESTORS   32
#define ENVIRON_MAX (256u * 1024u)

/* "CLIENT CPORT SERVER SPORT" -> the endpoint text of the client. */
static bool read_connection(const char *text, char out[static ORD_CALLER_TEXT])
{
	char client[64], port[8];
	unsigned char addr[16];
	int n;

	if (sscanf(text, "%63s %7s", client, port) != 2)
		return false;
	client[strcspn(client, "%")] = '\0'; /* the device of a link-local address */
	if (inet_pton(AF_INET, client, addr) == 1)
		n = snprintf(out, ORD_CALLER_TEXT, "%s:%s/tcp", client, port);
	else if (inet_pton(AF_INET6, client, addr) == 1)
		n = snprintf(out, ORD_CALLER_TEXT, "[%s]:%s/tcp", client, port);
	else
		return false;
	return n < ORD_CALLER_TEXT;
}

/* The parent of a process, 0 if unknown. */
static pid_t parent_of(pid_t pid)
{
	char path[40], stat[512];
	const char *at;
	int ppid = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (ord_file_peek(AT_FDCWD, path, stat, sizeof stat) <= 0)
		return 0;
	at = strrchr(stat, ')'); /* the name before it may hold anything */
	if (!at || sscanf(at, ") %*c %d", &ppid) != 1)
		return 0;
	return ppid;
}

static bool ask_environ(pid_t pid, char out[static ORD_CALLER_TEXT])
{
	static const char name[] = "SSH_CONNECTION=";
	ord_autofree char *env = NULL;
	char path[40];
	size_t size;

	(void)snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	if (ord_file_read(path, ENVIRON_MAX, &env, &size, NULL) < 0)
		return false;
	for (const char *at = env; at < env + size; at += strlen(at) + 1)
		if (!strncmp(at, name, sizeof name - 1))
			return read_connection(at + sizeof name - 1, out);
	return false;
}

bool ord_caller_ssh(char out[static ORD_CALLER_TEXT])
{
	const char *own = getenv("SSH_CONNECTION");

	if (own && read_connection(own, out))
		return true;
	for (pid_t pid = getppid(), n = 0; pid > 1 && n < ANCESTORS; pid = parent_of(pid), n++)
		if (ask_environ(pid, out))
			return true;
	return false;
}
