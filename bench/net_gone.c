/*
 * net-gone INJECTOR FAULT ARGS SENDER RECEIVER ADDRESS RUNS: how long after SIGKILL of the holder
 * the effect is gone. One UDP packet each 200 us; the time is from the kill to the sending of the
 * first packet that arrives within 10 ms (all that were sent before it were lost or late). One JSON
 * line.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "net_tool.h"

#define EVERY_NS 200000ull
#define LATE_NS	 (10 * ORD_MS)
#define FREE_NS	 (3 * ORD_S)

static int from, at;
static struct sockaddr_in to;

struct holder {
	pid_t pid;
	int in, out;
};

static struct holder hold(char **argv, ino_t netns, int run)
{
	struct holder h;
	int in[2], out[2];
	char text[2048];
	size_t n = 0;

	must(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe");
	h.pid = fork();
	must(h.pid >= 0, "fork");
	if (h.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)execl(argv[1], argv[1], (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	h.in = in[1];
	h.out = out[0];
	n = (size_t)snprintf(text, sizeof text,
			     "{\"protocol\":1,\"op\":\"add\",\"lease\":\"gone-%d-%d\",\"fault\":\"%"
			     "s\",\"args\":%s,\"target\":"
			     "{\"netns\":\"/run/netns/"
			     "%s\",\"netns_ino\":%lu},\"hold_ns\":30000000000,\"seed\":1}\n",
			     (int)getpid(), run, argv[2], argv[3], argv[4], (unsigned long)netns);
	must(write(h.in, text, n) == (ssize_t)n, "request");
	for (n = 0; n < sizeof text - 1;) {
		ssize_t r = read(h.out, text + n, sizeof text - 1 - n);

		must(r > 0, "event");
		n += (size_t)r;
		text[n] = '\0';
		if (strstr(text, "\"injected\""))
			return h;
		if (strstr(text, "\"failed\"")) {
			(void)fprintf(stderr, "%s\n", text);
			exit(1);
		}
	}
	exit(1);
}

struct mark {
	uint64_t round, sent_ns;
};

/* The sending time of a packet of this round that was not late, or 0. */
static uint64_t arrived(uint64_t round)
{
	struct mark m;

	while (recv(at, &m, sizeof m, MSG_DONTWAIT) == (ssize_t)sizeof m)
		if (m.round == round && ord_now_ns() - m.sent_ns < LATE_NS)
			return m.sent_ns;
	return 0;
}

/* Sends until one arrives in time, or until the time is up (0). */
static uint64_t send_until(uint64_t round, uint64_t up_ns)
{
	uint64_t due = ord_now_ns(), seen = 0;

	while (!seen && ord_now_ns() < up_ns) {
		struct mark m = {round, ord_now_ns()};

		(void)sendto(from, &m, sizeof m, 0, (const struct sockaddr *)&to, sizeof to);
		due += EVERY_NS;
		while (!seen && ord_now_ns() < due)
			seen = arrived(round);
	}
	return seen;
}

int main(int argc, char **argv)
{
	static int64_t gone_ns[1000];
	const int room = 4 << 20;
	char path[128];
	struct stat st;
	int runs;

	if (argc != 8 || (runs = (int)strtol(argv[7], NULL, 10)) < 1 || runs > 1000)
		return 2;
	(void)snprintf(path, sizeof path, "/run/netns/%s", argv[4]);
	must(stat(path, &st) == 0, path);
	to = address(argv[6], 7008);
	at = udp_in(argv[5]);
	(void)setsockopt(at, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	must(bind(at, (const struct sockaddr *)&to, sizeof to) == 0, "bind");
	from = udp_in(argv[4]);
	for (int i = 0; i < runs; i++) {
		struct holder h = hold(argv, st.st_ino, i);
		uint64_t killed, seen;

		if (send_until((uint64_t)i * 2, ord_now_ns() + 60 * ORD_MS)) {
			(void)fprintf(stderr, "net-gone: %s is not felt\n", argv[2]);
			return 1;
		}
		killed = ord_now_ns();
		must(kill(h.pid, SIGKILL) == 0, "kill");
		seen = send_until((uint64_t)i * 2 + 1, killed + FREE_NS);
		must(seen != 0, "still in force after 3 s");
		gone_ns[i] = (int64_t)(seen - killed);
		(void)waitpid(h.pid, NULL, 0);
		(void)close(h.in);
		(void)close(h.out);
		(void)usleep(150000); /* the guardian looks for what is left */
	}
	qsort(gone_ns, (size_t)runs, sizeof *gone_ns, ascending);
	(void)printf("{\"bench\":\"net.gone\",\"fault\":\"%s\",\"runs\":%d,\"gone_us\":{\"p50\":%."
		     "0f,\"p99\":%.0f,\"max\":%.0f},"
		     "\"spacing_us\":200}\n",
		     argv[2], runs, (double)quantile(gone_ns, (size_t)runs, .5) / 1e3,
		     (double)quantile(gone_ns, (size_t)runs, .99) / 1e3,
		     (double)gone_ns[runs - 1] / 1e3);
	return 0;
}
