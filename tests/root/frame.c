/*
 * Frames against the kernel: GSO frames of real sockets, and such with tags, options and extension
 * headers made of them, are written into a TAP and bridged to another that takes neither GSO nor
 * partial checksums. What the kernel makes of them, and of parts of them, must be what frame_part
 * and frame_complete make, byte for byte.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/host/engines/frame.h"
#include "injector/host/engines/tap.h"

#define HEADER	sizeof(struct virtio_net_hdr)
#define PACKETS 64
#define CAUGHT	64
#define SEGMENT 103 /* UDP_SEGMENT, SOL_UDP */
#define BYTES	200000
#define WAIT_MS 3000

static struct tap in, out;
static uint8_t kernels[PACKETS][2048];
static uint32_t kernels_len[PACKETS];

static struct caught {
	uint8_t data[FRAME_MAX];
	uint32_t len;
} caught[CAUGHT];
static unsigned n_caught;

/* ---- real frames ---- */

/* The other end: takes TCP on port 7 and reads it to the end; UDP it need not take. */
static pid_t peer_start(const struct target *t, int family)
{
	const struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(7)};
	const struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
	int ready[2], fd, one;
	char c;
	pid_t pid;

	must_sys(pipe2(ready, O_CLOEXEC));
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		static char buf[65536];

		must_sys(setns(t->netns, CLONE_NEWNET));
		fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		must_sys(fd);
		must_sys(bind(fd,
			      family == AF_INET ? (const struct sockaddr *)&a4
						: (const struct sockaddr *)&a6,
			      family == AF_INET ? sizeof a4 : sizeof a6));
		must_sys(listen(fd, 1));
		(void)!write(ready[1], "r", 1);
		one = accept(fd, NULL, NULL);
		while (read(one, buf, sizeof buf) > 0)
			;
		_exit(0);
	}
	(void)close(ready[1]);
	must(read(ready[0], &c, 1) == 1);
	(void)close(ready[0]);
	return pid;
}

static void sockaddr_of(int family, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(7)};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(7)};

	must(inet_pton(AF_INET, "10.77.0.2", &a4.sin_addr) == 1);
	must(inet_pton(AF_INET6, "fd77::2", &a6.sin6_addr) == 1);
	memcpy(ret, family == AF_INET ? (void *)&a4 : (void *)&a6,
	       family == AF_INET ? sizeof a4 : sizeof a6);
	*ret_size = family == AF_INET ? sizeof a4 : sizeof a6;
}

static void send_tcp(int family)
{
	static char text[BYTES];
	struct sockaddr_storage to;
	socklen_t size;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sockaddr_of(family, &to, &size);
	must_sys(fd);
	must_sys(connect(fd, (struct sockaddr *)&to, size));
	for (unsigned i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 7 + i / 251);
	must(write(fd, text, sizeof text) == sizeof text);
	must_sys(close(fd));
}

static void send_udp(int family)
{
	static const char text[10007] = "many";
	const int segment = 1111;
	struct sockaddr_storage to;
	socklen_t size;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	sockaddr_of(family, &to, &size);
	must_sys(fd);
	must_sys(setsockopt(fd, IPPROTO_UDP, SEGMENT, &segment, sizeof segment));
	must(sendto(fd, text, sizeof text, 0, (struct sockaddr *)&to, size) == sizeof text);
	must_sys(close(fd));
}

/* Keeps at most max of the GSO frames that a socket of packets has seen. */
static unsigned catch_gso(int fd, unsigned max)
{
	unsigned kept = 0;

	while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 200) > 0) {
		struct caught *c = &caught[n_caught];
		const ssize_t n = recv(fd, c->data, sizeof c->data, 0);
		struct frame f = {c->data, (uint32_t)n, true};

		must(n > 0);
		if (kept == max || n_caught == CAUGHT || frame_packets(&f) < 2)
			continue;
		c->len = f.len;
		n_caught++;
		kept++;
	}
	return kept;
}

static void catch_all(void)
{
	const int on = 1;
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct target t;
	pid_t pid;
	int fd;

	target_net(&t);
	at.sll_ifindex = (int)if_nametoindex("vT");
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	must_sys(fd);
	must_sys(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on));
	must_sys(bind(fd, (struct sockaddr *)&at, sizeof at));
	for (int family = AF_INET;; family = AF_INET6) {
		pid = peer_start(&t, family);
		send_tcp(family);
		must_sys(waitpid(pid, NULL, 0));
		must(catch_gso(fd, 4) > 0);
		send_udp(family);
		must(catch_gso(fd, 1) > 0);
		if (family == AF_INET6)
			break;
	}
	(void)close(fd);
	target_end(&t);
}

/* ---- frames made of them ---- */

static struct caught *copy_of(const struct caught *c)
{
	struct caught *ret = &caught[n_caught];

	if (n_caught == CAUGHT)
		return NULL;
	*ret = *c;
	n_caught++;
	return ret;
}

/* Bytes put in at an offset of the Ethernet frame, before the transport. */
static void insert(struct caught *c, uint32_t at, const uint8_t *bytes, uint32_t n)
{
	struct virtio_net_hdr h;

	must(c->len + n <= sizeof c->data);
	memmove(c->data + HEADER + at + n, c->data + HEADER + at, c->len - HEADER - at);
	memcpy(c->data + HEADER + at, bytes, n);
	c->len += n;
	memcpy(&h, c->data, sizeof h);
	h.csum_start = (uint16_t)(h.csum_start + n);
	h.hdr_len = 0;
	memcpy(c->data, &h, sizeof h);
}

static bool is_tcp(const struct caught *c)
{
	return (c->data[1] & 0x7f) != 5;
}

static bool is_v6(const struct caught *c)
{
	return c->data[HEADER + 12] == 0x86;
}

static void vary(const struct caught *c)
{
	static const uint8_t tag[] = {0x81, 0, 0, 5}, outer[] = {0x88, 0xa8, 0, 6};
	static const uint8_t hop[8] = {0, 0, 1, 4}, options[8] = {0, 0, 1, 4};
	struct caught *v = copy_of(c);
	uint8_t *ip;

	if (v)
		insert(v, 12, tag, sizeof tag);
	v = v ? copy_of(v) : NULL;
	if (v)
		insert(v, 12, outer, sizeof outer);
	v = is_tcp(c) ? copy_of(c) : NULL;
	if (v) {
		struct virtio_net_hdr h;

		memcpy(&h, v->data, sizeof h);
		v->data[HEADER + h.csum_start + 13] |= 0x80 | 0x09; /* CWR, PSH, FIN */
		h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		memcpy(v->data, &h, sizeof h);
	}
	v = is_v6(c) ? copy_of(c) : NULL;
	if (v) {
		insert(v, 14 + 40, options, sizeof options);
		insert(v, 14 + 40, hop, sizeof hop);
		ip = v->data + HEADER + 14;
		ip[40] = IPPROTO_DSTOPTS;
		ip[48] = ip[6];
		ip[6] = IPPROTO_HOPOPTS;
		ip[4] = (uint8_t)((v->len - HEADER - 54) >> 8);
		ip[5] = (uint8_t)(v->len - HEADER - 54);
	}
}

/* ---- the kernel's opinion ---- */

static void taps_make(void)
{
	struct nl_talk route = {.fd = -1};
	char command[512];
	struct ord_err err;
	int status;
	pid_t pid;

	if (tap_open(&in, &err) < 0 || tap_open(&out, &err) < 0)
		skip("%s", err.msg);
	if (talk_open(&route, NETLINK_ROUTE, &err) < 0 || tap_create(&in, &route, &err) < 0 ||
	    tap_create(&out, &route, &err) < 0)
		die("%s", err.msg);
	talk_close(&route);
	must_sys(ioctl(out.fd, TUNSETOFFLOAD, 0));
	(void)snprintf(command, sizeof command,
		       "ip link add name br0 type bridge mcast_snooping 0 || exit 77;"
		       "ip link set br0 addrgenmode none mtu 9000;"
		       "ip link set %s master br0; ip link set %s master br0; ip link set br0 up;"
		       "for i in $(seq 300); do bridge link show dev %s | grep -q forwarding && "
		       "bridge link show dev %s | grep -q forwarding && exit 0; sleep .01; done;"
		       "exit 1",
		       in.name, out.name, in.name, out.name);
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(127);
	}
	must_sys(waitpid(pid, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("no bridge can be made here");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("the bridge does not forward");
}

/* Writes a frame and reads its n packets as the kernel makes them. */
static void ask_kernel(const uint8_t *data, uint32_t len, uint32_t n)
{
	const uint64_t end = now_ms() + WAIT_MS;
	uint32_t got = 0;

	if (write(in.fd, data, len) != (ssize_t)len)
		die("the kernel refuses a frame of %u bytes: %s", len, strerror(errno));
	while (got < n) {
		ssize_t r;

		if (now_ms() > end)
			die("of %u packets of a frame %u came", n, got);
		(void)poll(&(struct pollfd){.fd = out.fd, .events = POLLIN}, 1, 100);
		r = read(out.fd, kernels[got], sizeof kernels[got]);
		/* What the bridge itself has to say is no packet of ours. */
		if (r > 0 && memcmp(kernels[got] + HEADER, data + HEADER, 12) == 0)
			kernels_len[got++] = (uint32_t)r;
	}
}

static void same(const uint8_t *ours, uint32_t len, uint32_t i, const char *what)
{
	if (kernels_len[i] != len)
		die("%s, packet %u: %u bytes, the kernel's has %u", what, i, len, kernels_len[i]);
	for (uint32_t k = HEADER; k < len; k++)
		if (ours[k] != kernels[i][k])
			die("%s, packet %u: byte %zu from Ethernet on is %02x, the kernel's %02x",
			    what, i, k - HEADER, ours[k], kernels[i][k]);
}

static unsigned compare(const struct caught *c, const char *what)
{
	static uint8_t part[FRAME_MAX], one[FRAME_MAX];
	const struct frame f = {(uint8_t *)(uintptr_t)c->data, c->len, true};
	const uint32_t n = frame_packets(&f);
	const uint32_t parts[][2] = {
		{0, n}, {0, n / 2}, {n / 2, n - n / 2}, {n - 1, 1}, {n / 3, 1}};

	must(n > 1 && n <= PACKETS);
	for (unsigned p = 0; p < sizeof parts / sizeof *parts; p++) {
		const uint32_t first = parts[p][0], k = parts[p][1];
		const uint32_t len = frame_part(&f, first, k, part);

		must(len > 0);
		ask_kernel(part, len, k);
		for (uint32_t i = 0; i < k; i++) {
			struct frame g = {one, frame_part(&f, first + i, 1, one), true};

			frame_complete(&g);
			same(one, g.len, i, what);
		}
	}
	return n;
}

int main(void)
{
	unsigned real, packets = 0;

	world_enter();
	catch_all();
	real = n_caught;
	for (unsigned i = 0; i < real; i++)
		vary(&caught[i]);
	taps_make();
	for (unsigned i = 0; i < n_caught; i++) {
		char what[64];

		(void)snprintf(what, sizeof what, "frame %u (%s%s%s)", i,
			       is_tcp(&caught[i]) ? "TCP" : "UDP", is_v6(&caught[i]) ? "6" : "4",
			       i < real ? "" : ", varied");
		packets += compare(&caught[i], what);
	}
	(void)printf("%u frames of sockets and %u made of them, %u packets as the kernel's\n", real,
		     n_caught - real, packets);
	tap_close(&in);
	tap_close(&out);
	return 0;
}
