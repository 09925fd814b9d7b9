/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A time limit for what others have to do, in a program that may be kept from running itself: a
 * machine with more work than processors stops all threads of a program for seconds at a time. So
 * the wait is cut into slices, and a slice counts for its length, however long it took.
 *
 *     struct patience patience = { 5000 };
 *     do
 *             ret = wait_for_it(patience_slice(&patience));
 *     while (ret != 0 && patience_go_on(&patience));
 *
 * Who waits for several things one after the other uses one for all: when it is used up each is asked
 * once more, without waiting.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>

#define PATIENCE_SLICE_MS 50u

struct patience {
	unsigned int left_ms;
};

/** How long to wait now, in ms. */
static inline unsigned int
patience_slice(const struct patience *patience)
{
	return patience->left_ms < PATIENCE_SLICE_MS ? patience->left_ms : PATIENCE_SLICE_MS;
}

/** A slice has passed in vain. @return false: that was the last */
static inline bool
patience_go_on(struct patience *patience)
{
	patience->left_ms -= patience_slice(patience);
	return patience->left_ms != 0;
}

#endif /* PATIENCE_H */
