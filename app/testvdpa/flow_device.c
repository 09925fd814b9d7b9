/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what the driver of a device tells is found by the names of its statistics; a
 * driver that has none of them leaves a figure unknown, which is no fault.
 */
#include <string.h>

#include "flow.h"

static bool
flow_device_stat(const struct device_stats *stats, const char *name, uint64_t *value)
{
	for (unsigned int i = 0; i < stats->nb; i++) {
		if (strcmp(stats->stat[i].name, name) != 0)
			continue;
		*value = stats->stat[i].value;
		return true;
	}
	return false;
}

static struct ring_index
flow_device_index(const struct device_stats *stats, const char *avail_name, const char *used_name)
{
	uint64_t avail, used;

	if (!flow_device_stat(stats, avail_name, &avail) ||
			!flow_device_stat(stats, used_name, &used))
		return (struct ring_index){ .known = false };
	return (struct ring_index){ true, (uint16_t)avail, (uint16_t)used };
}

void
flow_device_queue(const char *device, unsigned int queue, struct flow_queue *row)
{
	static struct device_stats stats; /* large; one thread */

	row->saved.known = row->resumed.known = false;
	if (device_stats(device, (uint16_t)queue, &stats) != 0)
		return;
	row->saved = flow_device_index(&stats, "saved_avail_index", "saved_used_index");
	row->resumed = flow_device_index(&stats, "resumed_avail_index", "resumed_used_index");
}

bool
flow_device_commands(const char *device, uint64_t *nb)
{
	static struct device_stats stats; /* large; one thread */

	return device_stats(device, 0, &stats) == 0 &&
			flow_device_stat(&stats, "firmware_commands", nb);
}
