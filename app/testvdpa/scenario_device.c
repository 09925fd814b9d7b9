/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: all statistics of a queue are read (device.h), then looked through by name:
 * names are the interface between drivers and this program, their order is not.
 */
#include <string.h>

#include "device.h"
#include "scenario_device.h"

static bool
device_stat(const struct device_stats *stats, const char *name, uint64_t *value)
{
	for (unsigned int i = 0; i < stats->nb; i++) {
		if (strcmp(stats->stat[i].name, name) != 0)
			continue;
		*value = stats->stat[i].value;
		return true;
	}
	return false;
}

static struct scenario_indices
device_indices(const struct device_stats *stats, const char *avail_name, const char *used_name)
{
	uint64_t avail, used;

	if (!device_stat(stats, avail_name, &avail) || !device_stat(stats, used_name, &used))
		return (struct scenario_indices){ .known = false };
	return (struct scenario_indices){ true, (uint16_t)avail, (uint16_t)used };
}

void
scenario_device_queue(const char *device, char guest, unsigned int queue,
		struct scenario_queue *row)
{
	struct device_stats stats;

	*row = (struct scenario_queue){ .guest = guest, .queue = queue };
	if (device_stats(device, (uint16_t)queue, &stats) != 0)
		return;
	row->saved = device_indices(&stats, "saved_avail_index", "saved_used_index");
	row->resumed = device_indices(&stats, "resumed_avail_index", "resumed_used_index");
}

bool
scenario_device_commands(const char *device, uint64_t *nb)
{
	struct device_stats stats;

	return device_stats(device, 0, &stats) == 0 && device_stat(&stats, "firmware_commands", nb);
}
