/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a device is opened at probe, in the order in which its parts need each
 * other, and closed in the opposite order; whatever is missing is skipped, so closing serves a
 * half-opened device, too. What vhost wants in between is mvdpa_conf.c's.
 *
 * The event thread runs from creation to destruction. It enters here for recovery only.
 */
#include "mvdpa_dev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dev_driver.h>

#include "base_clock.h"
#include "mvdpa_conf.h"
#include "mvdpa_features.h"
#include "mvdpa_log.h"
#include "mvdpa_migrate.h"
#include "mvdpa_recover.h"
#include "mvdpa_unplug.h"

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

	mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_RECOVER);
	mvdpa_virtq_fail(vq);
	if (mvdpa_virtq_is_rx(vq))
		mvdpa_conf_steer_locked(dev);
	mvdpa_virtq_walk(vq, MVDPA_WANT_ABSENT);
	again = mvdpa_recover_allowed(vq->error_ns, base_clock_ns());
	ret = again ? mvdpa_conf_start_queue_locked(dev, vq) : -EIO;
	vq->down = ret != 0;
	base_mutex_lock(&vq->lock);
	if (again)
		vq->stats.recoveries++;
	if (ret != 0)
		vq->stats.give_ups++;
	base_mutex_unlock(&vq->lock);
	mvdpa_migrate_balance_locked(dev);
	mvdpa_flow_end(&dev->flows, ret);
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

static void
dev_removed(void *arg)
{
	mvdpa_unplug_lost(arg);
}

static const struct mvdpa_event_ops dev_event_ops = {
	.kicked = dev_kicked,
	.completed = dev_completed,
	.failed = dev_failed,
	.lost = dev_lost,
	.removed = dev_removed,
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
	dev->mem.pool = dev->pool;
	dev->mem.max_klms = dev->cap.max_klms;
	dev->message.prepare = mvdpa_conf_prepare_table;
	dev->message.taken = mvdpa_conf_table_taken;
	dev->message.arg = dev;
	mvdpa_migrate_init(dev);
	mvdpa_steer_init(&dev->steer, dev->devx, devx_obj_id(dev->td), dev->cap.rqt_max_size);
	dev->env = (struct mvdpa_virtq_env){
		.name = dev->name,
		.log = &mvdpa_log,
		.devx = dev->devx,
		.cap = &dev->cap,
		.policy = dev->args.resume_index,
		.mem = &dev->mem,
		.dirty = &dev->dirty,
		.flows = &dev->flows,
		.completion = dev->event.completion,
		.error = dev->event.error,
		.tis = dev->tis_id,
		.nb_tis = dev->cap.nb_lag_ports < MVDPA_MAX_LAG_PORTS ? dev->cap.nb_lag_ports :
									MVDPA_MAX_LAG_PORTS,
		.vid = -1,
	};
}

static uint64_t
dev_commands(const void *arg)
{
	const struct mvdpa_dev *dev = arg;

	return dev->devx != NULL ? devx_cmd_total(dev->devx) : 0;
}

static int
dev_open(struct mvdpa_dev *dev)
{
	int ret;

	ret = mvdpa_pool_create(dev->args.max_conf_threads, dev->name, &mvdpa_log, &dev->pool);
	if (ret == 0)
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
	mvdpa_flow_init(&dev->flows, dev->name, &mvdpa_log,
			(struct mvdpa_flow_counter){ dev_commands, dev });
	ret = dev_open(dev);
	if (ret != 0) {
		mvdpa_dev_destroy(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

void
mvdpa_dev_shut(struct mvdpa_dev *dev)
{
	uint32_t i;

	mvdpa_event_stop(&dev->event); /* before anything that it looks at */
	base_mutex_lock(&dev->lock);
	if (dev->virtqs != NULL)
		mvdpa_conf_forget_locked(dev);
	base_mutex_unlock(&dev->lock);
	mvdpa_notifier_stop(&dev->notifier);
	for (i = 0; i < dev->nb_virtqs; i++)
		mvdpa_virtq_fini(&dev->virtqs[i]);
	free(dev->virtqs);
	mvdpa_event_close(&dev->event);
	for (i = 0; i < MVDPA_MAX_LAG_PORTS; i++)
		devx_obj_destroy(dev->tis[i]);
	devx_obj_destroy(dev->td);
	devx_dev_close(dev->devx);
	mvdpa_pool_destroy(dev->pool);
	mvdpa_flow_fini(&dev->flows);
}

void
mvdpa_dev_destroy(struct mvdpa_dev *dev)
{
	if (dev == NULL)
		return;
	mvdpa_dev_shut(dev);
	mvdpa_message_forget(&dev->message);
	base_mutex_destroy(&dev->lock);
	free(dev);
}
