/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the frame at the head of a transmit queue. The chain is walked and checked,
 * header and frame are gathered into one buffer, the used entry is made sure of, and only then
 * does the frame go to the wire; when the wire has taken it, nothing can fail any more and the
 * chain is given back. A frame that the wire does not take now leaves no trace but its waiting
 * time: the next attempt begins at the ring again, because in the meantime the memory keys may
 * have changed.
 *
 * The header (virtio 1.2, 5.1.6): flags and gso_type are judged by what was negotiated. Unknown
 * flags are ignored, as the standard demands; segmentation was not offered.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "vnet_csum.h"
#include "vnet_priv.h"

#define HDR_F_NEEDS_CSUM 1u

/* struct virtio_net_hdr without num_buffers, as it lies in memory. */
struct tx_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
};

/* Checks lengths and directions; fails the queue. */
static bool
tx_check(struct vnet_queue *queue, const struct vq_chain *chain)
{
	const char *what = NULL;
	uint64_t value = chain->read_len;

	if (chain->write_len != 0) {
		what = "writable length of a chain to send";
		value = chain->write_len;
	} else if (chain->read_len < queue->hdr_len) {
		what = "length of a chain without a whole header";
	} else if (chain->read_len - queue->hdr_len > WIRE_FRAME_MAX) {
		what = "length of a chain to send";
	}
	if (what != NULL)
		vnet_queue_fail_for(queue, VNET_ERR_BAD_DESC, what, value);
	return what == NULL;
}

/* Does what the header asks for; fails the queue. */
static bool
tx_offload(struct vnet_queue *queue, uint8_t *buf, size_t frame_len)
{
	const char *what = NULL;
	uint64_t value = 0;
	struct tx_hdr hdr;

	memcpy(&hdr, buf, sizeof(hdr));
	if (hdr.gso_type != 0) {
		what = "gso_type";
		value = hdr.gso_type;
	} else if ((hdr.flags & HDR_F_NEEDS_CSUM) == 0) {
		return true;
	} else if ((queue->features & PRM_VIRTQ_F_CSUM) == 0) {
		what = "header flags without checksum offload";
		value = hdr.flags;
	} else if (!vnet_csum_complete(buf + queue->hdr_len, frame_len, le16toh(hdr.csum_start),
				   le16toh(hdr.csum_offset))) {
		what = "csum_start of a checksum outside of the frame";
		value = le16toh(hdr.csum_start);
	}
	if (what != NULL)
		vnet_queue_fail_for(queue, VNET_ERR_BAD_DESC, what, value);
	return what == NULL;
}

/* Brings header and frame into the buffer and makes sure of the used entry; fails the queue. */
static bool
tx_gather(struct vnet_queue *queue, struct vq_chain *chain, uint8_t *buf)
{
	struct vq_cursor cursor = { 0 };

	if (vq_split_fetch(&queue->ring, queue->avail, chain) != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return false;
	}
	if (!tx_check(queue, chain))
		return false;
	if (vq_chain_read(&queue->ring, chain, &cursor, buf, chain->read_len) != VNET_ERR_NONE ||
			vq_split_reserve(&queue->ring, queue->used) != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return false;
	}
	return tx_offload(queue, buf, chain->read_len - queue->hdr_len);
}

enum vnet_tx_result
vnet_tx_one(struct vnet_queue *queue)
{
	struct vnet *vnet = queue->port->vnet;
	struct vq_chain *chain = &vnet->tx_chain;
	uint8_t *buf = vnet->tx_buf;
	struct wire_frame frame;
	uint32_t pending;
	int ret;

	vnet_queue_enter(queue);
	if (vq_split_pending(&queue->ring, queue->avail, &pending) != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return VNET_TX_ERROR;
	}
	if (pending == 0)
		return VNET_TX_EMPTY;
	if (!tx_gather(queue, chain, buf))
		return VNET_TX_ERROR;
	wire_frame_init(&frame, buf + queue->hdr_len, chain->read_len - queue->hdr_len);
	ret = wire_send(vnet->wire, queue->port->index, &frame, &queue->hold);
	if (ret == -EAGAIN)
		return VNET_TX_HELD;
	if (ret != 0)
		queue->stats.dropped_frames++;
	vnet_queue_complete(queue, chain, 0);
	return VNET_TX_SENT;
}
