/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Waiting for a moment, exactly, but no longer than until a bell rings.
 */
#ifndef FW_BELL_H
#define FW_BELL_H

#include <stdbool.h>
#include <stdint.h>

/** A bell that any number of threads wait for; zero is a good start. */
struct fw_bell {
	uint32_t rung; /**< times; a futex */
};

/** Wakes all. Async-signal-safe. */
void fw_bell_ring(struct fw_bell *bell);
/** How often it was rung; taken before a condition is looked at. */
uint32_t fw_bell_read(const struct fw_bell *bell);
/**
 * Waits until @p deadline_ns of CLOCK_MONOTONIC, 0: for ever. Ends within some 20 us of it on a
 * machine that has a core to spare. @return true: the bell was rung since @p seen was read.
 */
bool fw_bell_wait(struct fw_bell *bell, uint32_t seen, uint64_t deadline_ns);

#endif /* FW_BELL_H */
