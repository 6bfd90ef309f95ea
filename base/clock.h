/* Time. Intervals: uint64_t nanoseconds of CLOCK_MONOTONIC; leases: CLOCK_BOOTTIME; wall clock once
 * a run. */
#ifndef ORDEAL_BASE_CLOCK_H
#define ORDEAL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define ORD_US 1000ull
#define ORD_MS 1000000ull
#define ORD_S  1000000000ull

static inline uint64_t ord_clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_nsec;
}

static inline uint64_t ord_now_ns(void)
{
	return ord_clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t ord_boot_ns(void)
{
	return ord_clock_ns(CLOCK_BOOTTIME);
}

static inline uint64_t ord_wall_ns(void)
{
	return ord_clock_ns(CLOCK_REALTIME);
}

static inline struct timespec ord_timespec(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / ORD_S), .tv_nsec = (long)(ns % ORD_S)};
}

/* Writes "2026-11-21T06:13:50.123Z" (RFC 3339, UTC, milliseconds) for a wall clock instant. */
void ord_format_utc(uint64_t wall_ns, char out[static 32]);
/* RFC 3339 with any zone and up to nanoseconds: since 1970, UTC. -1: it is none; NULL is none. */
int ord_parse_utc(const char *text, int64_t *ret_ns);

#endif
