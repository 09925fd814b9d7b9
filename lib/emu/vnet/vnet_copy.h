/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Frames of a burst that were given to a receive queue, but are not in its buffers yet.
 */
#ifndef VNET_COPY_H
#define VNET_COPY_H

#include <stdint.h>

#include "wire.h"

#define VNET_HDR_MIN 10u /* struct virtio_net_hdr (virtio 1.2, 5.1.6) */
#define VNET_HDR_MAX 12u /* with num_buffers */

#define VNET_BURST 64u /* frames of one queue at a time */
#define VNET_LASTING 1024u /* bytes of a head that lasts until the end of its burst */

/** A frame and the buffer that it goes to, all of it. */
struct vnet_copy {
	uint8_t *to;
	uint8_t hdr[VNET_HDR_MAX];
	uint32_t head_len, body_len;
	const uint8_t *head;
	const uint8_t *body;
};

struct vnet_copies {
	unsigned int nb;
	struct vnet_copy list[VNET_BURST];
	/** Heads of the frames of a burst: what is in the list points to them. */
	unsigned int nb_heads;
	const uint8_t *lasting; /**< head of the frame under way if it is one of these, else NULL */
	/** One line further apart than they need to be: at a power of two they would all begin in the
	 * same few sets of the cache. */
	uint8_t heads[VNET_BURST][VNET_LASTING + 64] __attribute__((aligned(64)));
};

/** Room for the head of the next frame, VNET_LASTING bytes; it is what @c lasting says from now. */
uint8_t *vnet_copy_head(struct vnet_copies *copies);

/** May the frame be copied later? Then its bytes stay what they are until vnet_copy_flush(). */
static inline bool
vnet_copy_can_wait(const struct vnet_copies *copies, const struct wire_frame *frame)
{
	return frame->head == copies->lasting && frame->nb_body <= 1;
}

/**
 * Puts a frame that can wait on the list. @p to is where the header and the frame go.
 * @return where to put the header's VNET_HDR_MAX bytes.
 */
uint8_t *vnet_copy_later(struct vnet_copies *copies, const struct wire_frame *frame, uint8_t *to);

/** Copies all that is on the list; before anything is published. */
void vnet_copy_flush(struct vnet_copies *copies);

#endif /* VNET_COPY_H */
