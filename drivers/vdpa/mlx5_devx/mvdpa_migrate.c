/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a front-end that migrates its guest sends SET_LOG_BASE, then SET_FEATURES with
 * VHOST_F_LOG_ALL; it may send another log at any time (the guest got memory), and takes LOG_ALL back
 * when the migration failed. Both may also come before the first queue runs. Each of these changes
 * what queues should have (mvdpa_dirty), and all queue objects are told at once, in one command each;
 * every way that makes or resumes a queue gets it from there, too. So nothing has to be remembered
 * here.
 *
 * A new log is in force before vhost answers, since the front-end reads the old one for the last time
 * after the answer. If the message was not seen (the application took vhost's handler), LOG_ALL makes
 * us ask vhost for its mapping.
 *
 * The hand-over itself is GET_VRING_BASE, an ordinary stop: rings are marked and indices told before
 * vhost answers, because dev_close comes before. The destination's is an ordinary start. VHOST_USER_
 * SEND_RARP ends at vhost, which wants to put the packet into the guest's ring in a data path that
 * it does not have here; the guest's driver announces itself (VIRTIO_NET_F_GUEST_ANNOUNCE).
 */
#define MVDPA_LOG_MODULE MVDPA_LOG_MIGRATE
#include "mvdpa_migrate.h"

#include <linux/vhost.h>

#include <rte_vhost.h>

#include "guard_log.h"
#include "mvdpa_log.h"

static bool
migrate_is_named(void *arg, uint32_t mkey)
{
	struct mvdpa_dev *dev = arg;
	uint32_t i;

	for (i = 0; i < dev->nb_virtqs; i++) {
		if (mvdpa_virtq_names_log(&dev->virtqs[i], mkey))
			return true;
	}
	return false;
}

static int
migrate_tell_queue(void *arg, unsigned int i)
{
	struct mvdpa_dev *dev = arg;

	return mvdpa_virtq_log(&dev->virtqs[i]);
}

/* Tells all queues what they should have. What one does not take is a debt, not an error. */
static void
migrate_apply_locked(struct mvdpa_dev *dev, enum mvdpa_flow_kind kind) BASE_REQUIRES(dev->lock)
{
	int ret;

	mvdpa_flow_begin(&dev->flows, kind);
	ret = mvdpa_pool_run(dev->pool, dev->nb_virtqs, migrate_tell_queue, dev);
	mvdpa_migrate_balance_locked(dev);
	mvdpa_flow_end(&dev->flows, ret);
}

static int
migrate_log_base(void *arg, int vid, const struct guard_log *log)
{
	struct mvdpa_dev *dev = arg;
	int ret = 0;

	base_mutex_lock(&dev->lock);
	if (dev->owner == vid) {
		ret = mvdpa_dirty_take(&dev->dirty, log);
		if (ret == 0 && dev->dirty.wanted)
			migrate_apply_locked(dev, MVDPA_FLOW_LOG_ON);
		else
			mvdpa_migrate_balance_locked(dev);
	}
	base_mutex_unlock(&dev->lock);
	return ret;
}

void
mvdpa_migrate_init(struct mvdpa_dev *dev) BASE_NO_TSA
{
	mvdpa_dirty_init(&dev->dirty, dev->name, &mvdpa_log, dev->devx, &dev->mem.plan);
	dev->message.log_base = migrate_log_base;
}

static void
migrate_ask_vhost_locked(struct mvdpa_dev *dev, int vid) BASE_REQUIRES(dev->lock)
{
	uint64_t bits = 0, size = 0;

	if (rte_vhost_get_log_base(vid, &bits, &size) == 0 &&
			mvdpa_dirty_is_stale(&dev->dirty, (void *)(uintptr_t)bits, size))
		mvdpa_dirty_adopt(&dev->dirty, vid, (void *)(uintptr_t)bits, size);
}

void
mvdpa_migrate_features_locked(struct mvdpa_dev *dev, int vid, uint64_t features)
{
	bool wanted = (features >> VHOST_F_LOG_ALL & 1) != 0;

	if (wanted)
		migrate_ask_vhost_locked(dev, vid);
	if (wanted == dev->dirty.wanted)
		return;
	mvdpa_dirty_want(&dev->dirty, wanted);
	base_info(&mvdpa_log, "%s: dirty pages are %s", dev->name,
			wanted ? "logged" : "not logged any more");
	migrate_apply_locked(dev, wanted ? MVDPA_FLOW_LOG_ON : MVDPA_FLOW_LOG_OFF);
}

void
mvdpa_migrate_balance_locked(struct mvdpa_dev *dev)
{
	mvdpa_dirty_settle(&dev->dirty);
	mvdpa_dirty_trim(&dev->dirty, migrate_is_named, dev);
}

void
mvdpa_migrate_forget_locked(struct mvdpa_dev *dev)
{
	mvdpa_dirty_release(&dev->dirty);
}
