/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the least that rte_vdpa_register_device() takes. Statistics are two numbers
 * made from the queue's index, so that a reader can be checked. Operations run in vhost's threads,
 * hence the atomic counters.
 */
#include <errno.h>
#include <stdio.h>

#include <bus_vdev_driver.h>
#include <rte_vdpa.h>
#include <rte_vhost.h>
#include <vdpa_driver.h>

#include "null_vdpa.h"

#define NULL_VDPA_PAIRS 2
#define NULL_VDPA_FEATURES ((1ULL << 32) | (1ULL << VHOST_USER_F_PROTOCOL_FEATURES))

struct null_vdpa_calls null_vdpa_calls;

static int
null_vdpa_get_queue_num(struct rte_vdpa_device *dev, uint32_t *nb)
{
	*nb = NULL_VDPA_PAIRS;
	return 0;
}

static int
null_vdpa_get_features(struct rte_vdpa_device *dev, uint64_t *features)
{
	*features = NULL_VDPA_FEATURES;
	return 0;
}

static int
null_vdpa_get_protocol_features(struct rte_vdpa_device *dev, uint64_t *features)
{
	*features = 1ULL << VHOST_USER_PROTOCOL_F_REPLY_ACK;
	return 0;
}

static int
null_vdpa_dev_conf(int vid)
{
	atomic_fetch_add(&null_vdpa_calls.conf, 1);
	return 0;
}

static int
null_vdpa_dev_close(int vid)
{
	atomic_fetch_add(&null_vdpa_calls.close, 1);
	return 0;
}

static int
null_vdpa_set_vring_state(int vid, int vring, int state)
{
	return 0;
}

static int
null_vdpa_set_features(int vid)
{
	return 0;
}

static int
null_vdpa_get_stats_names(struct rte_vdpa_device *dev, struct rte_vdpa_stat_name *names,
		unsigned int size)
{
	unsigned int i;

	if (names == NULL)
		return 2;
	for (i = 0; i < 2 && i < size; i++)
		snprintf(names[i].name, sizeof(names[i].name), "null_%u", i);
	return (int)i;
}

static int
null_vdpa_get_stats(struct rte_vdpa_device *dev, int qid, struct rte_vdpa_stat *stats,
		unsigned int n)
{
	if (qid >= NULL_VDPA_PAIRS * 2 || n < 2)
		return -EINVAL;
	stats[0] = (struct rte_vdpa_stat){ .id = 1, .value = 100 + (unsigned int)qid };
	stats[1] = (struct rte_vdpa_stat){ .id = 0, .value = 200 + (unsigned int)qid };
	return 2;
}

static struct rte_vdpa_dev_ops null_vdpa_ops = {
	.get_queue_num = null_vdpa_get_queue_num,
	.get_features = null_vdpa_get_features,
	.get_protocol_features = null_vdpa_get_protocol_features,
	.dev_conf = null_vdpa_dev_conf,
	.dev_close = null_vdpa_dev_close,
	.set_vring_state = null_vdpa_set_vring_state,
	.set_features = null_vdpa_set_features,
	.get_stats_names = null_vdpa_get_stats_names,
	.get_stats = null_vdpa_get_stats,
};

static int
null_vdpa_probe(struct rte_vdev_device *vdev)
{
	return rte_vdpa_register_device(&vdev->device, &null_vdpa_ops) != NULL ? 0 : -ENODEV;
}

static int
null_vdpa_remove(struct rte_vdev_device *vdev)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(rte_vdev_device_name(vdev));

	if (dev != NULL)
		rte_vdpa_unregister_device(dev);
	return 0;
}

static struct rte_vdev_driver null_vdpa_driver = {
	.probe = null_vdpa_probe,
	.remove = null_vdpa_remove,
};

RTE_PMD_REGISTER_VDEV(vdpa_null, null_vdpa_driver);

void
null_vdpa_use(void)
{
}
