/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Pinned user memory: it stays reachable until it is unpinned, whatever its owner unmaps.
 */
#ifndef MIB_PIN_H
#define MIB_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mib_pin {
	void *addr; /**< where the first byte is for us */
	void *map; /**< our own mapping, NULL when @c addr is the user's address itself */
	size_t map_len;
	uint64_t start, end; /**< the user's pages */
};

/**
 * Pins [addr, addr + len); @p write: the card may write there.
 * @return 0; -EINVAL (empty, wraps around); -EFAULT (a part is not mapped, or not so that it may
 * be accessed that way); -ENOMEM.
 */
int mib_pin(uint64_t addr, uint64_t len, bool write, struct mib_pin *pin);
void mib_unpin(struct mib_pin *pin);

#endif /* MIB_PIN_H */
