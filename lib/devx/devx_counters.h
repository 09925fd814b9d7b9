/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * VIRTIO_Q_COUNTERS objects: what the card counted for one queue. They outlive the queue object
 * that names them, so that a rebuilt queue goes on counting.
 */
#ifndef DEVX_COUNTERS_H
#define DEVX_COUNTERS_H

#include <stdint.h>

#include "devx_cmd.h"

struct devx_counters {
	uint64_t received_desc;
	uint64_t completed_desc;
	uint32_t error_cqes;
	uint32_t bad_desc_errors;
	uint32_t exceed_max_chain;
	uint32_t invalid_buffer;
};

int devx_counters_create(struct devx_dev *dev, uint16_t queue, struct devx_obj **counters);
int devx_counters_query(struct devx_obj *counters, struct devx_counters *values);
/** Reads the virtio_q_counters that a query brought (pure). */
void devx_counters_decode(const void *virtio_q_counters, struct devx_counters *values);

#endif /* DEVX_COUNTERS_H */
