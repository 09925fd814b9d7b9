/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Live migration of a device's guest: when its queues log dirty pages, and where.
 */
#ifndef MVDPA_MIGRATE_H
#define MVDPA_MIGRATE_H

#include "mvdpa_dev.h"

/** Once, before there are queues. */
void mvdpa_migrate_init(struct mvdpa_dev *dev);

/** The front-end has negotiated @p features with vhost device @p vid: VHOST_F_LOG_ALL comes or goes,
 * also while queues run. */
void mvdpa_migrate_features_locked(struct mvdpa_dev *dev, int vid, uint64_t features)
		BASE_REQUIRES(dev->lock);
/** Queues have stopped, started or gone: what they left unmarked is made up for, and keys that none
 * of them names any more go back. */
void mvdpa_migrate_balance_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock);
/** The front-end is gone; so must be the queues. */
void mvdpa_migrate_forget_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock);

#endif /* MVDPA_MIGRATE_H */
