/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The devices of this driver, and the operations by which vhost reaches them.
 */
#ifndef MVDPA_OPS_H
#define MVDPA_OPS_H

#include "mvdpa_dev.h"

extern struct rte_vdpa_dev_ops mvdpa_ops;

/** Makes @p dev known to vhost; where a device of the same name was removed, to those who are
 * attached to that one, too. */
int mvdpa_ops_register(struct mvdpa_dev *dev);
/** Takes @p dev away from vhost and closes it, whoever uses it. Waits for operations in progress.
 * Must not be called from the device's own threads. */
void mvdpa_ops_remove(struct mvdpa_dev *dev);
/** The device on @p device, or NULL. */
struct mvdpa_dev *mvdpa_ops_find(const struct rte_device *device);

/** Calls @p visit for each device, or for the one of name @p name (NULL: all). No lock is held, and
 * the device does not go meanwhile. @return how many there were. */
unsigned int
mvdpa_ops_visit(const char *name, void (*visit)(struct mvdpa_dev *dev, void *arg), void *arg);

#endif /* MVDPA_OPS_H */
