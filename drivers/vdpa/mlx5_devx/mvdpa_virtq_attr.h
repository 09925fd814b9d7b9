/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * From what vhost says of a ring to what firmware is told of the queue. Pure but for the log.
 */
#ifndef MVDPA_VIRTQ_ATTR_H
#define MVDPA_VIRTQ_ATTR_H

#include <rte_vhost.h>

#include "devx_virtq.h"
#include "mvdpa_index.h"
#include "mvdpa_mem_plan.h"

/** A ring whose place in guest memory was checked. */
struct mvdpa_ring {
	uint16_t size;
	uint64_t desc, avail, used; /**< guest-physical */
	struct vring_used *used_va; /**< the used ring in this process */
};

/**
 * Checks and translates a split ring. @p who names device and queue for the log.
 * @return 0; -EINVAL bad size or address, logged.
 */
int mvdpa_ring_make(const struct rte_vhost_vring *vring, const struct mvdpa_mem_plan *mem,
		const struct base_log *log, const char *who, struct mvdpa_ring *ring);
/** Same size and same guest-physical addresses? */
bool mvdpa_ring_same(const struct mvdpa_ring *a, const struct mvdpa_ring *b);
/** The used index in guest memory (virtio 1.2, 2.7.8). */
uint16_t mvdpa_ring_used_idx(const struct mvdpa_ring *ring);
/** Asks the guest for kicks: a back-end that polled may have left VRING_USED_F_NO_NOTIFY. */
void mvdpa_ring_want_kicks(const struct mvdpa_ring *ring);

/** What a queue is made of. */
struct mvdpa_virtq_parts {
	uint16_t index;
	const struct mvdpa_ring *ring;
	struct mvdpa_index start;
	uint64_t features; /**< negotiated */
	uint32_t mkey, pd, tisn, event_qpn, counters;
	struct devx_virtq_umem umem[3];
};

void mvdpa_virtq_attr_make(const struct mvdpa_virtq_parts *parts, struct devx_virtq_attr *attr);

#endif /* MVDPA_VIRTQ_ATTR_H */
