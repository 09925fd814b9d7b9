/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each operation finds its device, does one call, and turns the result into
 * what vhost understands (0, or -1 where it only knows failure). The list has a lock of its own,
 * which is never held while a device works: whoever works with a device is counted, and a device
 * leaves when nobody is in it any more. What is left with vhost then is a ghost (mvdpa_ghost.h),
 * which all operations meet as "no device".
 */
#include "mvdpa_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mvdpa_conf.h"
#include "mvdpa_features.h"
#include "mvdpa_ghost.h"
#include "mvdpa_log.h"
#include "mvdpa_stats.h"
#include "mvdpa_unplug.h"

/* Covers the list, the users of each device, and the ghosts. */
static struct base_mutex list_lock = BASE_MUTEX_INITIALIZER;
static pthread_cond_t user_left = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(, mvdpa_dev) devices BASE_GUARDED_BY(list_lock);

/* Nobody of before is left who knows that the device behind the ghost is another one. */
static bool
ops_is_second_name(const struct mvdpa_ghost *ghost, const struct mvdpa_dev *dev)
{
	return ghost != NULL && ghost->vid < 0 && strcmp(ghost->of, dev->name) == 0;
}

/* With the device comes the duty to say ops_put(). */
static struct mvdpa_dev *
ops_get(const struct rte_vdpa_device *vdpa)
{
	const struct mvdpa_ghost *ghost;
	struct mvdpa_dev *dev;

	base_mutex_lock(&list_lock);
	ghost = mvdpa_ghost_find(vdpa);
	LIST_FOREACH(dev, &devices, next) {
		if (!dev->leaving && (dev->vdpa == vdpa || ops_is_second_name(ghost, dev)))
			break;
	}
	if (dev != NULL)
		dev->users++;
	base_mutex_unlock(&list_lock);
	if (dev == NULL)
		base_err(&mvdpa_log, "vhost asks for a device that %s",
				ghost != NULL ? "was removed" : "is not ours");
	return dev;
}

static void
ops_put_locked(struct mvdpa_dev *dev) BASE_REQUIRES(list_lock)
{
	if (--dev->users == 0)
		pthread_cond_broadcast(&user_left);
}

static void
ops_put(struct mvdpa_dev *dev)
{
	base_mutex_lock(&list_lock);
	ops_put_locked(dev);
	base_mutex_unlock(&list_lock);
}

struct mvdpa_dev *
mvdpa_ops_find(const struct rte_device *device)
{
	struct mvdpa_dev *dev;

	base_mutex_lock(&list_lock);
	LIST_FOREACH(dev, &devices, next) {
		if (dev->device == device && !dev->leaving)
			break;
	}
	base_mutex_unlock(&list_lock);
	return dev;
}

unsigned int
mvdpa_ops_visit(const char *name, void (*visit)(struct mvdpa_dev *dev, void *arg), void *arg)
{
	struct mvdpa_dev *dev, *next;
	unsigned int nb = 0;

	base_mutex_lock(&list_lock);
	for (dev = LIST_FIRST(&devices); dev != NULL; dev = next) {
		if (dev->leaving || (name != NULL && strcmp(name, dev->name) != 0)) {
			next = LIST_NEXT(dev, next);
			continue;
		}
		dev->users++;
		base_mutex_unlock(&list_lock);
		visit(dev, arg);
		nb++;
		base_mutex_lock(&list_lock);
		next = LIST_NEXT(dev, next); /* a device in use stays in the list */
		ops_put_locked(dev);
	}
	base_mutex_unlock(&list_lock);
	return nb;
}

/* Runs @p call on the device of a vdpa, or of a connection, and evaluates to its result. */
#define OPS_WITH(dev, vdpa, failed, call)              \
	({                                             \
		struct mvdpa_dev *dev = ops_get(vdpa); \
		int ops_ret = (failed);                \
		if (dev != NULL) {                     \
			ops_ret = (call);              \
			ops_put(dev);                  \
		}                                      \
		ops_ret;                               \
	})

static int
dev_queue_num(struct mvdpa_dev *dev, uint32_t *num)
{
	*num = mvdpa_features_pairs(&dev->cap);
	return 0;
}

static int
op_get_queue_num(struct rte_vdpa_device *vdpa, uint32_t *num)
{
	return OPS_WITH(dev, vdpa, -1, dev_queue_num(dev, num));
}

static int
dev_features(struct mvdpa_dev *dev, uint64_t *features)
{
	*features = mvdpa_features_narrow(mvdpa_features_offered(&dev->cap), dev->args.features);
	return 0;
}

static int
op_get_features(struct rte_vdpa_device *vdpa, uint64_t *features)
{
	return OPS_WITH(dev, vdpa, -1, dev_features(dev, features));
}

static int
op_get_protocol_features(struct rte_vdpa_device *vdpa, uint64_t *features)
{
	*features = mvdpa_features_protocol();
	return 0;
}

static int
op_dev_conf(int vid)
{
	return OPS_WITH(dev, rte_vhost_get_vdpa_device(vid), -1, mvdpa_conf_configure(dev, vid));
}

static int
op_dev_close(int vid)
{
	return OPS_WITH(dev, rte_vhost_get_vdpa_device(vid), 0, mvdpa_conf_close(dev, vid));
}

static int
op_dev_cleanup(int vid)
{
	int ret = OPS_WITH(dev, rte_vhost_get_vdpa_device(vid), 0, mvdpa_conf_cleanup(dev, vid));

	mvdpa_message_end(vid);
	base_mutex_lock(&list_lock);
	mvdpa_ghost_leave(vid);
	base_mutex_unlock(&list_lock);
	return ret;
}

static int
op_set_vring_state(int vid, int vring, int state)
{
	return OPS_WITH(dev, rte_vhost_get_vdpa_device(vid), -1,
			mvdpa_conf_vring_state(dev, vid, vring, state));
}

static int
op_set_features(int vid)
{
	return OPS_WITH(dev, rte_vhost_get_vdpa_device(vid), -1, mvdpa_conf_features(dev, vid));
}

/* The file through which another process can map the doorbell page. */
static int
op_get_device_fd(int vid)
{
	return OPS_WITH(dev, rte_vhost_get_vdpa_device(vid), -1, devx_dev_cmd_fd(dev->devx));
}

/* One page for all queues: what is written there is the queue's index. */
static int
dev_notify_area(struct mvdpa_dev *dev, int queue, uint64_t *offset, uint64_t *size)
{
	size_t page = devx_dev_page_size(dev->devx);

	/* A guest writes to the start of the page; one that would miss the doorbell is relayed. */
	if (queue < 0 || queue >= dev->nb_virtqs ||
			devx_var_in_page(dev->cap.doorbell_offset, page) != 0)
		return -1;
	*offset = devx_dev_var(dev->devx)->offset;
	*size = page;
	return 0;
}

static int
op_get_notify_area(int vid, int queue, uint64_t *offset, uint64_t *size)
{
	return OPS_WITH(dev, rte_vhost_get_vdpa_device(vid), -1,
			dev_notify_area(dev, queue, offset, size));
}

static int
op_get_stats_names(struct rte_vdpa_device *vdpa, struct rte_vdpa_stat_name *names,
		unsigned int size)
{
	unsigned int i, nb = mvdpa_stats_count();

	if (names == NULL)
		return (int)nb;
	for (i = 0; i < nb && i < size; i++) {
		strncpy(names[i].name, mvdpa_stats_name(i), sizeof(names[i].name) - 1);
		names[i].name[sizeof(names[i].name) - 1] = '\0';
	}
	return (int)nb;
}

static int
dev_stats(struct mvdpa_dev *dev, int queue, struct rte_vdpa_stat *stats, unsigned int n)
{
	uint64_t values[64];
	unsigned int i, nb = mvdpa_stats_count();
	int ret;

	if (queue < 0 || queue >= dev->nb_virtqs)
		return -EINVAL;
	if (n < nb)
		nb = n;
	RTE_VERIFY(nb <= RTE_DIM(values));
	ret = mvdpa_stats_read(dev, (uint16_t)queue, values, nb);
	for (i = 0; ret == 0 && i < nb; i++)
		stats[i] = (struct rte_vdpa_stat){ .id = i, .value = values[i] };
	return ret == 0 ? (int)nb : ret;
}

static int
op_get_stats(struct rte_vdpa_device *vdpa, int queue, struct rte_vdpa_stat *stats, unsigned int n)
{
	return OPS_WITH(dev, vdpa, -ENODEV, dev_stats(dev, queue, stats, n));
}

static int
dev_reset_stats(struct mvdpa_dev *dev, int queue)
{
	if (queue < 0 || queue >= dev->nb_virtqs)
		return -EINVAL;
	return mvdpa_stats_reset(dev, (uint16_t)queue);
}

static int
op_reset_stats(struct rte_vdpa_device *vdpa, int queue)
{
	return OPS_WITH(dev, vdpa, -ENODEV, dev_reset_stats(dev, queue));
}

struct rte_vdpa_dev_ops mvdpa_ops = {
	.get_queue_num = op_get_queue_num,
	.get_features = op_get_features,
	.get_protocol_features = op_get_protocol_features,
	.dev_conf = op_dev_conf,
	.dev_close = op_dev_close,
	.dev_cleanup = op_dev_cleanup,
	.set_vring_state = op_set_vring_state,
	.set_features = op_set_features,
	.get_vfio_device_fd = op_get_device_fd,
	.get_notify_area = op_get_notify_area,
	.get_stats_names = op_get_stats_names,
	.get_stats = op_get_stats,
	.reset_stats = op_reset_stats,
};

int
mvdpa_ops_register(struct mvdpa_dev *dev)
{
	/* Until the lock is given back, an operation finds no device. */
	base_mutex_lock(&list_lock);
	dev->ghost = mvdpa_ghost_wake(dev->device);
	if (dev->ghost == NULL)
		dev->ghost = mvdpa_ghost_new(dev->device, &mvdpa_ops);
	if (dev->ghost != NULL) {
		dev->vdpa = dev->ghost->vdpa;
		LIST_INSERT_HEAD(&devices, dev, next);
	}
	base_mutex_unlock(&list_lock);
	if (dev->ghost != NULL)
		return 0;
	base_err(&mvdpa_log, "%s: vhost does not take the device", dev->name);
	return -EEXIST;
}

/* From here on operations meet the ghost. */
static void
ops_leave(struct mvdpa_dev *dev)
{
	int vid;

	base_mutex_lock(&list_lock);
	dev->leaving = true;
	/* Whoever ends the connection now finds either the device's owner or the ghost. */
	base_mutex_lock(&dev->lock);
	vid = dev->owner;
	base_mutex_unlock(&dev->lock);
	mvdpa_ghost_appear(dev->ghost, vid);
	while (dev->users > 0)
		pthread_cond_wait(&user_left, &list_lock.m);
	LIST_REMOVE(dev, next);
	base_mutex_unlock(&list_lock);
}

void
mvdpa_ops_remove(struct mvdpa_dev *dev)
{
	struct mvdpa_ghost *ghost = dev->ghost;

	mvdpa_unplug_stop(dev);
	ops_leave(dev);
	mvdpa_dev_shut(dev);
	/* A message of the connection may be on its way through the device's memory. */
	base_mutex_lock(&list_lock);
	mvdpa_ghost_keep(ghost, dev);
	base_mutex_unlock(&list_lock);
}
