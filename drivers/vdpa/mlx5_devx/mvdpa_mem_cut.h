/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * From the memory table that a front-end sends, and the memory that has keys already, to the
 * pieces that the next table is made of: those that have a key, and those that need one. Pure.
 */
#ifndef MVDPA_MEM_CUT_H
#define MVDPA_MEM_CUT_H

#include "mvdpa_mem_plan.h"

/** A piece of guest memory that one direct key covers. */
struct mvdpa_mem_piece {
	struct mvdpa_mem_region region;
	int32_t known; /**< index of the known memory that it is, -1: it needs a key */
};

/** Memory that has a key. */
struct mvdpa_mem_known {
	uint32_t nb;
	const struct mvdpa_mem_region **regions; /**< the ones to be preferred first */
};

/**
 * Cuts @p nb regions (any order, at most MVDPA_MEM_MAX_REGIONS) into pieces by ascending address.
 * @param pieces room for MVDPA_MEM_MAX_REGIONS
 * @return how many there are.
 */
uint32_t mvdpa_mem_cut(const struct mvdpa_mem_region *regions, uint32_t nb,
		const struct mvdpa_mem_known *known, struct mvdpa_mem_piece *pieces);

#endif /* MVDPA_MEM_CUT_H */
