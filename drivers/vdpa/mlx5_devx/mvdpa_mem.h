/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A guest's memory as the card sees it: carries a plan (mvdpa_mem_plan.h) out. Regions that did
 * not change keep their keys. Not thread-safe: the device's lock covers it.
 */
#ifndef MVDPA_MEM_H
#define MVDPA_MEM_H

#include <rte_vhost.h>

#include "devx_mr.h"
#include "mvdpa_mem_plan.h"

struct mvdpa_mem_key; /* direct key of one region */

struct mvdpa_mem {
	struct devx_dev *devx;
	const struct base_log *log;
	uint32_t max_klms; /**< of the card */
	struct mvdpa_mem_plan plan; /**< what is registered; also translates addresses */
	struct mvdpa_mem_key *keys; /**< one for each region of the plan */
	struct devx_obj *mkey; /**< indirect key over all of them */
	struct mvdpa_mem_key *old; /**< keys of regions that went, until mvdpa_mem_trim() */
	uint32_t nb_old;
};

/**
 * Registers the table @p table; what was registered before and is not in it is put aside. No
 * queue may be running. On error nothing has changed.
 */
int mvdpa_mem_update(struct mvdpa_mem *mem, const struct rte_vhost_memory *table);
/** Gives back what mvdpa_mem_update() put aside; queues may be running. */
void mvdpa_mem_trim(struct mvdpa_mem *mem);
/** Gives all keys back. */
void mvdpa_mem_release(struct mvdpa_mem *mem);
/** The key for virtio queues. */
uint32_t mvdpa_mem_key(const struct mvdpa_mem *mem);

#endif /* MVDPA_MEM_H */
