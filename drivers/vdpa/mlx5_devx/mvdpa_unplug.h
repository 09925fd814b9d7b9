/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A device that goes while a front-end uses it: removed by the application, or pulled out.
 */
#ifndef MVDPA_UNPLUG_H
#define MVDPA_UNPLUG_H

#include "mvdpa_dev.h"

/**
 * Stops all queues, tells vhost where they are, gives back what belongs to the connection, and
 * refuses whatever would start a queue again. The connection keeps the device until dev_cleanup.
 */
void mvdpa_unplug_stop(struct mvdpa_dev *dev) BASE_EXCLUDES(dev->lock);
/**
 * The card is gone: as above, and the application is told (RTE_DEV_EVENT_REMOVE, from EAL's
 * interrupt thread, so that it may remove the device right there). Called by the event thread.
 */
void mvdpa_unplug_lost(struct mvdpa_dev *dev) BASE_EXCLUDES(dev->lock);

#endif /* MVDPA_UNPLUG_H */
