/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the engine does wrong where it is told to (struct vnet_attr.lie), for the engine's own files.
 * With the card's lock held; none of it is called while vnet_port::lies is 0.
 */
#ifndef VNET_LIE_H
#define VNET_LIE_H

#include "vnet_priv.h"

/** Gives a chain back as vnet_queue_complete() does, or wrongly. */
void vnet_lie_complete(struct vnet_queue *queue, struct vq_elem elem);

/**
 * Shall the frame that is about to be written be torn? Then @p torn is a copy of it with the second
 * half damaged, whose bytes are to be freed by vnet_lie_forget().
 */
bool
vnet_lie_tear(struct vnet_queue *queue, const struct wire_frame *frame, struct wire_frame *torn);
void vnet_lie_forget(struct wire_frame *torn);

/** vq::misses; @p arg is the queue. */
bool vnet_lie_misses(void *arg, uint64_t addr, uint64_t page);

#endif /* VNET_LIE_H */
