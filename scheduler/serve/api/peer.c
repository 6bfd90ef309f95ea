/* Who is at the other end of a unix socket: the kernel says so, and nobody can lie to it. */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/serve/api/api.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX */

static enum api_role role_of_group(const struct api_settings *s, gid_t gid)
{
	enum api_role most = API_NONE;

	for (size_t i = 0; i < s->n_groups; i++)
		if (s->groups[i].gid == gid && s->groups[i].role > most)
			most = s->groups[i].role;
	return most;
}

/* Groups are those that the peer had when it connected. */
static enum api_role role_of_groups(int fd, const struct api_settings *s, gid_t first)
{
	enum api_role most = role_of_group(s, first);
	gid_t few[64];
	ord_autofree gid_t *many = NULL;
	gid_t *all = few;
	socklen_t size = sizeof few;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &size)) {
		if (size <= sizeof few || size > GROUPS_MAX * sizeof *many)
			return most;
		all = many = malloc(size);
		if (!many || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, many, &size))
			return most;
	}
	for (size_t i = 0; i < size / sizeof *all; i++) {
		enum api_role r = role_of_group(s, all[i]);

		most = r > most ? r : most;
	}
	return most;
}

void api_peer(int fd, const struct api_settings *settings, struct api_who *ret)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	*ret = (struct api_who){.why = "the kernel does not say who it is", .until_s = INT64_MAX};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return;
	(void)snprintf(ret->text, sizeof ret->text, "uid %u", (unsigned)peer.uid);
	ret->why = "root, the daemon's own user, and the groups of its settings";
	ret->role = peer.uid == 0 || peer.uid == geteuid() ? API_OPERATOR
							   : role_of_groups(fd, settings, peer.gid);
}
