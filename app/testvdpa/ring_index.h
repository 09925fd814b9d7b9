/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Where a ring stands, as somebody has told: the guest's driver, the device, a report.
 */
#ifndef RING_INDEX_H
#define RING_INDEX_H

#include <stdbool.h>
#include <stdint.h>

/** Available and used index of a ring (packed: with the wrap counter in bit 15), where known. */
struct ring_index {
	bool known;
	uint16_t avail, used;
};

/** Do both say the same? What is not known is like nothing but what is not known. */
static inline bool
ring_index_same(const struct ring_index *a, const struct ring_index *b)
{
	return a->known == b->known && (!a->known || (a->avail == b->avail && a->used == b->used));
}

#endif /* RING_INDEX_H */
