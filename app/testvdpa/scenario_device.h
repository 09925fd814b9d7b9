/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a driver tells a story about its queues: rte_vdpa's statistics, found by name. A driver that
 * has none of that name simply does not tell. One thread.
 */
#ifndef SCENARIO_DEVICE_H
#define SCENARIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario_report.h"

/**
 * Fills @p row for virtqueue @p queue of @p device: saved_avail_index, saved_used_index,
 * resumed_avail_index, resumed_used_index; each pair is known only where both are there.
 */
void scenario_device_queue(const char *device, char guest, unsigned int queue,
		struct scenario_queue *row);

/**
 * Firmware commands of the device so far (firmware_commands, which each queue tells of its whole
 * device). To ask may cost commands itself. @return false where it is not told
 */
bool scenario_device_commands(const char *device, uint64_t *nb);

#endif /* SCENARIO_DEVICE_H */
