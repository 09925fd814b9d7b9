/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Monotonic time in nanoseconds, the only clock of the house: never set back, shared by threads.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define BASE_NS_PER_US 1000ULL
#define BASE_NS_PER_MS 1000000ULL
#define BASE_NS_PER_S 1000000000ULL

static inline uint64_t
base_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * BASE_NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif /* BASE_CLOCK_H */
