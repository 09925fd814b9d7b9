/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * VIRTIO_Q_COUNTERS objects, for the firmware's own files.
 */
#ifndef FW_COUNTERS_H
#define FW_COUNTERS_H

#include "fw_card.h"

struct fw_counters {
	struct fw_obj obj;
	struct vnet_queue_stats past; /**< of queues that are gone */
	uint32_t past_error_cqes;
	struct fw_virtq_list virtqs; /**< queues that count here now */
};

void fw_counters_attach(struct fw_counters *counters, struct fw_virtq *virtq);
/** Keeps what @p virtq has counted and forgets it. */
void fw_counters_detach(struct fw_counters *counters, struct fw_virtq *virtq);

#endif /* FW_COUNTERS_H */
