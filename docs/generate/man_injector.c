#include "base/auto.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "docs/generate/pages.h"
#include "docs/generate/roff.h"

static void put_faults(FILE *out)
{
	char text[640], targets[64];

	roff_section(out, "FAULTS");
	for (size_t i = 0; i < ord_n_faults; i++) {
		const struct ord_fault *f = &ord_faults[i];

		if (f->program != ORD_PROGRAM_HOST)
			continue;
		roff_subsection(out, f->name);
		(void)snprintf(
			text, sizeof text,
			"It %s. Class %s; targets: %s. Capabilities kept: %s. It makes: %s.%s%s",
			f->summary, ord_guarantee_name(f->guarantee),
			cli_targets_text(f->targets, sizeof targets, targets),
			*f->caps ? f->caps : "none", f->objects, *f->engines ? " Engines: " : "",
			f->engines);
		roff_text(out, text);
	}
}

static void put_packets(FILE *out)
{
	roff_section(out, "EFFECTS ON PACKETS");
	roff_text(
		out,
		"net.delay, net.loss, net.duplicate, net.corrupt, net.reorder, net.rate and "
		"net.impair, "
		"which does several of these to the same packets, are one emulator: matching "
		"packets "
		"pass through the injector, by the engine detour (a TAP) where they leave a "
		"device, by "
		"the engine queue (a packet queue) where they come in and on loopback. The words "
		"are "
		"those of tc-netem(8); a share stays what it is under a correlation.\n"
		"\n"
		"A packet is what is on the wire: where a sender hands over 64 KiB at once, loss "
		"of 1% "
		"is of each packet in it. All draws follow `seed`, or the run's: the same packets "
		"have the same fate again, in either engine. Losses of 100% are dropped by a table "
		"of "
		"nftables alone; so are others with the engines netdev and inet, which draw in the "
		"kernel, a frame at a time, and take neither seed nor correlation, model or ecn. A "
		"packet queue cannot send a packet twice: what comes in, and loopback, is not "
		"duplicated. It changes packets of at most 65,531 bytes; longer ones pass as they "
		"are "
		"(figure `unchanged`).\n"
		"\n"
		"With the engine netem packets pass the kernel's own sch_netem instead, beside "
		"the device, in a network namespace that is the injector's alone: the qdiscs of "
		"the device are left alone. It refuses what it would not do as asked: "
		"correlation, corruption, effects whose draws meet there (duplicates beside "
		"losses or jitter, a rate beside jitter or reordering), slots beside anything, a "
		"limit in bytes but with a `burst` (sch_tbf); and devices where tc classifies "
		"what comes in. Its draws are the kernel's, and what it holds at the end is lost. "
		"It takes CAP_SYS_ADMIN when it begins.\n"
		"\n"
		"net.rate is a link on which each packet takes its time, or with `burst` a token "
		"bucket; bytes count from the Ethernet header on, and what is beyond `limit` is "
		"dropped. "
		"Jitter lets packets overtake each other, which TCP takes for losses. With slots "
		"packets leave together; from one slot to the next it takes between slot-min and "
		"slot-max, or slot-delay with a jitter and a distribution of its own. "
		"Figures of the `reverted` event: packets, lost, marked, duplicated, corrupted, "
		"reordered, dropped_limit, the lateness of the engine's own (late_p50_ns, "
		"late_p99_ns, "
		"late_max_ns) and its CPU time (engine_cpu_ns). Beyond `tolerance` the report "
		"warns.");
}

static void put_sender(FILE *out)
{
	roff_section(out, "PACKETS OF ONE CONTROL GROUP");
	roff_text(out,
		  "`cgroup` leaves of what a fault on packets means those that sockets of a "
		  "control group "
		  "send, or of the groups below it. It is a path below where the groups of version "
		  "2 are "
		  "mounted (/sys/fs/cgroup, or /sys/fs/cgroup/unified beside version 1), or as "
		  "/proc/PID/cgroup has it after '0::': `system.slice/nginx.service`; or `target`, "
		  "the "
		  "group that the target's processes are in. It is looked up on this host, as the "
		  "injector sees it, not within a container that is the target.\n"
		  "\n"
		  "A socket belongs to the group that its process was in when it was made, and "
		  "stays with "
		  "it. Only those of the target's network namespace are met: what is forwarded has "
		  "no "
		  "sender there. What the kernel sends for no socket of the group passes: the "
		  "answer to a "
		  "SYN, resets, the last acknowledgements of a connection that is closed. The "
		  "direction "
		  "is egress, loopback is in where peers are named, and a device is one where the "
		  "host "
		  "sends: a bridge, not its port.\n"
		  "\n"
		  "Every engine can do it. The engine inet, and rejects, ask the socket where a "
		  "packet "
		  "begins. The others are at the device, where nobody knows it: a table marks what "
		  "is "
		  "meant with 0x6f7264xx, behind all rules of postrouting, and the mark is wiped "
		  "before "
		  "anybody at the device sees it, on loopback where packets are delivered. What is "
		  "meant "
		  "loses the mark that it had; everything else keeps its own. A packet that has "
		  "passed an "
		  "emulator shows no sender any more, so that at each device such a fault comes "
		  "before "
		  "those that mean everybody, and only one of net.delay and its kind may be there "
		  "with a "
		  "group; net.partition may be beside it, eight in a network namespace.\n"
		  "\n"
		  "A group that is removed while the fault is in force is not met any more, and "
		  "one that "
		  "is made in its place is another: the figure cgroup_gone of the `reverted` event "
		  "says "
		  "so. It takes CONFIG_NFT_COMPAT and CONFIG_NETFILTER_XT_MATCH_CGROUP, "
		  "which "
		  "distributions have.");
}

static void put_door(FILE *out)
{
	roff_section(out, "SERVICE");
	roff_text(
		out,
		"With --policy FILE its standard input and output are one connection of a unix "
		"socket, and who is at the other end need not be root: ordeal-injector.socket "
		"listens on /run/ordeal-injector.sock for members of the group 'ordeal', and "
		"starts one ordeal-injector@.service for each connection. ordeal(1) takes this "
		"way by itself where a fault needs root, before sudo; a connection that closes "
		"ends the fault. Set it up with\n"
		"\n"
		"    install -m 644 /usr/share/ordeal/policy.yaml /etc/ordeal/policy.yaml\n"
		"    systemctl enable --now ordeal-injector.socket\n"
		"\n"
		"The policy is read anew for each connection. Root owns it and every directory on "
		"its path, and nobody else may write them: else, and where it has a mistake, "
		"nobody may ask. "
		"User and groups are what the kernel saw connect. A request is permitted by the "
		"first rule that permits all of it; a refusal names the line of the one that came "
		"nearest. The journal says who had what, or was refused why. What an injector "
		"leaves that was killed together with its guardian, ordeal-rescue.service reverts "
		"at once.");
	roff_item(out, "who", NULL,
		  "[user:NAME, group:NAME], of /etc/passwd and /etc/group, or by number");
	roff_item(out, "faults", NULL, "[net.delay, cpu.*]");
	roff_item(out, "targets", NULL,
		  "[host, \"unit:web-*.service\", user:NAME, netns:NAME]: a fault on the network "
		  "of the host takes `host`, whoever's process it names; user:NAME is for "
		  "proc.kill and proc.pause alone. A container is its unit: docker-ID.scope, "
		  "libpod-ID.scope or cri-containerd-ID.scope where systemd keeps its control "
		  "group, else none, and then it is root's alone to hit. Who asks finds it as "
		  "himself: by its id, or by a name where its runtime's socket lets him");
	roff_item(out, "hours", NULL,
		  "[mon-fri 09:00-17:00], local time; the fault must lie within one window");
	roff_item(out, "limits", NULL,
		  "duration, targets, leases (of one user at the same time; 1), wholeHost");
	roff_item(out, "atMost", NULL, "the most that a parameter may be: net.delay.delay: 500ms");
	roff_item(out, "may", NULL, "[status, halt, resume, rescue], of the whole host");
}

static void put_classes(FILE *out)
{
	roff_section(out, "GUARANTEE CLASSES");
	roff_text(out, "Who takes the effect away when everything of ordeal was killed:");
	roff_item(out, "kernel", NULL,
		  "the kernel: the effect hangs on a descriptor or a process, and goes with it, "
		  "after SIGKILL too");
	roff_item(
		out, "guardian", NULL,
		"the guardian process, which outlives the holder and reverts from the undo record");
	roff_item(out, "journal", NULL,
		  "ordeal rescue, from the undo record on disk; of an object in a cluster from its "
		  "annotation too (rescue --kube)");
	roff_item(out, "none", NULL, "nobody: it cannot be undone");
}

static void put_down(FILE *out)
{
	roff_section(out, "NET.DOWN");
	roff_text(
		out,
		"The kernel forgets a good deal about a device that goes down. Before, its IPv6 "
		"addresses (with what is left of their lifetimes), its routes in all tables, its "
		"permanent neighbours and proxies are read, and after they are put back, in "
		"their order; addresses without `nodad` are looked for among the neighbours "
		"again, which takes a second or two. What router advertisements have taught is "
		"asked for anew, and temporary addresses are others: `checked` notes that. "
		"Refused is what could not be put back as it was: routes by nexthop objects or "
		"with an encapsulation, more than 2,048 of them, a device under a VLAN. "
		"Connections that were masqueraded over it the kernel forgets, too; a network "
		"manager may have its own idea of a device that is down.\n"
		"\n"
		"The device is known by its index: renamed, it is found; deleted or moved, it ends "
		"the fault. Somebody who sets it up ends the fault, too; who set it up and down "
		"again, while nobody of ordeal lived, finds it down, and rescue says so. (That is "
		"told by its carrier: not of devices that have none, as dummy. Setting down what "
		"is down already changes nothing, and cannot be noticed.)\n"
		"\n"
		"In the machine's network, and in the caller's own, a device by which a default "
		"route leaves is refused, also as a port or a lower device, and loopback: "
		"--yes-whole-host where it is meant. So is the device by which your SSH "
		"connection goes: --even-if-it-cuts-me-off.");
}

static void put_dns(FILE *out)
{
	roff_section(out, "NET.DNS");
	roff_text(
		out,
		"Answers of name servers are met on their way to who asked, and changed in place: "
		"from resolv.conf's servers, a local one (systemd-resolved at 127.0.0.53, "
		"dnsmasq), over UDP and TCP, also on connections from before. A name is what was "
		"asked for, not what an alias leads to. Where a local forwarder asks another "
		"server, its answer may be hit and then hit again on loopback: name one of the "
		"two by `to`. What a cache answers is met only where it comes as a packet; DNS "
		"over TLS or HTTPS never is. So with systemd-resolved a name in its cache is "
		"still found by who asks it by D-Bus or nss-resolve (resolvectl query), until "
		"its TTL is over, though not by who asks 127.0.0.53; `resolvectl flush-caches` "
		"empties it. Afterwards it answers SERVFAIL from its cache for up to ten seconds "
		"more, and nothing else of the fault: such a recovery is its own.");
	roff_item(out, "delay", NULL,
		  "the answer is held; over TCP what follows on that connection waits with it");
	roff_item(out, "nxdomain, servfail, refused", NULL,
		  "that code, no records, and no SOA, without which a cache keeps no denial");
	roff_item(out, "drop", NULL,
		  "no answer; over TCP one under a number that nobody asked under, so that the "
		  "others on the connection arrive: resolvers pass over it, dig tells of an ID "
		  "mismatch");
	roff_item(out, "address", NULL,
		  "those in the answer become another, with TTL 0 or `ttl`; an answer without "
		  "addresses stays; who validates DNSSEC finds a signed one bogus");
	roff_item(out, "ttl", NULL, "of every record, in whole seconds");
	roff_item(out, "truncate", NULL, "over UDP: no records, and the client must ask over TCP");
	roff_text(out, "Figures: matched_answers, what became of them under the effect's name, "
		       "over_tcp of these, and unread: answers that could not be read or changed "
		       "(fragments of IPv6), which pass as they are.");
}

static void put_disk(FILE *out)
{
	roff_section(out, "DISK.FILL");
	roff_text(
		out,
		"A file without a name (O_TMPFILE) in the directory `path` grows until so little "
		"is free as was asked for; it is extended (fallocate), or written where a file "
		"system cannot do that. Nothing is ever seen in the directory, and whatever dies, "
		"the blocks are free with its descriptor. Where a file needs a name, it has one "
		"for an instant, while it is empty: .ordeal-LEASE. Network file systems that keep "
		"such a name are refused.\n"
		"\n"
		"`path` is looked up as the target's processes see it: in a container's own "
		"mounts, and no link leads out of its root. `injected` is told when statvfs(3) "
		"says that it is as asked, or the kernel refuses one block more; filling may take "
		"as long as the fault lasts, at least a minute. It is filled once: room that "
		"others make afterwards is theirs (figure free_end_bytes), what they take they "
		"keep.\n"
		"\n"
		"Free means what a process may use that is not root's. ext4 keeps some more for "
		"root (tune2fs -m): a service that runs as uid 0, in a container too, goes on "
		"writing, unless `reserved` fills that as well. That takes CAP_SYS_RESOURCE, with "
		"which quotas do not count; without `reserved` they do, and the file is root's.\n"
		"\n"
		"Refused is a file system without a size, one where ordeal's own records or the "
		"run's folder lie, unless 64 MiB are left, also through overlayfs, and a tmpfs "
		"where less than 10% of the machine's memory would be left: a tmpfs is memory. "
		"At a service's door it counts as a fault of the host.");
}

void page_injector(FILE *out)
{
	roff_title(out, "ORDEAL-INJECTOR", "8", "hold one fault on this machine, and take it away");
	(void)fputs(".SH SYNOPSIS\n.B ordeal\\-injector\n[\\fB\\-\\-policy\\fR \\fIFILE\\fR]\n",
		    out);
	roff_section(out, "DESCRIPTION");
	roff_text(out,
		  "The privileged half of ordeal(1), which starts it. It reads requests as "
		  "JSON lines on standard input and "
		  "answers with events as JSON lines on standard output. One process holds "
		  "one lease: one fault in one place. At "
		  "the end of its input it reverts everything, so any pipe is a transport: a "
		  "local start, sudo, ssh.\n"
		  "\n"
		  "Every field of a request is validated again. Before the fault is injected "
		  "the user "
		  "is changed from root to one without rights, every capability is dropped "
		  "that this fault does not need, the undo record is written, a "
		  "guardian is forked that reverts when this process dies, and a system call "
		  "filter is loaded. It starts no "
		  "other program.\n"
		  "\n"
		  "It is installed with mode 0750 for the group 'ordeal', where there is one. Who "
		  "is not in that group, or needs a fault "
		  "that takes root, is shown the sudo rule that allows just this program.");
	roff_section(out, "REQUESTS");
	roff_text(out, "A line of at most 64 KiB, 8 levels deep, integers only; unknown and "
		       "duplicate keys are refused.");
	roff_item(out, "add", NULL,
		  "hold a fault: lease, fault, args, target, hold_ns, seed, engine, cut_me_off");
	roff_item(out, "remove, end", NULL, "revert the lease; revert and exit");
	roff_item(out, "hello, resolve", NULL,
		  "before a lease: version and clock; who is behind a target here");
	roff_item(out, "status, halt, resume, doctor, rescue", NULL,
		  "answered by one event, without a lease");
	roff_section(out, "EVENTS");
	roff_item(out, "checked", NULL, "what will be made, by which engine, under which class");
	roff_item(out, "injected", NULL, "the effect was read back and is in force");
	roff_item(out, "failed", NULL,
		  "with the phase, a code and a message; what was changed has been reverted");
	roff_item(out, "reverting, reverted", NULL,
		  "with the cause, and then the residue: the number of things that are left");
	put_door(out);
	put_classes(out);
	put_faults(out);
	put_down(out);
	put_dns(out);
	put_disk(out);
	put_packets(out);
	put_sender(out);
	roff_section(out, "FILES");
	for (size_t i = 0; cli_files[i].name; i++)
		roff_item(out, cli_files[i].name, NULL, cli_files[i].text);
	roff_section(out, "EXIT STATUS");
	roff_item(out, "0", NULL, "reverted as asked");
	roff_item(out, "1", NULL, "failed");
	roff_item(out, "2", NULL, "the request was wrong");
	(void)fputs(".SH SEE ALSO\n.BR ordeal (1),\n.BR ordeal\\-injector\\-kube (8),\n.BR "
		    "capabilities (7)\n",
		    out);
}
