/* A comparison that cannot fail proves nothing: each kind of change that the state lists must be
 * seen, and its undoing. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void sh(const char *command)
{
	int status;
	pid_t pid = fork();

	must_sys(pid);
	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(127);
	}
	must_sys(waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("failed: %s", command);
}

static const struct {
	const char *what, *make, *undo;
} changes[] = {
	{"ruleset", "nft add table inet x", "nft delete table inet x"},
	{"qdisc", "tc qdisc add dev vT root tbf rate 10mbit burst 10k limit 10k",
	 "tc qdisc del dev vT root"},
	{"filter",
	 "tc qdisc add dev vT clsact; tc filter add dev vT egress protocol ip prio 1 u32 match u32 "
	 "0 0 classid 1:1",
	 "tc qdisc del dev vT clsact"},
	{"link", "ip link add b0 type bridge", "ip link del b0"},
	{"link state", "ip link set vT mtu 1400", "ip link set vT mtu 1500"},
	{"address", "ip addr add 10.9.9.9/32 dev lo", "ip addr del 10.9.9.9/32 dev lo"},
	{"route", "ip route add blackhole 10.9.8.0/24", "ip route del blackhole 10.9.8.0/24"},
	{"rule", "ip rule add prio 99 from 10.9.9.9 lookup 77", "ip rule del prio 99"},
	{"sysctl", "f=/proc/sys/net/ipv4/ip_forward; echo $((1 - $(cat $f))) > $f",
	 "f=/proc/sys/net/ipv4/ip_forward; echo $((1 - $(cat $f))) > $f"},
	{"the target's network", "nsenter --net=/proc/$T/ns/net ip link set eth0 mtu 1400",
	 "nsenter --net=/proc/$T/ns/net ip link set eth0 mtu 1500"},
	{"a stop", "kill -STOP $T", "kill -CONT $T"},
	{"a record", "mkdir -p /run/ordeal/undo; touch /run/ordeal/undo/x.json",
	 "rm /run/ordeal/undo/x.json"},
};

int main(void)
{
	struct target t;
	char pid[16], *before;

	world_enter();
	must_sys(mkdir("/run/ordeal", 0755));
	must_sys(mkdir("/run/ordeal/undo", 0700));
	target_net(&t);
	(void)snprintf(pid, sizeof pid, "%d", t.pid);
	must_sys(setenv("T", pid, 1));
	must(target_reaches_us(&t, 2, 1000));
	before = state_read(&t);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		char *after;

		sh(changes[i].make);
		after = state_read(&t);
		if (strcmp(before, after) == 0)
			die("the state does not show a change of: %s", changes[i].what);
		free(after);
		sh(changes[i].undo);
		state_same(before, &t, 1000, changes[i].what);
	}
	(void)printf("%zu bytes of state, %zu kinds of change seen\n", strlen(before),
		     sizeof changes / sizeof *changes);
	free(before);
	target_end(&t);
	return 0;
}
