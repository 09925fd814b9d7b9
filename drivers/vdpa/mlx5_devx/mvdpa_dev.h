/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A vDPA device: one PCI function with its queues, and its life between probe and remove.
 *
 * Locks, in the order in which they are taken: the device's, a queue's, a queue's io. vhost's
 * thread and recovery (event thread) take the device's for a whole operation; the pool's workers
 * take a queue's, on behalf of one that holds the device's.
 */
#ifndef MVDPA_DEV_H
#define MVDPA_DEV_H

#include <sys/queue.h>

#include <vdpa_driver.h>

#include "base_mutex.h"
#include "devx_cap.h"
#include "devx_dev.h"
#include "mvdpa_args.h"
#include "mvdpa_dirty.h"
#include "mvdpa_event.h"
#include "mvdpa_flow.h"
#include "mvdpa_halt.h"
#include "mvdpa_mem.h"
#include "mvdpa_message.h"
#include "mvdpa_notifier.h"
#include "mvdpa_park.h"
#include "mvdpa_pool.h"
#include "mvdpa_steer.h"
#include "mvdpa_virtq.h"

#define MVDPA_MAX_LAG_PORTS 16

struct mvdpa_dev {
	LIST_ENTRY(mvdpa_dev) next; /**< covered by the list's lock */
	char name[64]; /**< PCI address */
	struct rte_device *device;
	struct rte_vdpa_device *vdpa;
	unsigned int users; /**< who works with it now; covered by the list's lock */
	bool leaving; /**< no new users; covered by the list's lock */
	struct mvdpa_ghost *ghost; /**< what will be left with vhost, and is not freed */

	/* Fixed after creation. */
	struct mvdpa_args args;
	struct mvdpa_pool *pool; /**< runs what does not depend on each other */
	struct devx_dev *devx;
	struct devx_cap cap;
	struct devx_obj *td;
	struct devx_obj *tis[MVDPA_MAX_LAG_PORTS];
	uint32_t tis_id[MVDPA_MAX_LAG_PORTS];
	int fdroom; /**< mark of the room for its files */
	uint16_t nb_virtqs;
	struct mvdpa_virtq *virtqs;
	struct mvdpa_virtq_learned learned; /**< set by whoever starts a queue */
	struct mvdpa_event event;
	struct mvdpa_notifier notifier;
	struct mvdpa_flow_log flows; /**< has a lock of its own */

	struct base_mutex lock;
	struct mvdpa_virtq_env env BASE_GUARDED_BY(lock);
	int owner BASE_GUARDED_BY(lock); /**< vhost device that is served, -1: none */
	bool gone BASE_GUARDED_BY(lock); /**< the card is, or soon will be */
	bool configured BASE_GUARDED_BY(lock); /**< between dev_conf and dev_close */
	bool has_run BASE_GUARDED_BY(lock); /**< for this owner */
	struct mvdpa_mem mem BASE_GUARDED_BY(lock);
	struct mvdpa_dirty dirty BASE_GUARDED_BY(lock);
	struct mvdpa_steer steer BASE_GUARDED_BY(lock);
	struct mvdpa_park park BASE_GUARDED_BY(lock);
	struct mvdpa_halt halt BASE_GUARDED_BY(lock);
	struct mvdpa_message message; /**< used by vhost's thread only */
};

/** Opens the card at @p device; the device is not registered with vhost by this. */
int
mvdpa_dev_create(struct rte_device *device, const struct mvdpa_args *args, struct mvdpa_dev **dev);
/** Closes whatever is open; only the memory of @p dev is left, for the caller to free. */
void mvdpa_dev_shut(struct mvdpa_dev *dev);
/** Closes whatever is open; no connection may know the device. */
void mvdpa_dev_destroy(struct mvdpa_dev *dev);

#endif /* MVDPA_DEV_H */
