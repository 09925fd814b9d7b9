/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the frame at the head of a transmit queue. The chain is fetched and checked,
 * header and the frame's head are copied, so that nobody can change what is decided by, and the
 * rest is found where it lies in the sender's memory (a receiver copies it from there). The used
 * entry is made sure of, and only then does the frame go to the wire; when the wire has taken it,
 * nothing can fail any more and the chain is given back. A frame that the wire does not take now
 * is put back and leaves no trace but its waiting time: the next attempt begins at the ring again,
 * because in the meantime the memory keys may have changed.
 *
 * The header (virtio 1.2, 5.1.6): flags and gso_type are judged by what was negotiated. Unknown
 * flags are ignored, as the standard demands; segmentation was not offered.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "vnet_csum.h"
#include "vnet_priv.h"

#define HDR_F_NEEDS_CSUM 1u
/* Frames up to this length are copied as a whole: for now all, as receivers look at all bytes. */
#define TX_HEAD_MAX WIRE_FRAME_MAX
#define TX_PREFETCH 4u /* chains ahead */

static_assert(TX_HEAD_MAX >= WIRE_HEAD_MIN, "a head must hold all headers");

/* struct virtio_net_hdr without num_buffers, as it lies in memory. */
struct tx_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
};

/* A frame under way: where it comes from, and what the wire gets. */
struct tx_frame {
	struct vq_cursor cursor; /* behind what was copied or mapped */
	struct tx_hdr hdr;
	uint8_t *head;
	struct wire_frame frame;
};

/* Notes a fault that the ring cannot see. */
static enum vnet_error
tx_bad(struct vnet_queue *queue, const char *what, uint64_t value)
{
	return vq_fault(&queue->ring, VNET_ERR_BAD_DESC, what, value);
}

/* Checks lengths and directions. */
static enum vnet_error
tx_check(struct vnet_queue *queue, const struct vq_chain *chain)
{
	if (chain->write_len != 0)
		return tx_bad(queue, "writable length of a chain to send", chain->write_len);
	if (chain->read_len < queue->hdr_len)
		return tx_bad(queue, "length of a chain without a whole header", chain->read_len);
	if (chain->read_len - queue->hdr_len > WIRE_FRAME_MAX)
		return tx_bad(queue, "length of a chain to send", chain->read_len);
	return VNET_ERR_NONE;
}

/* Copies what is not copied yet, so that all of the frame is its head. */
static enum vnet_error
tx_linearize(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx)
{
	struct wire_frame *frame = &tx->frame;
	enum vnet_error error;

	error = vq_chain_read(&queue->ring, chain, &tx->cursor, tx->head + frame->head_len,
			frame->len - frame->head_len);
	frame->head_len = frame->len;
	return error;
}

/* Does what the header asks for. */
static enum vnet_error
tx_offload(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx)
{
	uint16_t start = le16toh(tx->hdr.csum_start), offset = le16toh(tx->hdr.csum_offset);
	enum vnet_error error;

	if (tx->hdr.gso_type != 0)
		return tx_bad(queue, "gso_type", tx->hdr.gso_type);
	if ((tx->hdr.flags & HDR_F_NEEDS_CSUM) == 0)
		return VNET_ERR_NONE;
	if ((queue->features & PRM_VIRTQ_F_CSUM) == 0)
		return tx_bad(queue, "header flags without checksum offload", tx->hdr.flags);
	error = tx_linearize(queue, chain, tx);
	if (error == VNET_ERR_NONE && !vnet_csum_complete(tx->head, tx->frame.len, start, offset))
		error = tx_bad(queue, "csum_start of a checksum outside of the frame", start);
	return error;
}

/* Copies header and head. */
static enum vnet_error
tx_head(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx)
{
	uint32_t len = (uint32_t)(chain->read_len - queue->hdr_len);
	uint32_t head_len = len <= TX_HEAD_MAX ? len : WIRE_HEAD_MIN;
	uint8_t *buf = queue->port->vnet->tx_buf;
	enum vnet_error error;

	error = vq_chain_read(&queue->ring, chain, &tx->cursor, buf, queue->hdr_len + head_len);
	memcpy(&tx->hdr, buf, sizeof(tx->hdr));
	tx->head = buf + queue->hdr_len;
	wire_frame_init(&tx->frame, tx->head, len);
	tx->frame.head_len = head_len;
	return error;
}

/* Finds the rest in the sender's memory; copies it if it is in too many pieces. */
static enum vnet_error
tx_body(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx)
{
	struct wire_frame *frame = &tx->frame;
	struct vq_pieces pieces = { .iov = queue->port->vnet->tx_iov, .room = VNET_TX_PIECES };
	enum vnet_error error;

	if (frame->len == frame->head_len)
		return VNET_ERR_NONE;
	error = vq_chain_map(&queue->ring, chain, &tx->cursor, &pieces,
			frame->len - frame->head_len);
	if (error == VNET_ERR_NONE && pieces.nb == 0)
		return tx_linearize(queue, chain, tx);
	frame->body = pieces.iov;
	frame->nb_body = pieces.nb;
	return error;
}

/* From the chain to a frame whose used entry is sure. */
static enum vnet_error
tx_gather(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx)
{
	enum vnet_error error;

	tx->cursor = (struct vq_cursor){ 0 };
	error = tx_check(queue, chain);
	if (error == VNET_ERR_NONE)
		error = tx_head(queue, chain, tx);
	if (error == VNET_ERR_NONE)
		error = tx_offload(queue, chain, tx);
	if (error == VNET_ERR_NONE)
		error = tx_body(queue, chain, tx);
	if (error == VNET_ERR_NONE)
		error = vq_reserve(&queue->ring, chain->nb_desc);
	return error;
}

enum vnet_tx_result
vnet_tx_one(struct vnet_queue *queue)
{
	struct vnet *vnet = queue->port->vnet;
	struct vq_chain *chain = &vnet->tx_chain;
	uint16_t begin = queue->ring.avail;
	enum vnet_error error;
	struct tx_frame tx;
	int ret;

	vnet_queue_enter(queue);
	error = vq_fetch(&queue->ring, chain);
	if (error == VNET_ERR_NONE && chain->nb_desc == 0)
		return VNET_TX_EMPTY;
	vq_prefetch(&queue->ring, TX_PREFETCH);
	if (error == VNET_ERR_NONE)
		error = tx_gather(queue, chain, &tx);
	if (error != VNET_ERR_NONE) {
		queue->ring.avail = begin;
		vnet_queue_fail(queue);
		return VNET_TX_ERROR;
	}
	ret = wire_send(vnet->wire, queue->port->index, &tx.frame, &queue->hold);
	if (ret == -EAGAIN) {
		queue->ring.avail = begin;
		return VNET_TX_HELD;
	}
	if (ret != 0)
		queue->stats.dropped_frames++;
	vnet_queue_complete(queue,
			(struct vq_elem){ .id = chain->id, .nb_desc = (uint16_t)chain->nb_desc });
	return VNET_TX_SENT;
}
