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
 * The header (virtio 1.2, 5.1.6) says what is left to do: a checksum to complete, a payload to cut
 * into segments (vnet_hdr.c). The frame is offered to the wire like that, and another guest of the
 * card mostly takes it like that: then the work is never done. A receiver that wants finished
 * frames makes the sender finish (vnet_gso.c) and send segment by segment. That can stop in the
 * middle, for a receiver without room or because one call sends a limited number; the queue keeps
 * which segment is next and goes on there, with a frame that is read anew. The chain is given back
 * after the last segment. So a queue that is suspended in the middle has not advanced, and sends
 * the whole frame again when it runs again: some segments arrive twice, which TCP takes for
 * retransmissions, and none gets lost.
 *
 * A frame that would be longer than the port's MTU on a cable is dropped and counted.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "vnet_gso.h"
#include "vnet_hdr.h"
#include "vnet_priv.h"

#define TX_SEGMENTS 64u /* of one frame in one call; 64 KiB over Ethernet's 1500 bytes are 45 */
/* Frames up to this length are copied as a whole: cheaper than to find out where they are. */
#define TX_HEAD_MAX VNET_LASTING
#define TX_PREFETCH 16u /* chains ahead */

static_assert(TX_HEAD_MAX >= WIRE_HEAD_MIN, "a head must hold all headers");

/* A frame under way: where it comes from, and what the wire gets. */
struct tx_frame {
	struct vq_cursor cursor; /* behind what was copied or mapped */
	struct vnet_hdr hdr;
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
	uint8_t *buf = queue->port->vnet->tx_buf;
	struct wire_frame *frame = &tx->frame;
	enum vnet_error error;

	memcpy(buf, tx->head, frame->head_len);
	error = vq_chain_read(&queue->ring, chain, &tx->cursor, buf + frame->head_len,
			frame->len - frame->head_len);
	frame->head = tx->head = buf;
	frame->head_len = frame->len;
	return error;
}

/* Notes in the frame what the header asks for. */
static enum vnet_error
tx_offload(struct vnet_queue *queue, struct tx_frame *tx)
{
	struct vnet_hdr_fault fault;

	if (tx->hdr.flags == 0 && tx->hdr.gso_type == VNET_HDR_GSO_NONE)
		return VNET_ERR_NONE;
	if (vnet_hdr_to_frame(&tx->hdr, queue->features, &tx->frame, &fault))
		return VNET_ERR_NONE;
	return tx_bad(queue, fault.what, fault.value);
}

/* Copies header and head from chains of whatever shape. */
static enum vnet_error
tx_read_pieces(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx,
		uint8_t *hdr)
{
	enum vnet_error error;

	error = vq_chain_read(&queue->ring, chain, &tx->cursor, hdr, queue->hdr_len);
	if (error != VNET_ERR_NONE)
		return error;
	return vq_chain_read(&queue->ring, chain, &tx->cursor, tx->head, tx->frame.head_len);
}

/* The same, directly if they are in the first buffer. */
static enum vnet_error
tx_read(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx, uint8_t *hdr)
{
	const struct vq_seg *seg = &chain->segs[0];
	uint32_t head_len = tx->frame.head_len;
	const uint8_t *from;

	if (seg->len < queue->hdr_len + head_len)
		return tx_read_pieces(queue, chain, tx, hdr);
	from = vq_buf_whole(&queue->ring, seg->addr, seg->len, VNET_READ);
	if (from == NULL)
		return tx_read_pieces(queue, chain, tx, hdr);
	memcpy(hdr, from, VNET_HDR_MIN);
	memcpy(tx->head, from + queue->hdr_len, head_len);
	tx->cursor.off = queue->hdr_len + head_len;
	return VNET_ERR_NONE;
}

/* Copies header and head. */
static enum vnet_error
tx_head(struct vnet_queue *queue, const struct vq_chain *chain, struct tx_frame *tx)
{
	uint32_t len = (uint32_t)(chain->read_len - queue->hdr_len);
	uint8_t hdr[VNET_HDR_MAX];
	enum vnet_error error;

	tx->head = vnet_copy_head(&queue->port->vnet->copies);
	wire_frame_init(&tx->frame, tx->head, len);
	if (len > TX_HEAD_MAX)
		tx->frame.head_len = WIRE_HEAD_MIN;
	tx->hdr.flags = tx->hdr.gso_type = 0;
	error = tx_read(queue, chain, tx, hdr);
	/* Without either nothing of the header counts. */
	if (error == VNET_ERR_NONE && (hdr[0] | hdr[1]) != 0)
		vnet_hdr_load(hdr, &tx->hdr);
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
		error = tx_offload(queue, tx);
	if (error == VNET_ERR_NONE)
		error = tx_body(queue, chain, tx);
	if (error == VNET_ERR_NONE)
		error = vq_reserve(&queue->ring, chain->nb_desc);
	return error;
}

/* Sends the segments that were not sent yet; -EINPROGRESS: there are more of them. */
static int
tx_send_finished(struct vnet_queue *queue, const struct wire_frame *frame)
{
	struct vnet *vnet = queue->port->vnet;
	struct wire_frame seg;
	struct vnet_gso gso;
	unsigned int nb;
	int ret;

	vnet_gso_begin(&gso, frame);
	for (nb = 0; queue->next_seg < gso.nb_segs; nb++, queue->next_seg++) {
		if (nb == TX_SEGMENTS)
			return -EINPROGRESS;
		wire_frame_init(&seg, vnet->seg_buf,
				vnet_gso_segment(&gso, queue->next_seg, vnet->seg_buf));
		ret = wire_send(vnet->wire, queue->port->index, &seg, &queue->hold);
		if (ret != 0)
			return ret;
	}
	return 0;
}

/* As wire_send(), and -EINPROGRESS. */
static int
tx_send(struct vnet_queue *queue, const struct wire_frame *frame)
{
	struct vnet_port *port = queue->port;
	int ret = -EMSGSIZE;

	if (frame->len >= VNET_FRAME_MIN && vnet_gso_exceeds(frame, port->mtu)) {
		port->stats.tx_oversize++;
		queue->hold.since_ns = 0;
		return -EINVAL;
	}
	/* After the first segment went out finished the others must, whoever listens by now. */
	if (queue->next_seg == 0)
		ret = wire_send(port->vnet->wire, port->index, frame, &queue->hold);
	if (ret == -EMSGSIZE)
		ret = tx_send_finished(queue, frame);
	return ret;
}

enum vnet_tx_result
vnet_tx_one(struct vnet_queue *queue)
{
	struct vq_chain *chain = &queue->port->vnet->tx_chain;
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
	ret = tx_send(queue, &tx.frame);
	if (ret == -EAGAIN || ret == -EINPROGRESS) {
		queue->ring.avail = begin;
		return ret == -EAGAIN ? VNET_TX_HELD : VNET_TX_PARTLY;
	}
	if (ret != 0)
		queue->stats.dropped_frames++;
	queue->next_seg = 0;
	vnet_queue_complete(queue,
			(struct vq_elem){ .id = chain->id, .nb_desc = (uint16_t)chain->nb_desc });
	return VNET_TX_SENT;
}
