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
	enum prm_virtq_type type;
	uint16_t size;
	/** Guest-physical; of a packed ring @c avail is the driver's and @c used the device's event
	 * suppression area, as in the PRM. */
	uint64_t desc, avail, used;
	void *used_va; /**< @c used in this process */
	/** The guest looks at the used ring by itself (it gave no call file), and the card can do
	 * without telling. */
	bool polled;
};

/** Where a ring is to be found. */
struct mvdpa_ring_place {
	const struct rte_vhost_vring *vring;
	enum prm_virtq_type type;
	const struct mvdpa_mem_plan *mem;
	bool may_be_polled; /**< the card has queues without events (mode NO_MSIX) */
	const struct base_log *log;
	const char *who; /**< device and queue, for the log */
};

/** Checks and translates a ring. @return 0; -EINVAL bad size or address, logged. */
int mvdpa_ring_make(const struct mvdpa_ring_place *place, struct mvdpa_ring *ring);
/** Same form, same size, same guest-physical addresses? */
bool mvdpa_ring_same_place(const struct mvdpa_ring *a, const struct mvdpa_ring *b);
/** The same, and events as before? */
bool mvdpa_ring_same(const struct mvdpa_ring *a, const struct mvdpa_ring *b);
/**
 * The used index in guest memory (virtio 1.2, 2.7.8). A packed ring has none: there it is
 * @p otherwise, what the caller knows from elsewhere.
 */
uint16_t mvdpa_ring_used_idx(const struct mvdpa_ring *ring, uint16_t otherwise);
/** Asks the guest for kicks: a back-end that polled may have left that they are not wanted. */
void mvdpa_ring_want_kicks(const struct mvdpa_ring *ring);

/** How long the card may keep events of a queue back; 0 is the card's own choice. */
struct mvdpa_period {
	uint8_t mode; /**< counted from the 1: first, 2: last completion */
	uint16_t us; /**< at most, to 4095 */
	uint16_t max_count; /**< completions at most */
};

/** What a queue is made of. */
struct mvdpa_virtq_parts {
	uint16_t index;
	const struct mvdpa_ring *ring;
	struct mvdpa_index start;
	uint64_t features; /**< negotiated */
	uint32_t mkey, pd, tisn, counters;
	uint32_t event_qpn; /**< 0: nobody waits for events (mode NO_MSIX) */
	struct mvdpa_period period;
	struct devx_virtq_umem umem[3];
};

void mvdpa_virtq_attr_make(const struct mvdpa_virtq_parts *parts, struct devx_virtq_attr *attr);

#endif /* MVDPA_VIRTQ_ATTR_H */
