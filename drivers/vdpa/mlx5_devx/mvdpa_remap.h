/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What vhost sees of a memory table: it compares addresses, sizes and their order. When these are
 * equal it closes the files that came with the message and keeps what it has mapped, be they other
 * files or not; when the order alone is different, it stops the device and maps all anew. Tables
 * are written here so that it does what is right. Pure but for fstat() and dup().
 */
#ifndef MVDPA_REMAP_H
#define MVDPA_REMAP_H

#include <stdbool.h>

#include <rte_vhost.h>

#include "guard_table.h"

/** Guest memory that must stay in one piece: part of a ring. */
struct mvdpa_remap_part {
	uint64_t hva; /**< where vhost has it mapped */
	uint64_t size;
};

/** What is to be known of the table that vhost has. */
struct mvdpa_remap {
	const struct rte_vhost_memory *memory;
	uint32_t nb_parts;
	const struct mvdpa_remap_part *parts;
	uint64_t page_size;
};

/** Would vhost take @p table for the one that it has, although there are other files in it? */
bool mvdpa_remap_is_hidden(const struct mvdpa_remap *remap, const struct guard_table *table);

/**
 * Writes such a table differently, so that vhost sees a change: the same memory, the regions in
 * another order, or, if there is but one, in two pieces.
 * @return 0; -ENOSPC there is no place to cut, -errno of dup().
 */
int mvdpa_remap_show(const struct mvdpa_remap *remap, struct guard_table *table);

/**
 * Puts the regions of a table that is vhost's but for their order into vhost's order.
 * @return false: it is not, or is in order; then it is as it was.
 */
bool mvdpa_remap_sort(const struct mvdpa_remap *remap, struct guard_table *table);

#endif /* MVDPA_REMAP_H */
