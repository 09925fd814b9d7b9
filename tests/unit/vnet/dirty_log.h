/* SPDX-License-Identifier: BSD-3-Clause */
/* A log of written pages for queues of a bed. Set log_shift, then log_new(), then log_queue() each. */
#ifndef DIRTY_LOG_H
#define DIRTY_LOG_H

#include "vnet_bed.h"

#define LOG_KEY 0x3300u
#define LOG_ADDR 0x5000ull
#define LOG_MIN_SHIFT 8u

static unsigned int log_shift = LOG_MIN_SHIFT; /* of a page; a small one shows its neighbours */
static uint8_t bitmap[0x50000000 >> (LOG_MIN_SHIFT + 3)];

static bool
bit(uint64_t addr)
{
	return (bitmap[addr >> (log_shift + 3)] >> (addr >> log_shift & 7) & 1) != 0;
}

/* No page is written yet. */
static void
log_new(struct bed *bed)
{
	memset(bitmap, 0, sizeof(bitmap));
	vmem_grant(&bed->mem, LOG_KEY, LOG_ADDR, sizeof(bitmap), bitmap);
}

static void
log_queue(struct vnet_queue *queue)
{
	struct vnet_dirty dirty = {
		.enabled = true,
		.mkey = LOG_KEY,
		.addr = LOG_ADDR,
		.size = sizeof(bitmap),
		.page_shift = log_shift,
	};

	vnet_queue_dirty_set_locked(queue, &dirty);
}

#endif /* DIRTY_LOG_H */
