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
 * Closing suspends all queues before anything else is done, so that vhost has all indices early
 * and no queue runs on while others are taken down; then steering goes, then the objects. Event
 * QPs, completion queues, buffers, counters and memory keys stay for the next dev_conf.
 *
 * vhost takes any number of connections at a socket and hands all of them to the same device. The
 * first one that asks for something owns it until its dev_cleanup; another one is refused, and its
 * end (vhost calls dev_cleanup even for a connection that the application never let in) is nothing
 * to the owner.
 *
 * The event thread runs from creation to destruction. It enters here for recovery only.
 */
#include "mvdpa_dev.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dev_driver.h>

#include "base_clock.h"
#include "mvdpa_features.h"
#include "mvdpa_log.h"
#include "mvdpa_recover.h"

/* --- steering and single queues -------------------------------------------------------------- */

/* Packets go to all receive queues that run. */
static int
dev_steer_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	uint32_t ids[MVDPA_STEER_MAX_RQT];
	uint32_t i, nb = 0;

	for (i = 0; i < dev->nb_virtqs && nb < dev->steer.rqt_size; i += 2) {
		if (mvdpa_virtq_state(&dev->virtqs[i]) == MVDPA_VIRTQ_READY)
			ids[nb++] = mvdpa_virtq_id(&dev->virtqs[i]);
	}
	return mvdpa_steer_set(&dev->steer, ids, nb);
}

static int
dev_start_queue_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	int ret;

	ret = mvdpa_virtq_walk(vq, MVDPA_WANT_READY);
	if (ret == 0 && mvdpa_virtq_is_rx(vq))
		ret = dev_steer_locked(dev);
	if (ret != 0) {
		mvdpa_virtq_walk(vq, MVDPA_WANT_ABSENT);
		dev_steer_locked(dev); /* the others go on */
	}
	return ret;
}

/* The queue leaves the receive table before its object goes: the card refuses otherwise. */
static void
dev_stop_queue_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq, enum mvdpa_virtq_wanted wanted)
		BASE_REQUIRES(dev->lock)
{
	mvdpa_virtq_walk(vq, MVDPA_WANT_SUSPENDED);
	if (mvdpa_virtq_is_rx(vq))
		dev_steer_locked(dev);
	/* What the card does not stop has to go. */
	mvdpa_virtq_walk(vq, mvdpa_virtq_has_stopped(vq) ? wanted : MVDPA_WANT_ABSENT);
}

/* --- the vDPA operations --------------------------------------------------------------------- */

/* The first to come owns the device. */
static int
dev_own_locked(struct mvdpa_dev *dev, int vid) BASE_REQUIRES(dev->lock)
{
	if (dev->owner < 0)
		dev->owner = vid;
	if (dev->owner == vid)
		return 0;
	base_err(&mvdpa_log, "%s: vhost device %d is refused, vhost device %d has it", dev->name,
			vid, dev->owner);
	return -EBUSY;
}

bool
mvdpa_dev_in_use(struct mvdpa_dev *dev)
{
	bool in_use;

	base_mutex_lock(&dev->lock);
	in_use = dev->owner >= 0;
	base_mutex_unlock(&dev->lock);
	return in_use;
}

static void
dev_close_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	uint32_t i;

	mvdpa_notifier_disarm(&dev->notifier);
	for (i = 0; i < dev->nb_virtqs; i++)
		mvdpa_virtq_walk(&dev->virtqs[i], MVDPA_WANT_SUSPENDED);
	mvdpa_steer_set(&dev->steer, NULL, 0);
	for (i = 0; i < dev->nb_virtqs; i++)
		mvdpa_virtq_walk(&dev->virtqs[i], MVDPA_WANT_ABSENT);
	dev->configured = false;
}

static int
dev_take_memory_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
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

static int
dev_start_queues_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < dev->nb_virtqs && ret == 0; i++) {
		dev->virtqs[i].down = false;
		if (dev->virtqs[i].enabled)
			ret = mvdpa_virtq_walk(&dev->virtqs[i], MVDPA_WANT_READY);
	}
	return ret;
}

/* The guest may send what the port drops: not refused, because most guests will not. */
static void
dev_check_mtu(const struct mvdpa_dev *dev, int vid)
{
	uint16_t mtu = 0;

	if (rte_vhost_get_mtu(vid, &mtu) == 0 && mtu > dev->cap.mtu)
		base_warn(&mvdpa_log,
				"%s: the front-end tells the guest an MTU of %u, the card's port has "
				"%u: longer packets will be dropped",
				dev->name, mtu, dev->cap.mtu);
}

static int
dev_conf_locked(struct mvdpa_dev *dev, int vid) BASE_REQUIRES(dev->lock)
{
	int ret;

	if (dev->configured)
		dev_close_locked(dev);
	dev->env.vid = vid;
	if (rte_vhost_get_negotiated_features(vid, &dev->env.features) != 0)
		return -ENODEV;
	if (rte_vhost_get_vring_num(vid) > dev->nb_virtqs) {
		base_err(&mvdpa_log, "%s: the front-end has %u queues, the card %u", dev->name,
				rte_vhost_get_vring_num(vid), dev->nb_virtqs);
		return -EINVAL;
	}
	dev_check_mtu(dev, vid);
	ret = dev_take_memory_locked(dev);
	if (ret == 0)
		ret = dev_start_queues_locked(dev);
	if (ret == 0)
		ret = dev_steer_locked(dev);
	if (ret != 0) {
		dev_close_locked(dev); /* takes down whatever was set up */
		return ret;
	}
	dev->configured = true;
	mvdpa_mem_trim(&dev->mem);
	mvdpa_notifier_arm(&dev->notifier, vid);
	return 0;
}

int
mvdpa_dev_conf(struct mvdpa_dev *dev, int vid)
{
	uint64_t commands = devx_cmd_total(dev->devx), start = base_clock_ns();
	int ret;

	base_mutex_lock(&dev->lock);
	ret = dev_own_locked(dev, vid);
	if (ret == 0) {
		mvdpa_message_follow(&dev->message, vid);
		ret = dev_conf_locked(dev, vid);
		mvdpa_message_done(&dev->message);
	}
	base_mutex_unlock(&dev->lock);
	if (ret != 0)
		base_err(&mvdpa_log, "%s: not configured: %s", dev->name, strerror(-ret));
	else
		base_info(&mvdpa_log, "%s: configured with %" PRIu64 " commands in %" PRIu64 " us",
				dev->name, devx_cmd_total(dev->devx) - commands,
				(base_clock_ns() - start) / 1000);
	return ret;
}

int
mvdpa_dev_close(struct mvdpa_dev *dev, int vid)
{
	uint64_t commands = devx_cmd_total(dev->devx), start = base_clock_ns();

	base_mutex_lock(&dev->lock);
	if (dev->configured && dev->owner == vid) {
		dev_close_locked(dev);
		base_info(&mvdpa_log, "%s: closed with %" PRIu64 " commands in %" PRIu64 " us",
				dev->name, devx_cmd_total(dev->devx) - commands,
				(base_clock_ns() - start) / 1000);
	}
	base_mutex_unlock(&dev->lock);
	return 0;
}

static void
dev_forget_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	uint32_t i;

	if (dev->configured)
		dev_close_locked(dev);
	for (i = 0; i < dev->nb_virtqs; i++)
		mvdpa_virtq_forget(&dev->virtqs[i]);
	mvdpa_mem_release(&dev->mem);
	dev->owner = -1;
	dev->env.vid = -1;
	dev->env.features = 0;
}

int
mvdpa_dev_cleanup(struct mvdpa_dev *dev, int vid)
{
	bool owned;

	base_mutex_lock(&dev->lock);
	owned = dev->owner == vid;
	if (owned) {
		dev_forget_locked(dev);
		mvdpa_message_forget(&dev->message);
	}
	base_mutex_unlock(&dev->lock);
	if (owned)
		mvdpa_notifier_wait(&dev->notifier);
	return 0;
}

static int
dev_enable_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	vq->enabled = true;
	vq->down = false;
	if (!dev->configured)
		return 0;
	if (mvdpa_virtq_state(vq) == MVDPA_VIRTQ_READY) {
		if (!mvdpa_virtq_ring_changed(vq))
			return mvdpa_virtq_attach(vq);
		dev_stop_queue_locked(dev, vq, MVDPA_WANT_ABSENT);
	}
	return dev_start_queue_locked(dev, vq);
}

static void
dev_disable_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	bool keeps_life = mvdpa_message_keeps_life(&dev->message);

	if (mvdpa_message_swaps_file(&dev->message) && dev->configured &&
			mvdpa_virtq_state(vq) == MVDPA_VIRTQ_READY) {
		mvdpa_io_detach(&vq->io); /* enabling follows in the same message */
		return;
	}
	vq->enabled = false;
	if (dev->configured)
		dev_stop_queue_locked(dev, vq,
				dev->cap.freeze_to_rdy && keeps_life ? MVDPA_WANT_SUSPENDED :
								       MVDPA_WANT_ABSENT);
	if (!keeps_life)
		vq->same_life = false;
}

int
mvdpa_dev_set_vring_state(struct mvdpa_dev *dev, int vid, int queue, int enable)
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
	ret = dev_own_locked(dev, vid);
	if (ret == 0) {
		mvdpa_message_follow(&dev->message, vid);
		if (enable)
			ret = dev_enable_locked(dev, vq);
		else
			dev_disable_locked(dev, vq);
	}
	base_mutex_unlock(&dev->lock);
	if (ret != 0)
		base_err(&mvdpa_log, "%s queue %d: not started: %s", dev->name, queue,
				strerror(-ret));
	return ret;
}

int
mvdpa_dev_set_features(struct mvdpa_dev *dev, int vid)
{
	uint64_t features = 0;
	int ret;

	/* What counts is read at dev_conf; vhost refuses a change while the device runs. */
	base_mutex_lock(&dev->lock);
	ret = dev_own_locked(dev, vid);
	if (ret == 0)
		mvdpa_message_follow(&dev->message, vid);
	base_mutex_unlock(&dev->lock);
	if (ret != 0)
		return ret;
	if (rte_vhost_get_negotiated_features(vid, &features) != 0)
		return -ENODEV;
	base_info(&mvdpa_log, "%s: negotiated features 0x%" PRIx64, dev->name, features);
	return 0;
}

/* --- the event thread ------------------------------------------------------------------------ */

static void
dev_kicked(void *arg, uint16_t queue)
{
	struct mvdpa_dev *dev = arg;

	if (queue < dev->nb_virtqs && mvdpa_io_kicked(&dev->virtqs[queue].io))
		mvdpa_notifier_kicked(&dev->notifier);
}

static void
dev_completed(void *arg, uint16_t queue)
{
	struct mvdpa_dev *dev = arg;

	if (queue < dev->nb_virtqs)
		mvdpa_io_completed(&dev->virtqs[queue].io);
}

static void
dev_recover_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	bool again;
	int ret;

	mvdpa_virtq_fail(vq);
	if (mvdpa_virtq_is_rx(vq))
		dev_steer_locked(dev);
	mvdpa_virtq_walk(vq, MVDPA_WANT_ABSENT);
	again = mvdpa_recover_allowed(vq->error_ns, base_clock_ns());
	ret = again ? dev_start_queue_locked(dev, vq) : -EIO;
	vq->down = ret != 0;
	base_mutex_lock(&vq->lock);
	if (again)
		vq->stats.recoveries++;
	if (ret != 0)
		vq->stats.give_ups++;
	base_mutex_unlock(&vq->lock);
	if (ret != 0)
		base_err(&mvdpa_log,
				"%s queue %u: %s; it stays down until the front-end enables it",
				dev->name, vq->index,
				again ? "cannot be started again" : "too many errors");
	else
		base_warn(&mvdpa_log, "%s queue %u: recovered", dev->name, vq->index);
}

static void
dev_failed(void *arg, uint16_t queue, uint32_t version)
{
	struct mvdpa_dev *dev = arg;
	struct mvdpa_virtq *vq;

	if (queue >= dev->nb_virtqs)
		return;
	vq = &dev->virtqs[queue];
	base_mutex_lock(&dev->lock);
	if (dev->configured && version == atomic_load(&vq->version) &&
			mvdpa_virtq_state(vq) == MVDPA_VIRTQ_READY)
		dev_recover_locked(dev, vq);
	base_mutex_unlock(&dev->lock);
}

/* Nobody knows what was in the events that were lost: the card is asked about each queue. */
static void
dev_lost(void *arg)
{
	struct mvdpa_dev *dev = arg;
	uint16_t i;

	base_mutex_lock(&dev->lock);
	for (i = 0; i < dev->nb_virtqs && dev->configured; i++) {
		if (mvdpa_virtq_has_failed(&dev->virtqs[i]))
			dev_recover_locked(dev, &dev->virtqs[i]);
	}
	base_mutex_unlock(&dev->lock);
}

static const struct mvdpa_event_ops dev_event_ops = {
	.kicked = dev_kicked,
	.completed = dev_completed,
	.failed = dev_failed,
	.lost = dev_lost,
};

/* --- creation -------------------------------------------------------------------------------- */

static int
dev_check_cap(const struct mvdpa_dev *dev)
{
	const struct devx_cap *cap = &dev->cap;
	const char *lacks = NULL;

	if (!cap->virtq)
		lacks = "virtio queue objects";
	else if ((cap->queue_types >> PRM_VIRTQ_SPLIT & 1) == 0)
		lacks = "split rings";
	else if ((cap->event_modes >> PRM_VIRTQ_EVENT_QP & 1) == 0)
		lacks = "queue events through a QP";
	else if (mvdpa_features_pairs(cap) == 0)
		lacks = "a pair of queues";
	if (lacks != NULL) {
		base_err(&mvdpa_log, "%s: the card (or its firmware configuration) has not %s",
				dev->name, lacks);
		return -ENOTSUP;
	}
	if (cap->roce)
		base_warn(&mvdpa_log,
				"%s: RoCE is enabled and takes packets before the queues see them; "
				"turn it off: devlink dev param set pci/%s name enable_roce value "
				"false cmode driverinit && devlink dev reload pci/%s",
				dev->name, dev->name, dev->name);
	return 0;
}

static int
dev_create_tis(struct mvdpa_dev *dev)
{
	uint32_t i, nb = dev->cap.nb_lag_ports;
	int ret;

	if (nb > MVDPA_MAX_LAG_PORTS)
		nb = MVDPA_MAX_LAG_PORTS;
	ret = devx_td_create(dev->devx, &dev->td);
	for (i = 0; ret == 0 && i < nb; i++) {
		ret = devx_tis_create(dev->devx, devx_obj_id(dev->td), (uint8_t)(i + 1),
				&dev->tis[i]);
		if (ret == 0)
			dev->tis_id[i] = devx_obj_id(dev->tis[i]);
	}
	return ret;
}

static int
dev_create_virtqs(struct mvdpa_dev *dev) BASE_NO_TSA
{
	const struct devx_var *var = devx_dev_var(dev->devx);
	size_t in_page = dev->cap.doorbell_offset & (devx_dev_page_size(dev->devx) - 1);
	uint16_t i, nb = (uint16_t)(mvdpa_features_pairs(&dev->cap) * 2);

	dev->virtqs = calloc(nb, sizeof(*dev->virtqs));
	if (dev->virtqs == NULL)
		return -ENOMEM;
	for (i = 0; i < nb; i++) {
		dev->virtqs[i].io.epoll_fd = dev->event.epoll_fd;
		dev->virtqs[i].io.doorbell = (uint8_t *)var->addr + in_page;
		mvdpa_virtq_init(&dev->virtqs[i], &dev->env, i);
	}
	dev->nb_virtqs = nb;
	return 0;
}

static void
dev_init_env(struct mvdpa_dev *dev) BASE_NO_TSA
{
	dev->owner = -1;
	dev->mem.devx = dev->devx;
	dev->mem.log = &mvdpa_log;
	dev->mem.max_klms = dev->cap.max_klms;
	mvdpa_steer_init(&dev->steer, dev->devx, devx_obj_id(dev->td), dev->cap.rqt_max_size);
	dev->env = (struct mvdpa_virtq_env){
		.name = dev->name,
		.log = &mvdpa_log,
		.devx = dev->devx,
		.cap = &dev->cap,
		.policy = dev->args.resume_index,
		.mem = &dev->mem,
		.completion = dev->event.completion,
		.error = dev->event.error,
		.tis = dev->tis_id,
		.nb_tis = dev->cap.nb_lag_ports < MVDPA_MAX_LAG_PORTS ? dev->cap.nb_lag_ports :
									MVDPA_MAX_LAG_PORTS,
		.vid = -1,
	};
}

static int
dev_open(struct mvdpa_dev *dev)
{
	int ret;

	ret = devx_dev_open(dev->name, &mvdpa_log, &dev->devx);
	if (ret == 0)
		ret = devx_cap_query(dev->devx, &dev->cap);
	if (ret == 0)
		ret = dev_check_cap(dev);
	if (ret == 0)
		ret = dev_create_tis(dev);
	if (ret == 0)
		ret = mvdpa_notifier_start(&dev->notifier, dev->name, &mvdpa_log);
	if (ret == 0)
		ret = mvdpa_event_start(&dev->event, dev->devx, &dev_event_ops, dev, &mvdpa_log);
	if (ret != 0)
		return ret;
	dev_init_env(dev);
	return dev_create_virtqs(dev);
}

int
mvdpa_dev_create(struct rte_device *device, const struct mvdpa_args *args, struct mvdpa_dev **out)
{
	struct mvdpa_dev *dev;
	int ret;

	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return -ENOMEM;
	snprintf(dev->name, sizeof(dev->name), "%s", device->name);
	dev->device = device;
	dev->args = *args;
	dev->event.epoll_fd = -1;
	dev->event.stop_fd = -1;
	base_mutex_init(&dev->lock);
	ret = dev_open(dev);
	if (ret != 0) {
		mvdpa_dev_destroy(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

void
mvdpa_dev_destroy(struct mvdpa_dev *dev)
{
	uint32_t i;

	if (dev == NULL)
		return;
	mvdpa_event_stop(&dev->event); /* before anything that it looks at */
	base_mutex_lock(&dev->lock);
	if (dev->virtqs != NULL)
		dev_forget_locked(dev);
	base_mutex_unlock(&dev->lock);
	mvdpa_message_forget(&dev->message);
	mvdpa_notifier_stop(&dev->notifier);
	for (i = 0; i < dev->nb_virtqs; i++)
		mvdpa_virtq_fini(&dev->virtqs[i]);
	free(dev->virtqs);
	mvdpa_event_close(&dev->event);
	for (i = 0; i < MVDPA_MAX_LAG_PORTS; i++)
		devx_obj_destroy(dev->tis[i]);
	devx_obj_destroy(dev->td);
	devx_dev_close(dev->devx);
	base_mutex_destroy(&dev->lock);
	free(dev);
}
