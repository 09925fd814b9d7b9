/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a frame costs some hundred instructions of ours and two or three lines of
 * memory that were in another processor's cache last. Stores become visible in their order: one to
 * a line that is still under way holds up all behind it, and when the store buffer is full of our
 * own small stores, nothing goes on. So the frames of a burst are decided on first, while the lines
 * that they go to are being fetched for writing, and then copied one after the other.
 *
 * Invariants: what is on the list is copied before any used entry of any queue is published (the
 * receiver must find its frame, and the sender's buffers are its own again from then on), and
 * before the engine lets go of the card's lock (pointers into guest memory do not outlive it).
 */
#include "vnet_copy.h"

#include <string.h>

#include "vq_ring.h"

uint8_t *
vnet_copy_head(struct vnet_copies *copies)
{
	uint8_t *head;

	if (copies->nb_heads == VNET_BURST)
		vnet_copy_flush(copies);
	if (copies->nb == 0)
		copies->nb_heads = 0; /* nobody points to any */
	head = copies->heads[copies->nb_heads++];
	copies->lasting = head;
	return head;
}

uint8_t *
vnet_copy_later(struct vnet_copies *copies, const struct wire_frame *frame, uint8_t *to)
{
	struct vnet_copy *copy;

	/* One frame may have many receivers. */
	if (copies->nb == VNET_BURST)
		vnet_copy_flush(copies);
	vq_prefetch_write(to);
	vq_prefetch_write(to + VQ_LINE);
	copy = &copies->list[copies->nb++];
	copy->to = to;
	copy->head = frame->head;
	copy->head_len = frame->head_len;
	copy->body = frame->nb_body != 0 ? frame->body[0].iov_base : NULL;
	copy->body_len = frame->len - frame->head_len;
	return copy->hdr;
}

void
vnet_copy_flush(struct vnet_copies *copies)
{
	unsigned int i;

	for (i = 0; i < copies->nb; i++) {
		const struct vnet_copy *copy = &copies->list[i];

		memcpy(copy->to, copy->hdr, VNET_HDR_MAX);
		memcpy(copy->to + VNET_HDR_MAX, copy->head, copy->head_len);
		/* guest memory to guest memory, which may be the same */
		if (copy->body_len != 0)
			memmove(copy->to + VNET_HDR_MAX + copy->head_len, copy->body,
					copy->body_len);
	}
	copies->nb = 0;
}
