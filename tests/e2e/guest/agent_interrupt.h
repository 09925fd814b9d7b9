/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * How many interrupts a virtio device has made, vector by vector.
 */
#ifndef AGENT_INTERRUPT_H
#define AGENT_INTERRUPT_H

#include <stddef.h>
#include <stdint.h>

#define AGENT_INTERRUPT_NAME 32

/** A vector, since it was requested last. */
struct agent_interrupt {
	char name[AGENT_INTERRUPT_NAME]; /**< "input.0", "output.0", "config"; without MSI-X "" */
	uint64_t count; /**< on all processors */
};

/**
 * Reads those of the device of a network interface.
 * @param[out] found at most @p max of them
 * @return their number, or a negative errno; -E2BIG: there are more than @p max
 */
int agent_interrupt_read(const char *interface, struct agent_interrupt *found, int max);

#endif /* AGENT_INTERRUPT_H */
