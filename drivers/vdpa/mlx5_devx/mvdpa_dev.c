/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a device is opened at probe, in the order in which its parts need each
 * other, and closed in the opposite order; whatever is missing is skipped, so closing serves a
 * half-opened device, too. What vhost wants in between is mvdpa_conf.c's.
 *
 * The event threads run from creation to destruction; what they do is mvdpa_repair.c's.
 */
#include "mvdpa_dev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dev_driver.h>

#include "mvdpa_conf.h"
#include "mvdpa_fdroom.h"
#include "mvdpa_features.h"
#include "mvdpa_log.h"
#include "mvdpa_migrate.h"
#include "mvdpa_queues.h"
#include "mvdpa_repair.h"

/* What a guest brings, at most at a time: the kick and call files of each queue, that vhost has and
 * that are duplicated; besides, those of memory regions, likewise, a log and a channel. */
#define FILES_A_QUEUE 4
#define FILES 64

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
	size_t in_page = devx_var_in_page(dev->cap.doorbell_offset, devx_dev_page_size(dev->devx));
	uint16_t i, nb = (uint16_t)(mvdpa_features_pairs(&dev->cap) * 2);

	dev->virtqs = calloc(nb, sizeof(*dev->virtqs));
	if (dev->virtqs == NULL)
		return -ENOMEM;
	for (i = 0; i < nb; i++) {
		dev->virtqs[i].io.epoll_fd = dev->event.fast.epoll_fd;
		dev->virtqs[i].io.attention_fd = dev->event.attention_fd;
		dev->virtqs[i].io.doorbell = (uint8_t *)var->addr + in_page;
		mvdpa_virtq_init(&dev->virtqs[i], &dev->env, i);
	}
	dev->nb_virtqs = nb;
	return 0;
}

static void
dev_init_env_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	dev->owner = -1;
	dev->mem.devx = dev->devx;
	dev->mem.log = &mvdpa_logs[MVDPA_LOG_MEM];
	dev->mem.pool = dev->pool;
	dev->mem.max_klms = dev->cap.max_klms;
	dev->message.prepare = mvdpa_conf_prepare_table;
	dev->message.taken = mvdpa_conf_table_taken;
	dev->message.runs = mvdpa_conf_runs;
	dev->message.based = mvdpa_conf_based;
	dev->message.arg = dev;
	mvdpa_migrate_init(dev);
	mvdpa_steer_init(&dev->steer, dev->devx, dev->pool, devx_obj_id(dev->td),
			dev->cap.rqt_max_size);
	dev->env = (struct mvdpa_virtq_env){
		.name = dev->name,
		.log = &mvdpa_logs[MVDPA_LOG_VIRTQ],
		.devx = dev->devx,
		.cap = &dev->cap,
		.policy = dev->args.resume_index,
		.mem = &dev->mem,
		.dirty = &dev->dirty,
		.learned = &dev->learned,
		.blank_features = mvdpa_features_narrow(mvdpa_features_offered(&dev->cap),
				dev->args.features),
		.flows = &dev->flows,
		.completion = dev->event.completion,
		.error = dev->event.error,
		.period = {
			.mode = (uint8_t)dev->args.hw_latency_mode,
			.us = (uint16_t)dev->args.hw_max_latency_us,
			.max_count = (uint16_t)dev->args.hw_max_pending_comp,
		},
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

/* How many queues are to be made beforehand, and their size. */
static void
dev_precreate(struct mvdpa_dev *dev)
{
	uint32_t nb = dev->args.queues * 2, size = dev->args.queue_size;

	if (nb == 0 || size == 0)
		return;
	base_mutex_lock(&dev->lock);
	dev->env.nb_blank = (uint16_t)(nb < dev->nb_virtqs ? nb : dev->nb_virtqs);
	dev->env.blank_size = (uint16_t)size;
	mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_PROBE);
	mvdpa_queues_precreate_locked(dev);
	mvdpa_flow_end(&dev->flows, 0);
	base_mutex_unlock(&dev->lock);
}

static int
dev_start_events(struct mvdpa_dev *dev)
{
	const struct mvdpa_event_attr attr = {
		.devx = dev->devx,
		.ops = &mvdpa_repair_ops,
		.arg = dev,
		.log = &mvdpa_logs[MVDPA_LOG_EVENT],
		.moder = {
			.mode = (enum mvdpa_event_mode)dev->args.event_mode,
			.event_us = dev->args.event_us,
			.no_traffic_time = dev->args.no_traffic_time,
		},
		.core = dev->args.event_core,
		.nb_queues = (uint16_t)(mvdpa_features_pairs(&dev->cap) * 2),
	};

	return mvdpa_event_start(&dev->event, &attr);
}

static int
dev_open_devx(struct mvdpa_dev *dev)
{
	const struct devx_dev_attr attr = {
		.name = dev->name,
		.log = &mvdpa_logs[MVDPA_LOG_DEVX],
		.doorbell_nc = dev->args.doorbell == MVDPA_DOORBELL_NC,
	};

	return devx_dev_open(&attr, &dev->devx);
}

/* The card may be pulled out as soon as somebody listens: the repair thread then waits for the
 * lock, and finds a whole device. */
static int
dev_open_queues(struct mvdpa_dev *dev)
{
	int ret;

	base_mutex_lock(&dev->lock);
	ret = dev_start_events(dev);
	if (ret == 0) {
		dev_init_env_locked(dev);
		mvdpa_halt_init(&dev->halt, dev->devx);
		ret = dev_create_virtqs(dev);
	}
	base_mutex_unlock(&dev->lock);
	return ret;
}

static int
dev_open(struct mvdpa_dev *dev)
{
	int ret;

	ret = mvdpa_pool_create(dev->args.max_conf_threads, dev->name, &mvdpa_log, &dev->pool);
	if (ret == 0)
		ret = dev_open_devx(dev);
	if (ret == 0)
		ret = devx_cap_query(dev->devx, &dev->cap);
	if (ret == 0)
		ret = dev_check_cap(dev);
	if (ret == 0)
		ret = dev_create_tis(dev);
	if (ret == 0)
		ret = mvdpa_notifier_start(&dev->notifier, dev->name, &mvdpa_logs[MVDPA_LOG_EVENT]);
	if (ret == 0)
		ret = dev_open_queues(dev);
	if (ret != 0)
		return ret;
	mvdpa_fdroom_make((uint32_t)dev->nb_virtqs * FILES_A_QUEUE + FILES, dev->name, &mvdpa_log,
			&dev->fdroom);
	dev_precreate(dev);
	return 0;
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
	dev->fdroom = -1;
	mvdpa_event_init(&dev->event);
	base_mutex_init(&dev->lock);
	mvdpa_flow_init(&dev->flows, dev->name, &mvdpa_logs[MVDPA_LOG_FLOW],
			(struct mvdpa_flow_counter){ dev_commands, dev });
	ret = dev_open(dev);
	if (ret != 0) {
		mvdpa_dev_destroy(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

/* A message of a connection that lasts may still be asking for a queue (mvdpa_ops_remove()). */
static void
dev_free_virtqs(struct mvdpa_dev *dev)
{
	uint32_t i;

	base_mutex_lock(&dev->lock);
	for (i = 0; i < dev->nb_virtqs; i++)
		mvdpa_virtq_fini(&dev->virtqs[i]);
	free(dev->virtqs);
	dev->virtqs = NULL;
	dev->nb_virtqs = 0;
	base_mutex_unlock(&dev->lock);
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
	dev_free_virtqs(dev);
	base_mutex_lock(&dev->lock);
	mvdpa_halt_fini(&dev->halt);
	base_mutex_unlock(&dev->lock);
	mvdpa_event_close(&dev->event);
	for (i = 0; i < MVDPA_MAX_LAG_PORTS; i++)
		devx_obj_destroy(dev->tis[i]);
	devx_obj_destroy(dev->td);
	devx_dev_close(dev->devx);
	mvdpa_pool_destroy(dev->pool);
	mvdpa_flow_fini(&dev->flows);
	mvdpa_fdroom_give_up(dev->fdroom);
	dev->fdroom = -1;
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
