/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what "show json" tells, for whoever speaks DPDK's telemetry protocol
 * (dpdk-telemetry.py, the Prometheus exporter). Handlers run in telemetry's threads and read the
 * port table's copies; vhost is not asked. Names of statistics are the driver's; one that telemetry
 * does not take (it allows letters, digits, '_' and '/') is left out.
 */
#include <errno.h>
#include <stdio.h>

#include <rte_telemetry.h>

#include "compat.h"
#include "device.h"
#include "port.h"
#include "telemetry.h"

/* Adds a port as one dictionary of an array. */
static int
telemetry_add_port(const char *name, void *arg)
{
	struct rte_tel_data *array = arg;
	struct rte_tel_data *port;
	struct port_info info;

	if (port_get(name, &info) != 0)
		return 0;
	port = rte_tel_data_alloc();
	if (port == NULL)
		return -ENOMEM;
	rte_tel_data_start_dict(port);
	rte_tel_data_add_dict_string(port, "device", info.device);
	rte_tel_data_add_dict_string(port, "socket", info.socket);
	rte_tel_data_add_dict_string(port, "state", port_state_name(info.state));
	rte_tel_data_add_dict_uint(port, "negotiated", info.features);
	rte_tel_data_add_dict_uint(port, "front_ends", info.nb_connected);
	rte_tel_data_add_dict_uint(port, "messages", info.nb_messages);
	rte_tel_data_add_dict_uint(port, "mem_tables", info.nb_mem_table);
	rte_tel_data_add_dict_uint(port, "memory_regions", info.nb_regions);
	rte_tel_data_add_dict_uint(port, "virtqs", info.nb_virtqs);
	return rte_tel_data_add_array_container(array, port, 0);
}

static int
telemetry_ports(const char *cmd, const char *params, struct rte_tel_data *info)
{
	rte_tel_data_start_array(info, RTE_TEL_CONTAINER);
	return device_foreach(telemetry_add_port, info);
}

static int
telemetry_add_virtq(struct rte_tel_data *dict, const char *device, const struct port_info *port,
		uint16_t index)
{
	struct device_stats stats;
	struct rte_tel_data *virtq;
	char name[16];
	unsigned int i;

	(void)device_stats(device, index, &stats);
	virtq = rte_tel_data_alloc();
	if (virtq == NULL)
		return -ENOMEM;
	rte_tel_data_start_dict(virtq);
	rte_tel_data_add_dict_uint(virtq, "size", port->virtq[index].size);
	rte_tel_data_add_dict_uint(virtq, "enabled", port->virtq[index].enabled);
	rte_tel_data_add_dict_uint(virtq, "vhost_avail", port->virtq[index].avail);
	rte_tel_data_add_dict_uint(virtq, "vhost_used", port->virtq[index].used);
	for (i = 0; i < stats.nb; i++)
		rte_tel_data_add_dict_uint(virtq, stats.stat[i].name, stats.stat[i].value);
	snprintf(name, sizeof(name), "virtq_%u", index);
	return rte_tel_data_add_dict_container(dict, name, virtq, 0);
}

static int
telemetry_virtq(const char *cmd, const char *params, struct rte_tel_data *info)
{
	struct port_info port;
	uint16_t i;
	int ret = 0;

	if (params == NULL || port_get(params, &port) != 0)
		return -EINVAL;
	rte_tel_data_start_dict(info);
	for (i = 0; i < port.nb_virtqs && ret == 0; i++)
		ret = telemetry_add_virtq(info, port.device, &port, i);
	return ret;
}

void
telemetry_start(void)
{
	(void)rte_telemetry_register_cmd("/testvdpa/ports", telemetry_ports,
			"Attached ports: device, socket, state, counters. No parameters");
	(void)rte_telemetry_register_cmd("/testvdpa/virtq", telemetry_virtq,
			"Rings of a port with the driver's statistics. Parameter: device or socket");
}
