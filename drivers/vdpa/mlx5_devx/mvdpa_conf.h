/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What vhost asks of a device: the vDPA operations (vdpa_driver.h), and the steps that recovery
 * and removal share with them.
 */
#ifndef MVDPA_CONF_H
#define MVDPA_CONF_H

#include "mvdpa_dev.h"

/* The vDPA operations on a device that was found, for vhost device @p vid; 0 or -errno. */
int mvdpa_conf_configure(struct mvdpa_dev *dev, int vid) BASE_EXCLUDES(dev->lock);
int mvdpa_conf_close(struct mvdpa_dev *dev, int vid) BASE_EXCLUDES(dev->lock);
int mvdpa_conf_cleanup(struct mvdpa_dev *dev, int vid) BASE_EXCLUDES(dev->lock);
int mvdpa_conf_vring_state(struct mvdpa_dev *dev, int vid, int queue, int enable)
		BASE_EXCLUDES(dev->lock);
int mvdpa_conf_features(struct mvdpa_dev *dev, int vid) BASE_EXCLUDES(dev->lock);

/* What mvdpa_message.h calls, with a device: a memory table has come in, vhost has taken it; the
 * base of a ring has. */
int mvdpa_conf_prepare_table(void *dev, const struct guard_table *table);
void mvdpa_conf_table_taken(void *dev);
bool mvdpa_conf_runs(void *dev, uint32_t queue);
void mvdpa_conf_based(void *dev, uint32_t queue);

/** Gives back all that belongs to the connection. */
void mvdpa_conf_forget_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock);

#endif /* MVDPA_CONF_H */
