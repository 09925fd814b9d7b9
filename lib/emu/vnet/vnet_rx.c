/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the wire asks whether a frame can be taken; steering finds the queue, and
 * the answer is yes when that queue runs, has chains enough, and their used entries can be written.
 * The wire then either takes its question back (another port cannot) or delivers, in the same
 * call, with nothing in between that could change the answer. What the question found out - the
 * chains, read once and checked - is kept in the port for it; the ring's position stays before
 * them until the frame is delivered.
 *
 * With mergeable buffers (VIRTIO_NET_F_MRG_RXBUF) a frame fills as many chains as it needs, which
 * are published together; without them it must fit into the next one. One that is longer than
 * that, or than all buffers that the ring can hold, is dropped and counted, and the chains stay
 * where they are: a shorter frame may fit.
 *
 * A frame whose work was left over (a checksum, the segmentation) is taken as it is by a guest that
 * negotiated that; else the sender is asked to finish it. So it is if a frame that is still to be
 * segmented does not fit where its segments would.
 */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base_clock.h"
#include "vnet_gso.h"
#include "vnet_hdr.h"
#include "vnet_lie.h"
#include "vnet_plain.h"

#define HDR_NUM_BUFFERS 10u /* offset; le16, only in the long header */

/* Adds the next chain; @return whether there was one, an error through @p error. */
static bool
rx_add_chain(struct vnet_queue *queue, struct vnet_rx *rx, enum vnet_error *error)
{
	struct vq_chain next = { .segs = rx->chain.segs + rx->chain.nb_segs };
	struct vq *ring = &queue->ring;

	*error = vq_fetch(ring, &next);
	if (*error != VNET_ERR_NONE || next.nb_desc == 0)
		return false;
	if (next.read_len != 0)
		*error = vq_fault(ring, VNET_ERR_BAD_DESC,
				"readable length of a chain to receive into", next.read_len);
	else if (rx->chain.nb_desc + next.nb_desc > ring->size)
		*error = vq_fault(ring, VNET_ERR_CHAIN_TOO_LONG,
				"number of descriptors in the chains of one frame",
				rx->chain.nb_desc + next.nb_desc);
	if (*error != VNET_ERR_NONE)
		return false;
	rx->chain.nb_segs += next.nb_segs;
	rx->chain.nb_desc += next.nb_desc;
	rx->chain.write_len += next.write_len;
	rx->elems[rx->nb_elems++] = (struct vq_elem){
		.id = next.id,
		.nb_desc = (uint16_t)next.nb_desc,
		.len = next.write_len > UINT32_MAX ? UINT32_MAX : (uint32_t)next.write_len,
	};
	return true;
}

/* The same if the next chain will do, as most often; else false, and nothing has changed. */
static bool
rx_collect_one(struct vnet_queue *queue, struct vnet_rx *rx, uint64_t need)
{
	struct vq_chain *chain = &rx->chain;
	struct vq *ring = &queue->ring;
	uint16_t begin = ring->avail;
	bool fits;

	if (vq_fetch(ring, chain) != VNET_ERR_NONE || chain->nb_desc == 0)
		return false;
	rx->end = ring->avail;
	ring->avail = begin;
	fits = chain->read_len == 0 && chain->write_len >= need && chain->write_len <= UINT32_MAX;
	if (!fits || vq_reserve(ring, chain->nb_desc) != VNET_ERR_NONE)
		return false;
	rx->fits = true;
	rx->nb_elems = 1;
	rx->elems[0] = (struct vq_elem){
		.id = chain->id,
		.nb_desc = (uint16_t)chain->nb_desc,
		.len = (uint32_t)chain->write_len,
	};
	return true;
}

/* Finds chains for @p need bytes; @return whether to go on: they fit, or are known not to. */
static bool
rx_collect(struct vnet_queue *queue, struct vnet_rx *rx, uint64_t need)
{
	bool merge = (queue->features & PRM_VIRTQ_F_MRG_RXBUF) != 0;
	struct vq *ring = &queue->ring;
	uint16_t begin = ring->avail;
	enum vnet_error error;

	rx->chain.nb_segs = rx->chain.nb_desc = 0;
	rx->chain.write_len = 0;
	rx->nb_elems = 0;
	rx->fits = false;
	do {
		if (!rx_add_chain(queue, rx, &error))
			break;
	} while (merge && rx->chain.write_len < need && rx->chain.nb_desc < ring->size);
	rx->end = ring->avail;
	ring->avail = begin;
	if (error == VNET_ERR_NONE && rx->nb_elems != 0)
		error = vq_reserve(ring, rx->chain.nb_desc);
	if (error != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return false;
	}
	rx->fits = rx->chain.write_len >= need;
	if (rx->fits)
		return true;
	return merge ? rx->chain.nb_desc == ring->size : rx->nb_elems != 0;
}

/*
 * A frame to segment does not fit. Shall it come in segments instead? Where buffers merge, only if
 * half the ring does not suffice: few buffers mean that the guest is slow, and will add some, but
 * some guests never fill their ring, and waiting for that would be for ever.
 */
static bool
rx_wants_segments(const struct vnet_queue *queue, const struct vnet_rx *rx)
{
	if ((queue->features & PRM_VIRTQ_F_MRG_RXBUF) == 0)
		return rx->nb_elems != 0;
	return 2 * rx->chain.nb_desc >= queue->ring.size;
}

/* Finds the chains for a frame that the queue may get as it is. */
static enum wire_answer
rx_find_room(struct vnet_queue *queue, const struct wire_frame *frame)
{
	struct vnet_rx *rx = &queue->port->rx;
	bool decided;

	vnet_queue_enter(queue);
	if (rx_collect_one(queue, rx, (uint64_t)queue->hdr_len + frame->len)) {
		rx->queue = queue;
		return WIRE_YES;
	}
	decided = rx_collect(queue, rx, (uint64_t)queue->hdr_len + frame->len);
	if (queue->state == VNET_QUEUE_RUNNING && !rx->fits && frame->gso != WIRE_GSO_NONE &&
			rx_wants_segments(queue, rx))
		return WIRE_FINISHED_ONLY;
	if (!decided)
		return WIRE_NO;
	rx->queue = queue;
	return WIRE_YES;
}

/* Finds the queue for a frame; NULL, and the answer, if there is none. */
static struct vnet_queue *
rx_steer(struct vnet_port *port, const struct wire_frame *frame, enum wire_answer *answer)
{
	struct vnet_queue *only = vnet_steer_only(port);
	const struct vnet_rule *rule;

	port->is_parsed = only == NULL;
	if (only != NULL)
		return only;
	*answer = WIRE_NO;
	if (TAILQ_EMPTY(&port->rules))
		return NULL;
	vnet_flow_parse(frame, &port->flow);
	rule = vnet_steer_rule(port, &port->flow);
	if (rule != NULL)
		return vnet_steer_queue(rule, frame->head, &port->flow);
	if (base_clock_ns() - port->rules_changed_ns >= VNET_STEER_SETTLE_MS * BASE_NS_PER_MS)
		*answer = WIRE_YES;
	return NULL;
}

static enum wire_answer
rx_can_take(void *arg, const struct wire_frame *frame)
{
	struct vnet_port *port = arg;
	enum wire_answer answer;
	struct vnet_queue *queue;

	port->rx.queue = NULL;
	port->oversize = vnet_gso_exceeds(frame, port->mtu);
	if (port->oversize)
		return WIRE_YES;
	queue = rx_steer(port, frame, &answer);
	if (queue == NULL)
		return answer;
	if (queue->state != VNET_QUEUE_RUNNING)
		return WIRE_NO;
	if (frame->csum_partial && vnet_hdr_answer(frame, queue->features) != WIRE_YES)
		return WIRE_FINISHED_ONLY;
	return rx_find_room(queue, frame);
}

static void
rx_header(const struct vnet_queue *queue, const struct wire_frame *frame, uint8_t *bytes)
{
	struct vnet_port *port = queue->port;
	uint16_t nb = htole16((uint16_t)port->rx.nb_elems);
	struct vnet_hdr hdr;

	if (!frame->csum_partial && (queue->features & PRM_VIRTQ_F_GUEST_CSUM) == 0) {
		memset(bytes, 0, VNET_HDR_MIN); /* nothing to say */
	} else {
		if (!port->is_parsed)
			vnet_flow_parse(frame, &port->flow);
		vnet_hdr_from_frame(frame, &port->flow, queue->features, &hdr);
		vnet_hdr_store(&hdr, bytes);
	}
	memcpy(bytes + HDR_NUM_BUFFERS, &nb, sizeof(nb));
}

/*
 * The frame's bytes, behind each other. The head is the card's own copy; the body is guest memory,
 * and a guest that talks to itself may receive into what it sends from.
 */
static void
rx_copy(const struct wire_frame *frame, uint8_t *to)
{
	unsigned int i;

	memcpy(to, frame->head, frame->head_len);
	to += frame->head_len;
	for (i = 0; i < frame->nb_body; i++) {
		memmove(to, frame->body[i].iov_base, frame->body[i].iov_len);
		to += frame->body[i].iov_len;
	}
}

/* Copies header and frame into chains of whatever shape. */
static enum vnet_error
rx_write_pieces(struct vnet_queue *queue, const struct wire_frame *frame)
{
	const struct vq_chain *chain = &queue->port->rx.chain;
	struct vq_cursor cursor = { 0 };
	uint8_t hdr[VNET_HDR_MAX];
	enum vnet_error error;
	unsigned int i;

	rx_header(queue, frame, hdr);
	error = vq_chain_write(&queue->ring, chain, &cursor, hdr, queue->hdr_len);
	if (error == VNET_ERR_NONE)
		error = vq_chain_write(&queue->ring, chain, &cursor, frame->head, frame->head_len);
	for (i = 0; i < frame->nb_body && error == VNET_ERR_NONE; i++)
		error = vq_chain_write(&queue->ring, chain, &cursor, frame->body[i].iov_base,
				frame->body[i].iov_len);
	return error;
}

/* The same, directly if the first buffer takes it all; later if that can be. */
static enum vnet_error
rx_write(struct vnet_queue *queue, const struct wire_frame *frame)
{
	const struct vq_seg *seg = &queue->port->rx.chain.segs[0];
	struct vnet_copies *copies = &queue->port->vnet->copies;
	uint32_t len = queue->hdr_len + frame->len;
	uint8_t *to;

	/* The long header only: rx_header() writes all of it. */
	if (seg->len < len || queue->hdr_len != VNET_HDR_MAX)
		return rx_write_pieces(queue, frame);
	to = vq_buf_whole(&queue->ring, seg->addr, seg->len, VNET_WRITE);
	if (to == NULL)
		return rx_write_pieces(queue, frame);
	/* A page is noted as dirty after it was written, and that can fail. */
	if (!queue->ring.dirty.enabled && vnet_copy_can_wait(copies, frame)) {
		rx_header(queue, frame, vnet_copy_later(copies, frame, to));
		return VNET_ERR_NONE;
	}
	rx_header(queue, frame, to);
	rx_copy(frame, to + VNET_HDR_MAX);
	return vq_dirty(&queue->ring, seg->addr, len);
}

/* Puts a frame into the chains that were found for it. */
static void
rx_put(struct vnet_queue *queue, struct vnet_rx *rx, const struct wire_frame *frame)
{
	uint32_t rest = queue->hdr_len + frame->len;
	struct wire_frame torn;
	enum vnet_error error;
	unsigned int i;

	if (!rx->fits) {
		queue->stats.dropped_frames++;
		return;
	}
	/* One call of rx_write(), which is inlined then. */
	if (__builtin_expect(queue->port->lies != 0, 0) && vnet_lie_tear(queue, frame, &torn))
		frame = &torn;
	error = rx_write(queue, frame);
	if (__builtin_expect(frame == &torn, 0))
		vnet_lie_forget(&torn);
	if (error != VNET_ERR_NONE) {
		queue->stats.dropped_frames++;
		vnet_queue_fail(queue);
		return;
	}
	queue->ring.avail = rx->end;
	for (i = 0; i < rx->nb_elems; i++) {
		struct vq_elem elem = { .id = rx->elems[i].id, .nb_desc = rx->elems[i].nb_desc };

		/* Nothing is loaded that was stored in other pieces just now: that would wait for
		 * the stores, which queue up behind those to the guest's memory. */
		elem.len = rx->elems[i].len < rest ? rx->elems[i].len : rest;
		rest -= elem.len;
		vnet_queue_complete(queue, elem);
	}
	assert(rest == 0);
}

static void
rx_take(void *arg, const struct wire_frame *frame)
{
	struct vnet_port *port = arg;

	if (port->oversize)
		port->stats.rx_oversize++;
	else if (port->rx.queue == NULL)
		port->stats.rx_unmatched++;
	else
		rx_put(port->rx.queue, &port->rx, frame);
}

const struct wire_port_ops vnet_rx_port_ops = {
	.can_take = rx_can_take,
	.take = rx_take,
	.take_plain = vnet_plain_take,
};
