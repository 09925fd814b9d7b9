/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the fast thread's half takes a queue's io lock and nothing else. The repair
 * thread's half takes the device's lock for a whole repair, as an operation of vhost does, so the
 * two never meet in the middle of one. What it finds then may be long past: an event is acted on
 * only if the device is configured, the object is still that one (version), the queue runs for all
 * we know, and the card itself says that it does not.
 *
 * A queue is repaired where it was, as often as mvdpa_recover.h allows. Then it stays down, until
 * the front-end enables it, gives it another file or configures the device: a log line, the
 * statistic give_ups and `down` tell so. vhost-user has no message that could tell the front-end.
 *
 * Two things can break: the queue, and the completion queue through which it tells of used
 * entries (or the QP before that). The second leaves the queue running, but its guest would wait
 * for ever, so it is stopped in good order and gets new event objects.
 */
#define MVDPA_LOG_MODULE MVDPA_LOG_EVENT
#include "mvdpa_repair.h"

#include <errno.h>

#include "base_clock.h"
#include "mvdpa_log.h"
#include "mvdpa_migrate.h"
#include "mvdpa_queues.h"
#include "mvdpa_recover.h"
#include "mvdpa_unplug.h"

/* --- the fast thread ------------------------------------------------------------------------- */

static void
repair_kicked(void *arg, uint16_t queue)
{
	struct mvdpa_dev *dev = arg;

	if (queue < dev->nb_virtqs && mvdpa_io_kicked(&dev->virtqs[queue].io))
		mvdpa_notifier_kicked(&dev->notifier);
}

static uint32_t
repair_take(void *arg, uint16_t queue)
{
	struct mvdpa_dev *dev = arg;

	return queue < dev->nb_virtqs ? mvdpa_io_take(&dev->virtqs[queue].io) : 0;
}

static void
repair_ask(void *arg, uint16_t queue)
{
	struct mvdpa_dev *dev = arg;

	if (queue < dev->nb_virtqs)
		mvdpa_io_ask(&dev->virtqs[queue].io);
}

/* --- the repair thread ----------------------------------------------------------------------- */

/* The queue has stopped; its object goes, and comes again if it may. */
static void
repair_restart_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	bool again;
	int ret;

	mvdpa_queues_destroy_one_locked(dev, vq);
	again = mvdpa_recover_allowed(vq->error_ns, base_clock_ns());
	ret = again ? mvdpa_queues_start_one_locked(dev, vq) : -EIO;
	vq->down = ret != 0;
	base_mutex_lock(&vq->lock);
	if (again)
		vq->stats.recoveries++;
	if (ret != 0)
		vq->stats.give_ups++;
	base_mutex_unlock(&vq->lock);
	mvdpa_migrate_balance_locked(dev);
	if (ret != 0)
		base_err(&mvdpa_log,
				"%s queue %u: %s; it stays down until the front-end enables it",
				dev->name, vq->index,
				again ? "cannot be started again" : "too many errors");
	else
		base_warn(&mvdpa_log, "%s queue %u: recovered", dev->name, vq->index);
	mvdpa_flow_end(&dev->flows, ret);
}

static void
repair_queue_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_RECOVER);
	if (mvdpa_virtq_fail(vq))
		repair_restart_locked(dev, vq);
	else
		mvdpa_flow_drop(&dev->flows);
}

static void
repair_failed(void *arg, uint16_t queue, uint32_t version)
{
	struct mvdpa_dev *dev = arg;

	if (queue >= dev->nb_virtqs)
		return;
	base_mutex_lock(&dev->lock);
	if (dev->configured && version == atomic_load(&dev->virtqs[queue].version))
		repair_queue_locked(dev, &dev->virtqs[queue]);
	base_mutex_unlock(&dev->lock);
}

/* Nobody knows what was in the events that were lost: the card is asked about each queue. */
static void
repair_lost(void *arg)
{
	struct mvdpa_dev *dev = arg;
	uint16_t i;

	base_mutex_lock(&dev->lock);
	for (i = 0; i < dev->nb_virtqs && dev->configured; i++) {
		if (mvdpa_virtq_has_failed(&dev->virtqs[i]))
			repair_queue_locked(dev, &dev->virtqs[i]);
	}
	base_mutex_unlock(&dev->lock);
}

static void
repair_events_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq) BASE_REQUIRES(dev->lock)
{
	mvdpa_virtq_distrust_events(vq); /* also one that has stopped: it may be resumed */
	if (!dev->configured || mvdpa_virtq_state(vq) != MVDPA_VIRTQ_READY)
		return;
	mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_RECOVER);
	mvdpa_virtq_walk(vq, MVDPA_WANT_SUSPENDED);
	repair_restart_locked(dev, vq);
}

static void
repair_cq_failed(void *arg, uint16_t queue, uint32_t version)
{
	struct mvdpa_dev *dev = arg;

	if (queue >= dev->nb_virtqs)
		return;
	base_mutex_lock(&dev->lock);
	if (mvdpa_virtq_events_are(&dev->virtqs[queue], version)) {
		base_err(&mvdpa_log, "%s queue %u: its completion queue has failed", dev->name,
				queue);
		repair_events_locked(dev, &dev->virtqs[queue]);
	}
	base_mutex_unlock(&dev->lock);
}

static void
repair_attention(void *arg)
{
	struct mvdpa_dev *dev = arg;
	uint16_t i;

	base_mutex_lock(&dev->lock);
	for (i = 0; i < dev->nb_virtqs; i++) {
		if (mvdpa_io_is_broken(&dev->virtqs[i].io))
			repair_events_locked(dev, &dev->virtqs[i]);
	}
	base_mutex_unlock(&dev->lock);
}

static void
repair_removed(void *arg)
{
	mvdpa_unplug_lost(arg);
}

const struct mvdpa_event_ops mvdpa_repair_ops = {
	.kicked = repair_kicked,
	.take = repair_take,
	.ask = repair_ask,
	.failed = repair_failed,
	.cq_failed = repair_cq_failed,
	.lost = repair_lost,
	.removed = repair_removed,
	.attention = repair_attention,
};
