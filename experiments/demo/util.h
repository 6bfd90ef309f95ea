/* What every file of the sample system needs. */
#ifndef DEMO_UTIL_H
#define DEMO_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

#define COUNT(array)			(sizeof(array) / sizeof *(array))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * S + (uint64_t)t.tv_nsec;
}

#endif
