/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: rte_vhost calls, from the one thread that serves all connections,
 *   set_vring_state   whenever a ring becomes ready or stops being so, also before dev_conf and
 *                     also just to swap a kick or call file (0, then 1, in one message);
 *   dev_conf          when the first rings are ready, and after each SET_MEM_TABLE, which is
 *                     preceded by dev_close and followed by no set_vring_state;
 *   dev_close         at GET_VRING_BASE, SET_MEM_TABLE, RESET_OWNER and the end of the connection,
 *                     also when dev_conf failed, and not when the application refused the device;
 *   dev_cleanup       at the end of the connection and at RESET_OWNER, before vhost unmaps.
 * So "vhost wants this queue" (enabled) is kept apart from what firmware has: dev_close stops the
 * queues and leaves the wish, dev_conf fulfils it, dev_cleanup forgets it.
 *
 * Closing suspends all queues, so that vhost has all indices early, and leaves everything else
 * where it is: objects (which the next dev_conf may resume with one command each), steering, event
 * QPs, completion queues, buffers, counters and memory keys. dev_cleanup takes it all away, since
 * vhost unmaps the guest's memory behind it.
 *
 * vhost takes any number of connections at a socket and hands all of them to the same device. The
 * first one that asks for something owns it until its dev_cleanup; another one is refused, and its
 * end (vhost calls dev_cleanup even for a connection that the application never let in) is nothing
 * to the owner.
 */
#define MVDPA_LOG_MODULE MVDPA_LOG_CONF
#include "mvdpa_conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "devx_grave.h"
#include "mvdpa_log.h"
#include "mvdpa_migrate.h"
#include "mvdpa_queues.h"

/* --- the vDPA operations --------------------------------------------------------------------- */

/* The first to come owns the device. */
static int
conf_own_locked(struct mvdpa_dev *dev, int vid) BASE_REQUIRES(dev->lock)
{
	if (dev->gone) {
		base_err(&mvdpa_log, "%s: the device is gone", dev->name);
		return -ENODEV;
	}
	if (dev->owner < 0)
		dev->owner = vid;
	if (dev->owner == vid)
		return 0;
	base_err(&mvdpa_log, "%s: vhost device %d is refused, vhost device %d has it", dev->name,
			vid, dev->owner);
	return -EBUSY;
}

static void
conf_close_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	mvdpa_notifier_disarm(&dev->notifier);
	mvdpa_queues_stop_locked(dev);
	mvdpa_migrate_balance_locked(dev);
	dev->configured = false;
}

static int
conf_take_memory_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	struct rte_vhost_memory *table = NULL;
	int ret;

	if (!dev->message.mem_table) {
		base_err(&mvdpa_log,
				"%s: there is no memory table that can be used (SET_MEM_TABLE was "
				"refused, or came before SET_FEATURES)",
				dev->name);
		return -EINVAL;
	}
	if (rte_vhost_get_mem_table(dev->env.vid, &table) != 0) {
		base_err(&mvdpa_log, "%s: vhost gives no memory table", dev->name);
		return -ENOMEM;
	}
	ret = mvdpa_mem_update(&dev->mem, table);
	free(table);
	return ret;
}

/* Before vhost knows of the table, with the queues running. */
int
mvdpa_conf_prepare_table(void *arg, const struct guard_table *table)
{
	struct mvdpa_dev *dev = arg;
	int ret;

	base_mutex_lock(&dev->lock);
	if (dev->configured) {
		/* One that vhost could not map did not come to its second half. */
		mvdpa_flow_end_paused(&dev->flows, -ECANCELED);
		mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_SET_MEM_TABLE);
	}
	ret = dev->gone ? -ENODEV : mvdpa_mem_prepare(&dev->mem, table);
	if (dev->configured && ret == 0)
		mvdpa_flow_pause(&dev->flows);
	else if (dev->configured)
		mvdpa_flow_end(&dev->flows, ret);
	base_mutex_unlock(&dev->lock);
	return ret;
}

/* vhost may have found the table to be the one that it has: then no queue was stopped. */
void
mvdpa_conf_table_taken(void *arg)
{
	struct mvdpa_dev *dev = arg;

	base_mutex_lock(&dev->lock);
	if (dev->configured)
		mvdpa_flow_end_paused(&dev->flows, 0);
	base_mutex_unlock(&dev->lock);
}

bool
mvdpa_conf_runs(void *arg, uint32_t queue)
{
	struct mvdpa_dev *dev = arg;
	bool runs;

	base_mutex_lock(&dev->lock);
	runs = queue < dev->nb_virtqs &&
			mvdpa_virtq_state(&dev->virtqs[queue]) == MVDPA_VIRTQ_READY;
	base_mutex_unlock(&dev->lock);
	return runs;
}

/* Whoever sets a base begins anew there, also if it is the number at which the ring had stopped. */
void
mvdpa_conf_based(void *arg, uint32_t queue)
{
	struct mvdpa_dev *dev = arg;

	base_mutex_lock(&dev->lock);
	if (queue < dev->nb_virtqs)
		dev->virtqs[queue].same_life = false;
	base_mutex_unlock(&dev->lock);
}

/* The guest may send what the port drops: not refused, because most guests will not. */
static void
conf_check_mtu(const struct mvdpa_dev *dev, int vid)
{
	uint16_t mtu = 0;

	if (rte_vhost_get_mtu(vid, &mtu) == 0 && mtu > dev->cap.mtu)
		base_warn(&mvdpa_log,
				"%s: the front-end tells the guest an MTU of %u, the card's port has "
				"%u: longer packets will be dropped",
				dev->name, mtu, dev->cap.mtu);
}

static int
conf_configure_locked(struct mvdpa_dev *dev, int vid, enum mvdpa_mem_table way)
		BASE_REQUIRES(dev->lock)
{
	uint32_t i;
	int ret;

	if (dev->configured)
		conf_close_locked(dev);
	dev->env.vid = vid;
	if (rte_vhost_get_negotiated_features(vid, &dev->env.features) != 0)
		return -ENODEV;
	if (rte_vhost_get_vring_num(vid) > dev->nb_virtqs) {
		base_err(&mvdpa_log, "%s: the front-end has %u queues, the card %u", dev->name,
				rte_vhost_get_vring_num(vid), dev->nb_virtqs);
		return -EINVAL;
	}
	conf_check_mtu(dev, vid);
	for (i = 0; i < dev->nb_virtqs; i++)
		dev->virtqs[i].down = false;
	ret = conf_take_memory_locked(dev);
	if (ret == 0)
		ret = mvdpa_queues_start_locked(dev, way);
	if (ret != 0)
		mvdpa_queues_drop_locked(dev);
	mvdpa_mem_trim(&dev->mem); /* no queue names another table, or there is no queue */
	if (ret != 0)
		return ret;
	dev->configured = true;
	mvdpa_migrate_balance_locked(dev);
	mvdpa_notifier_arm(&dev->notifier, vid);
	return 0;
}

/* The second half of a SET_MEM_TABLE continues the first. */
static enum mvdpa_flow_kind
conf_flow_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	if (mvdpa_flow_is_paused(&dev->flows))
		return MVDPA_FLOW_SET_MEM_TABLE;
	return dev->has_run ? MVDPA_FLOW_RESTART : MVDPA_FLOW_START;
}

int
mvdpa_conf_configure(struct mvdpa_dev *dev, int vid)
{
	enum mvdpa_flow_kind kind;
	int ret;

	base_mutex_lock(&dev->lock);
	ret = conf_own_locked(dev, vid);
	if (ret == 0) {
		mvdpa_message_follow(&dev->message, vid);
		kind = conf_flow_locked(dev);
		mvdpa_flow_begin(&dev->flows, kind);
		ret = conf_configure_locked(dev, vid,
				kind == MVDPA_FLOW_SET_MEM_TABLE ? dev->args.mem_table :
								   MVDPA_MEM_TABLE_AUTO);
		mvdpa_flow_end(&dev->flows, ret);
		mvdpa_message_done(&dev->message);
		dev->has_run |= ret == 0;
	}
	base_mutex_unlock(&dev->lock);
	if (ret != 0)
		base_warn(&mvdpa_log, "%s: not configured: %s", dev->name, strerror(-ret));
	return ret;
}

int
mvdpa_conf_close(struct mvdpa_dev *dev, int vid)
{
	bool table;

	base_mutex_lock(&dev->lock);
	if (dev->configured && dev->owner == vid) {
		table = mvdpa_message_sets_memory(&dev->message);
		mvdpa_flow_begin(&dev->flows, table ? MVDPA_FLOW_SET_MEM_TABLE : MVDPA_FLOW_STOP);
		conf_close_locked(dev);
		if (table && dev->args.mem_table == MVDPA_MEM_TABLE_TEARDOWN)
			mvdpa_queues_drop_locked(dev);
		if (table)
			mvdpa_flow_pause(&dev->flows); /* dev_conf follows */
		else
			mvdpa_flow_end(&dev->flows, 0);
	}
	base_mutex_unlock(&dev->lock);
	return 0;
}

void
mvdpa_conf_forget_locked(struct mvdpa_dev *dev)
{
	uint32_t i;

	if (dev->configured)
		conf_close_locked(dev);
	mvdpa_queues_drop_locked(dev);
	for (i = 0; i < dev->nb_virtqs; i++)
		mvdpa_virtq_forget(&dev->virtqs[i]);
	mvdpa_migrate_forget_locked(dev);
	mvdpa_mem_release(&dev->mem);
	devx_grave_reap(dev->devx); /* nobody may come for a long time to try again */
	if (dev->has_run) /* the next guest is likely to be of the same kind */
		dev->env.blank_features = dev->env.features;
	dev->owner = -1;
	dev->has_run = false;
	dev->env.vid = -1;
	dev->env.features = 0;
}

int
mvdpa_conf_cleanup(struct mvdpa_dev *dev, int vid)
{
	bool owned;

	base_mutex_lock(&dev->lock);
	owned = dev->owner == vid;
	if (owned) {
		mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_CLEANUP);
		mvdpa_conf_forget_locked(dev);
		if (!dev->gone)
			mvdpa_queues_precreate_locked(dev); /* for the next one */
		mvdpa_flow_end(&dev->flows, 0);
		mvdpa_message_forget(&dev->message);
	}
	base_mutex_unlock(&dev->lock);
	if (owned)
		mvdpa_notifier_wait(&dev->notifier);
	return 0;
}

static int
conf_enable_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	int ret;

	vq->enabled = true;
	vq->down = false;
	if (!dev->configured)
		return 0;
	if (mvdpa_virtq_state(vq) == MVDPA_VIRTQ_READY && !mvdpa_virtq_ring_changed(vq))
		return mvdpa_virtq_attach(vq);
	mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_ENABLE);
	if (mvdpa_virtq_state(vq) == MVDPA_VIRTQ_READY)
		mvdpa_queues_stop_one_locked(dev, vq);
	ret = mvdpa_queues_start_one_locked(dev, vq);
	mvdpa_migrate_balance_locked(dev);
	mvdpa_flow_end(&dev->flows, ret);
	return ret;
}

static void
conf_disable_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	bool keeps_life = mvdpa_message_keeps_life(&dev->message);

	if (mvdpa_message_swaps_file(&dev->message) && dev->configured &&
			mvdpa_virtq_state(vq) == MVDPA_VIRTQ_READY) {
		mvdpa_io_detach(&vq->io); /* enabling follows in the same message */
		return;
	}
	vq->enabled = false;
	if (dev->configured) {
		mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_DISABLE);
		mvdpa_queues_stop_one_locked(dev, vq);
		mvdpa_migrate_balance_locked(dev);
		mvdpa_flow_end(&dev->flows, 0);
	}
	if (!keeps_life)
		vq->same_life = false;
}

int
mvdpa_conf_vring_state(struct mvdpa_dev *dev, int vid, int queue, int enable)
{
	struct mvdpa_virtq *vq;
	int ret;

	if (queue < 0 || queue >= dev->nb_virtqs) {
		base_err(&mvdpa_log, "%s: queue %d: the card has %u", dev->name, queue,
				dev->nb_virtqs);
		return -EINVAL;
	}
	vq = &dev->virtqs[queue];
	base_mutex_lock(&dev->lock);
	ret = conf_own_locked(dev, vid);
	if (ret == 0) {
		mvdpa_message_follow(&dev->message, vid);
		if (enable)
			ret = conf_enable_locked(dev, vq);
		else
			conf_disable_locked(dev, vq);
	}
	base_mutex_unlock(&dev->lock);
	if (ret != 0)
		base_warn(&mvdpa_log, "%s queue %d: not started: %s", dev->name, queue,
				strerror(-ret));
	return ret;
}

int
mvdpa_conf_features(struct mvdpa_dev *dev, int vid)
{
	uint64_t features = 0;
	int ret;

	/* What counts is read at dev_conf; vhost refuses a change while the device runs, but for
	 * VHOST_F_LOG_ALL. */
	base_mutex_lock(&dev->lock);
	ret = conf_own_locked(dev, vid);
	if (ret == 0) {
		mvdpa_message_follow(&dev->message, vid);
		if (rte_vhost_get_negotiated_features(vid, &features) != 0)
			ret = -ENODEV;
	}
	if (ret == 0)
		mvdpa_migrate_features_locked(dev, vid, features);
	base_mutex_unlock(&dev->lock);
	if (ret == 0)
		base_info(&mvdpa_log, "%s: negotiated features 0x%" PRIx64, dev->name, features);
	return ret;
}
