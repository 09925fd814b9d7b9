/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The card's lock: first come, first served, and the place where the engine sleeps.
 */
#ifndef VNET_TURN_H
#define VNET_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "base_mutex.h"

#define VNET_TURN_PLACES 16u /**< where those wait whose turn has not come, by their number */

struct BASE_CAPABILITY("mutex") vnet_turn {
	struct base_mutex m; /**< guards all that follows (clang cannot be told in a C struct) */
	pthread_cond_t turn[VNET_TURN_PLACES]; /**< the turn of one who waits here may have come */
	pthread_cond_t work; /**< the sleeper was woken */
	uint64_t next; /**< number that the next to come gets */
	uint64_t serving; /**< number whose turn it is */
	bool woken;
};

void vnet_turn_init(struct vnet_turn *turn);
void vnet_turn_fini(struct vnet_turn *turn);

/** Takes the lock after all who came before. Not recursive. */
void vnet_turn_lock(struct vnet_turn *turn) BASE_ACQUIRE(turn);
void vnet_turn_unlock(struct vnet_turn *turn) BASE_RELEASE(turn);

/**
 * Sleeps until vnet_turn_wake(), which may have come since the last sleep, or for @p ns.
 * One thread only, which does not hold the lock. @return whether it was woken.
 */
bool vnet_turn_sleep(struct vnet_turn *turn, uint64_t ns) BASE_EXCLUDES(turn);
/** Any thread, with or without the lock. */
void vnet_turn_wake(struct vnet_turn *turn);

#endif /* VNET_TURN_H */
