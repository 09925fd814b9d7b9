/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each operation finds its device, does one call, and turns the result into
 * what vhost understands (0, or -1 where it only knows failure). The list has a lock of its own,
 * which is never held while a device works: vhost guarantees that it uses no device that was
 * taken from it.
 */
#include "mvdpa_ops.h"

#include <errno.h>
#include <string.h>

#include "mvdpa_conf.h"
#include "mvdpa_features.h"
#include "mvdpa_log.h"
#include "mvdpa_stats.h"

static struct base_mutex list_lock = BASE_MUTEX_INITIALIZER;
static LIST_HEAD(, mvdpa_dev) devices BASE_GUARDED_BY(list_lock);

static struct mvdpa_dev *
ops_dev(const struct rte_vdpa_device *vdpa)
{
	struct mvdpa_dev *dev;

	base_mutex_lock(&list_lock);
	LIST_FOREACH(dev, &devices, next) {
		if (dev->vdpa == vdpa)
			break;
	}
	base_mutex_unlock(&list_lock);
	if (dev == NULL)
		base_err(&mvdpa_log, "vhost asks for a device that is not ours");
	return dev;
}

static struct mvdpa_dev *
ops_dev_of(int vid)
{
	return ops_dev(rte_vhost_get_vdpa_device(vid));
}

struct mvdpa_dev *
mvdpa_ops_find(const struct rte_device *device)
{
	struct mvdpa_dev *dev;

	base_mutex_lock(&list_lock);
	LIST_FOREACH(dev, &devices, next) {
		if (dev->device == device)
			break;
	}
	base_mutex_unlock(&list_lock);
	return dev;
}

unsigned int
mvdpa_ops_visit(const char *name, void (*visit)(struct mvdpa_dev *dev, void *arg), void *arg)
{
	struct mvdpa_dev *dev;
	unsigned int nb = 0;

	base_mutex_lock(&list_lock);
	LIST_FOREACH(dev, &devices, next) {
		if (name != NULL && strcmp(name, dev->name) != 0)
			continue;
		visit(dev, arg);
		nb++;
	}
	base_mutex_unlock(&list_lock);
	return nb;
}

static int
op_get_queue_num(struct rte_vdpa_device *vdpa, uint32_t *num)
{
	struct mvdpa_dev *dev = ops_dev(vdpa);

	if (dev == NULL)
		return -1;
	*num = mvdpa_features_pairs(&dev->cap);
	return 0;
}

static int
op_get_features(struct rte_vdpa_device *vdpa, uint64_t *features)
{
	struct mvdpa_dev *dev = ops_dev(vdpa);

	if (dev == NULL)
		return -1;
	*features = mvdpa_features_narrow(mvdpa_features_offered(&dev->cap), dev->args.features);
	return 0;
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
	struct mvdpa_dev *dev = ops_dev_of(vid);

	return dev != NULL ? mvdpa_conf_configure(dev, vid) : -1;
}

static int
op_dev_close(int vid)
{
	struct mvdpa_dev *dev = ops_dev_of(vid);

	return dev != NULL ? mvdpa_conf_close(dev, vid) : -1;
}

static int
op_dev_cleanup(int vid)
{
	struct mvdpa_dev *dev = ops_dev_of(vid);

	return dev != NULL ? mvdpa_conf_cleanup(dev, vid) : -1;
}

static int
op_set_vring_state(int vid, int vring, int state)
{
	struct mvdpa_dev *dev = ops_dev_of(vid);

	return dev != NULL ? mvdpa_conf_vring_state(dev, vid, vring, state) : -1;
}

static int
op_set_features(int vid)
{
	struct mvdpa_dev *dev = ops_dev_of(vid);

	return dev != NULL ? mvdpa_conf_features(dev, vid) : -1;
}

/* The file through which another process can map the doorbell page. */
static int
op_get_device_fd(int vid)
{
	struct mvdpa_dev *dev = ops_dev_of(vid);

	return dev != NULL ? devx_dev_cmd_fd(dev->devx) : -1;
}

/* One page for all queues: what is written there is the queue's index. */
static int
op_get_notify_area(int vid, int queue, uint64_t *offset, uint64_t *size)
{
	struct mvdpa_dev *dev = ops_dev_of(vid);

	if (dev == NULL || queue < 0 || queue >= dev->nb_virtqs)
		return -1;
	*offset = devx_dev_var(dev->devx)->offset;
	*size = devx_dev_page_size(dev->devx);
	return 0;
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
op_get_stats(struct rte_vdpa_device *vdpa, int queue, struct rte_vdpa_stat *stats, unsigned int n)
{
	struct mvdpa_dev *dev = ops_dev(vdpa);
	uint64_t values[64];
	unsigned int i, nb = mvdpa_stats_count();
	int ret;

	if (dev == NULL || queue < 0 || queue >= dev->nb_virtqs)
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
op_reset_stats(struct rte_vdpa_device *vdpa, int queue)
{
	struct mvdpa_dev *dev = ops_dev(vdpa);

	if (dev == NULL || queue < 0 || queue >= dev->nb_virtqs)
		return -EINVAL;
	return mvdpa_stats_reset(dev, (uint16_t)queue);
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
	struct rte_vdpa_device *vdpa;

	base_mutex_lock(&list_lock);
	LIST_INSERT_HEAD(&devices, dev, next);
	base_mutex_unlock(&list_lock);
	vdpa = rte_vdpa_register_device(dev->device, &mvdpa_ops);
	if (vdpa == NULL) {
		base_err(&mvdpa_log, "%s: vhost does not take the device", dev->name);
		base_mutex_lock(&list_lock);
		LIST_REMOVE(dev, next);
		base_mutex_unlock(&list_lock);
		return -EEXIST;
	}
	dev->vdpa = vdpa;
	return 0;
}

void
mvdpa_ops_unregister(struct mvdpa_dev *dev)
{
	rte_vdpa_unregister_device(dev->vdpa);
	base_mutex_lock(&list_lock);
	LIST_REMOVE(dev, next);
	base_mutex_unlock(&list_lock);
}
