/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: devices are found by EAL's device iterator with the class "vdpa"; a name is
 * looked up again at every call, so that a device that was hot-removed is an error and not a
 * dangling pointer. Nothing is kept here. Called from the control thread only.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>

#include "device.h"

int
device_foreach(int (*visit)(const char *name, void *arg), void *arg)
{
	struct rte_dev_iterator it;
	struct rte_device *dev;
	int ret = 0;

	/* A started iteration has to be walked to its end: it owns memory until then. */
	RTE_DEV_FOREACH(dev, "class=vdpa", &it)
	{
		if (ret == 0 && rte_vdpa_find_device_by_name(rte_dev_name(dev)) != NULL)
			ret = visit(rte_dev_name(dev), arg);
	}
	return ret;
}

int
device_max_virtqs(const char *name, uint32_t *nb)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(name);
	uint32_t pairs = 0;

	if (dev == NULL)
		return -ENODEV;
	if (rte_vdpa_get_queue_num(dev, &pairs) != 0)
		return -EIO;
	*nb = pairs * 2;
	return 0;
}

int
device_features(const char *name, uint64_t *features)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(name);

	if (dev == NULL)
		return -ENODEV;
	return rte_vdpa_get_features(dev, features) != 0 ? -EIO : 0;
}

int
device_stats(const char *name, uint16_t index, struct device_stats *stats)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(name);
	struct rte_vdpa_stat_name names[DEVICE_STATS_MAX];
	struct rte_vdpa_stat values[DEVICE_STATS_MAX];
	int nb_names;
	int nb;
	int i;

	stats->nb = 0;
	if (dev == NULL)
		return -ENODEV;
	nb_names = rte_vdpa_get_stats_names(dev, NULL, 0);
	if (nb_names <= 0 || nb_names > DEVICE_STATS_MAX)
		return -ENOTSUP;
	nb_names = rte_vdpa_get_stats_names(dev, names, (unsigned int)nb_names);
	if (nb_names <= 0 || nb_names > DEVICE_STATS_MAX)
		return -ENOTSUP;
	nb = rte_vdpa_get_stats(dev, index, values, (unsigned int)nb_names);
	if (nb <= 0 || nb > nb_names)
		return -ENOENT;
	for (i = 0; i < nb; i++) {
		if (values[i].id >= (uint64_t)nb_names)
			continue;
		snprintf(stats->stat[stats->nb].name, sizeof(stats->stat[0].name), "%s",
				names[values[i].id].name);
		stats->stat[stats->nb++].value = values[i].value;
	}
	return 0;
}

static void
device_info_dev(const struct rte_device *dev, struct device_info *info)
{
	const struct rte_devargs *devargs = rte_dev_devargs(dev);

	snprintf(info->driver, sizeof(info->driver), "%s", rte_driver_name(rte_dev_driver(dev)));
	snprintf(info->bus, sizeof(info->bus), "%s", rte_bus_name(rte_dev_bus(dev)));
	if (devargs != NULL && devargs->args != NULL)
		snprintf(info->devargs, sizeof(info->devargs), "%s", devargs->args);
	info->numa_node = rte_dev_numa_node(dev);
}

int
device_info(const char *name, struct device_info *info)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(name);
	int nb;

	memset(info, 0, sizeof(*info));
	if (dev == NULL)
		return -ENODEV;
	device_info_dev(rte_vdpa_get_rte_device(dev), info);
	nb = rte_vdpa_get_stats_names(dev, NULL, 0);
	info->nb_stats = nb < 0 ? 0 : (unsigned int)nb;
	if (rte_vdpa_get_queue_num(dev, &info->max_pairs) != 0 ||
			rte_vdpa_get_features(dev, &info->features) != 0 ||
			rte_vdpa_get_protocol_features(dev, &info->protocol) != 0)
		return -EIO;
	return 0;
}

int
device_stats_reset(const char *name, uint16_t index)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(name);

	return dev == NULL ? -ENODEV : rte_vdpa_reset_stats(dev, index);
}
