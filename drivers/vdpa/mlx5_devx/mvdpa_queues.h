/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * All queues of a device at once: stopping, starting, making them beforehand, and the receive
 * table that goes with them. Commands of different queues run on the device's pool.
 */
#ifndef MVDPA_QUEUES_H
#define MVDPA_QUEUES_H

#include "mvdpa_dev.h"

/** Makes queues for pairs of rings that may come (devargs queues, queue_size), and steering over
 * them. What cannot be made is logged; it is made later, then. */
void mvdpa_queues_precreate_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock);

/** Suspends all that run. Objects and steering stay, but for what the card does not stop. */
void mvdpa_queues_stop_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock);
/**
 * Starts all that vhost wants, and steers packets to them.
 * @param way whether objects that wait may go on (AUTO, MODIFY) or are replaced (RECREATE).
 * @return 0, or the first error; then some may run.
 */
int
mvdpa_queues_start_locked(struct mvdpa_dev *dev, enum mvdpa_mem_table way) BASE_REQUIRES(dev->lock);
/** Takes steering and all objects away; those that run are stopped first. */
void mvdpa_queues_drop_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock);

/** Starts one queue beside those that run; on error it is ABSENT and the others go on. */
int mvdpa_queues_start_one_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq)
		BASE_REQUIRES(dev->lock);
/** Stops one queue; packets go to the others. Its object stays if the card stopped it. */
void mvdpa_queues_stop_one_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq)
		BASE_REQUIRES(dev->lock);
/** Takes away its object; packets go to the others. */
void mvdpa_queues_destroy_one_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq)
		BASE_REQUIRES(dev->lock);

/** Packets go to all receive queues that run; if none does, to those that wait. */
int mvdpa_queues_steer_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock);

#endif /* MVDPA_QUEUES_H */
