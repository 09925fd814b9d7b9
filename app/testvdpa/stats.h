/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Rates: how fast the drivers' counters have moved since they were looked at last.
 *
 * Threads: a struct stats belongs to one thread.
 */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "device.h"

/** What was read last of each queue that was looked at. */
struct stats;

/** @return NULL: no memory */
struct stats *stats_create(void);

/** NULL is fine. */
void stats_destroy(struct stats *stats);

/**
 * Reads the queues of an attached @p device that a front-end has set up, and prints the rates since
 * the last time. A first time has none; counters that did not move, and values that are no counters
 * (indices, states), are left out.
 * @return 0, -ENOENT (not attached)
 */
int stats_rates(struct stats *stats, const char *device, FILE *out);

/**
 * Reads one queue and prints the rest of a line: the rates since the last time.
 * @return 0; -ENOTSUP (no statistics), -ENOENT (none of this queue), -ENOMEM: nothing was printed
 */
int stats_queue(struct stats *stats, const char *device, uint16_t index, FILE *out);

/** Is @p name a counter? Indices and states go up and down and have no rate. */
bool stats_is_counter(const char *name);

/** Thousandths of a count per second; 0 where a counter went back (it was set to 0) or no time. */
uint64_t stats_rate(uint64_t before, uint64_t now, uint64_t ns);

#endif /* STATS_H */
