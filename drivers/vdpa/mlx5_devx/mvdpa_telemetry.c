/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two telemetry commands that show what the statistics show.
 *   /vdpa_mlx5_devx/list            names of the devices
 *   /vdpa_mlx5_devx/queues,<name>   one dictionary a queue, value names as in the statistics
 * They run in telemetry's thread, with the list of devices locked, so no device goes away.
 */
#include <errno.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "mvdpa_ops.h"
#include "mvdpa_stats.h"

static void
telemetry_add_name(struct mvdpa_dev *dev, void *arg)
{
	rte_tel_data_add_array_string(arg, dev->name);
}

static int
telemetry_list(const char *cmd, const char *params, struct rte_tel_data *data)
{
	rte_tel_data_start_array(data, RTE_TEL_STRING_VAL);
	mvdpa_ops_visit(NULL, telemetry_add_name, data);
	return 0;
}

static void
telemetry_add_queue(struct mvdpa_dev *dev, uint16_t queue, struct rte_tel_data *all)
{
	struct rte_tel_data *one = rte_tel_data_alloc();
	unsigned int i, nb = mvdpa_stats_count();
	uint64_t values[64] = { 0 };
	char name[16];

	if (one == NULL || mvdpa_stats_read(dev, queue, values, RTE_DIM(values)) != 0) {
		rte_tel_data_free(one);
		return;
	}
	rte_tel_data_start_dict(one);
	for (i = 0; i < nb && i < RTE_DIM(values); i++)
		rte_tel_data_add_dict_uint(one, mvdpa_stats_name(i), values[i]);
	snprintf(name, sizeof(name), "queue_%u", queue);
	rte_tel_data_add_dict_container(all, name, one, 0);
}

static void
telemetry_add_queues(struct mvdpa_dev *dev, void *arg)
{
	uint16_t queue;

	for (queue = 0; queue < dev->nb_virtqs; queue++) {
		if (dev->virtqs[queue].enabled)
			telemetry_add_queue(dev, queue, arg);
	}
}

static int
telemetry_queues(const char *cmd, const char *params, struct rte_tel_data *data)
{
	if (params == NULL || params[0] == '\0')
		return -EINVAL;
	rte_tel_data_start_dict(data);
	return mvdpa_ops_visit(params, telemetry_add_queues, data) != 0 ? 0 : -ENODEV;
}

RTE_INIT(mvdpa_telemetry_init)
{
	rte_telemetry_register_cmd("/vdpa_mlx5_devx/list", telemetry_list,
			"Names of the devices. Takes no parameters.");
	rte_telemetry_register_cmd("/vdpa_mlx5_devx/queues", telemetry_queues,
			"Statistics of each enabled queue. Parameters: device name");
}
