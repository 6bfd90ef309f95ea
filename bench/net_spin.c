/*
 * net-spin PER_SECOND SECONDS: the yardstick of a delay: a bare loop that spins for its slots and
 * does nothing in them, how late it is. What it misses, the machine took from it. One JSON line.
 */
#include <sys/prctl.h>

#include "net_tool.h"

int main(int argc, char **argv)
{
	double per_second;
	int64_t *late_ns;
	uint64_t start;
	size_t n;

	if (argc != 3)
		return 2;
	per_second = strtod(argv[1], NULL);
	n = (size_t)(per_second * strtod(argv[2], NULL));
	late_ns = calloc(n + 1, sizeof *late_ns);
	must(late_ns != NULL, "memory");
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	start = ord_now_ns() + ORD_MS;
	for (size_t i = 0; i < n; i++) {
		const uint64_t due = start + (uint64_t)((double)i * 1e9 / per_second);
		uint64_t now = ord_now_ns();
		struct timespec t;

		/* As the engine may: asleep until 50 us before it is due. */
		if (due > now + 60 * ORD_US) {
			t = ord_timespec(due - now - 50 * ORD_US);
			(void)nanosleep(&t, NULL);
		}
		while ((now = ord_now_ns()) < due)
			__builtin_ia32_pause();
		late_ns[i] = (int64_t)(now - due);
	}
	qsort(late_ns, n, sizeof *late_ns, ascending);
	(void)printf(
		"{\"bench\":\"net.spin\",\"per_second\":%.0f,\"late_us\":{\"p50\":%.1f,\"p99\":%."
		"1f,\"p999\":%.1f,\"max\":%.1f}}\n",
		per_second, (double)quantile(late_ns, n, .5) / 1e3,
		(double)quantile(late_ns, n, .99) / 1e3, (double)quantile(late_ns, n, .999) / 1e3,
		(double)quantile(late_ns, n, 1) / 1e3);
	return 0;
}
