/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Received packets to running receive queues: one table of queues, seven hashes over it, seven
 * rules that choose the hash. Not thread-safe: the device's lock covers it.
 */
#ifndef MVDPA_STEER_H
#define MVDPA_STEER_H

#include <stdbool.h>
#include <stdint.h>

#include "devx_steer.h"
#include "mvdpa_pool.h"

#define MVDPA_STEER_NB_RULES 7
#define MVDPA_STEER_MAX_RQT 512u

struct mvdpa_steer {
	struct devx_dev *devx;
	struct mvdpa_pool *pool; /**< rules are made and given back on it */
	uint32_t td; /**< transport domain */
	uint32_t rqt_size; /**< entries, a power of two */
	uint32_t ids[MVDPA_STEER_MAX_RQT]; /**< what the table holds */
	struct devx_obj *rqt; /**< NULL: no packets are steered to us */
	struct devx_obj *tir[MVDPA_STEER_NB_RULES];
	struct devx_flow *flow[MVDPA_STEER_NB_RULES];
};

/** @param rqt_max what the card allows. */
void mvdpa_steer_init(struct mvdpa_steer *steer, struct devx_dev *devx, struct mvdpa_pool *pool,
		uint32_t td, uint32_t rqt_max);
/**
 * Spreads packets over these queue objects. None: packets no longer come to us (everything is
 * taken down). The same as before: nothing is done. On error nothing is left set up.
 */
int mvdpa_steer_set(struct mvdpa_steer *steer, const uint32_t *ids, uint32_t nb);

/** Fills a table of @p size entries with @p nb numbers in turn (pure). */
void mvdpa_steer_fill(const uint32_t *ids, uint32_t nb, uint32_t *table, uint32_t size);

#endif /* MVDPA_STEER_H */
