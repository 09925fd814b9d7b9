/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The vDPA devices that EAL found, whichever driver they have, seen through rte_vdpa.h only.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdint.h>

#include <rte_vdpa.h>

#define DEVICE_NAME_MAX 64
#define DEVICE_STATS_MAX 128

/** One statistic of a queue. */
struct device_stat {
	char name[RTE_VDPA_STATS_NAME_SIZE];
	uint64_t value;
};

/** What the device is. */
struct device_info {
	char driver[DEVICE_NAME_MAX];
	char bus[DEVICE_NAME_MAX];
	char devargs[512]; /**< as given, "" where none are known */
	int numa_node; /**< -1: any */
	uint32_t max_pairs; /**< queue pairs, as the driver counts */
	uint64_t features; /**< virtio features offered (bit n = feature n of virtio 1.2) */
	uint64_t protocol; /**< vhost-user protocol features offered */
	unsigned int nb_stats; /**< statistics of each queue */
};

/** All statistics of a queue, as the driver names them. */
struct device_stats {
	unsigned int nb;
	struct device_stat stat[DEVICE_STATS_MAX];
};

/** Calls @p visit for each device by name until it returns other than 0; @return that, or 0. */
int device_foreach(int (*visit)(const char *name, void *arg), void *arg);

/**
 * Most virtqueues that a device can serve (rte_vdpa counts pairs; a virtqueue here is one ring).
 * @return 0, -ENODEV, or the driver's error
 */
int device_max_virtqs(const char *name, uint32_t *nb);

/** Virtio features of a device (bit n = feature n of virtio 1.2). @return as above. */
int device_features(const char *name, uint64_t *features);

/** All about a device. @return 0, -ENODEV, -EIO (the driver refused to say) */
int device_info(const char *name, struct device_info *info);

/** Sets the statistics of a queue to 0. @return 0, -ENODEV, -ENOTSUP, or the driver's error */
int device_stats_reset(const char *name, uint16_t index);

/**
 * Statistics of virtqueue @p index.
 * @return 0, -ENODEV, -ENOTSUP (driver has none), -ENOENT (none of this queue)
 */
int device_stats(const char *name, uint16_t index, struct device_stats *stats);

#endif /* DEVICE_H */
