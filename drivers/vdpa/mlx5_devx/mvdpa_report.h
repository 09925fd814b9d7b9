/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a device tells of itself to telemetry, as dictionaries and arrays. The shapes are part of
 * the interface and documented in the driver's guide. Any thread; a report waits for an operation
 * of the device that is under way, never the other way round.
 */
#ifndef MVDPA_REPORT_H
#define MVDPA_REPORT_H

#include <rte_telemetry.h>

#include "mvdpa_dev.h"

/** Queues in one report of statistics: telemetry's answers have 16 KiB. */
#define MVDPA_REPORT_QUEUES 64

/** The device: state, owner, features, memory, capabilities, arguments. */
void mvdpa_report_info(struct mvdpa_dev *dev, struct rte_tel_data *data);
/** Queue @p queue < dev->nb_virtqs: state, ring, indices, errors. */
void mvdpa_report_virtq(struct mvdpa_dev *dev, uint16_t queue, struct rte_tel_data *data);
/** Statistics of the queues that are wanted, from @p first on, one array a statistic; asks the
 * card. @return 0 or -errno of the card. */
int mvdpa_report_stats(struct mvdpa_dev *dev, uint16_t first, struct rte_tel_data *data);
/** The flows that are kept by their numbers, the newest first; if @p seq is not 0, that one. */
void mvdpa_report_flows(struct mvdpa_dev *dev, uint64_t seq, struct rte_tel_data *data);

#endif /* MVDPA_REPORT_H */
