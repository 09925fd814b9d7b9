/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What separates the queue object that firmware has from the one that there should be, and whether
 * MODIFY can bridge it. Pure.
 */
#ifndef MVDPA_VIRTQ_DIFF_H
#define MVDPA_VIRTQ_DIFF_H

#include "devx_cap.h"
#include "devx_virtq.h"

/** Stands among the bits of enum prm_virtq_modify for what is given at creation and never again. */
#define MVDPA_VIRTQ_DIFF_FIXED (1ULL << 63)

/** Bits (enum prm_virtq_modify, MVDPA_VIRTQ_DIFF_FIXED) of the fields that differ; the state is
 * none of them. */
uint64_t mvdpa_virtq_diff(const struct devx_virtq_attr *hw, const struct devx_virtq_attr *want);

/** Bits of the fields that MODIFY may change in @p state on a card with @p cap, without the state
 * itself. */
uint64_t mvdpa_virtq_modifiable(enum prm_virtq_state state, const struct devx_cap *cap);

/**
 * Can MODIFY make @p want of @p hw and have it run?
 * @param select receives the fields for that command, the state among them.
 */
bool mvdpa_virtq_fits(const struct devx_virtq_attr *hw, const struct devx_virtq_attr *want,
		const struct devx_cap *cap, uint64_t *select);

#endif /* MVDPA_VIRTQ_DIFF_H */
