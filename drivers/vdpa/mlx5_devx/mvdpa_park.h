/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A receive queue that never runs: the receive table names it while the only real one is replaced,
 * so that steering need not be taken down. What comes in meanwhile is dropped, as without steering.
 */
#ifndef MVDPA_PARK_H
#define MVDPA_PARK_H

#include "mvdpa_virtq.h"

/** All 0: there is none. */
struct mvdpa_park {
	uint16_t index; /**< the object's queue number */
	struct mvdpa_res res;
	void *mem; /**< what it takes for a guest's memory */
	struct devx_mr *mr;
	struct devx_obj *obj; /**< NULL: there is none */
};

/**
 * Makes it, if there is none. It stays until mvdpa_park_destroy().
 * @param index an even queue number that no other queue has.
 * @return 0 or -errno; then there is none.
 */
int mvdpa_park_make(struct mvdpa_park *park, const struct mvdpa_virtq_env *env, uint16_t index);
/** Number of its object, which must be there. */
uint32_t mvdpa_park_id(const struct mvdpa_park *park);
/** The receive table must not name it. */
void mvdpa_park_destroy(struct mvdpa_park *park);

#endif /* MVDPA_PARK_H */
