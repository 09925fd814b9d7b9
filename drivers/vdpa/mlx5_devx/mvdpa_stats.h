/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a queue tells of itself, by name.
 */
#ifndef MVDPA_STATS_H
#define MVDPA_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "mvdpa_dev.h"

/** Number of values of a queue. */
unsigned int mvdpa_stats_count(void);
/** Name of value @p i < mvdpa_stats_count(). */
const char *mvdpa_stats_name(unsigned int i);
/**
 * Reads the first @p nb values of queue @p queue.
 * @return 0; -EINVAL no such queue; -errno the card did not answer.
 */
int mvdpa_stats_read(struct mvdpa_dev *dev, uint16_t queue, uint64_t *values, unsigned int nb);
/** Counts begin again at 0; indices and state stay. */
int mvdpa_stats_reset(struct mvdpa_dev *dev, uint16_t queue);

#endif /* MVDPA_STATS_H */
