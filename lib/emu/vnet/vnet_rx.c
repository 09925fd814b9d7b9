/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the wire asks whether a frame can be taken; steering finds the queue, and
 * the answer is yes when that queue runs, has a buffer, and its used entry can be written. The
 * wire then either takes its question back (another port cannot) or delivers, in the same call,
 * with nothing in between that could change the answer. So "take" only has to look at the buffer
 * itself. What the question found out is kept in the port for it.
 *
 * One frame fills one chain (mergeable buffers are not offered). A frame that is longer than the
 * next chain is dropped and counted, and the chain stays where it is: a shorter frame may fit.
 */
#include <assert.h>
#include <string.h>

#include "base_clock.h"
#include "vnet_csum.h"
#include "vnet_priv.h"

#define HDR_F_DATA_VALID 2u
#define HDR_NUM_BUFFERS 10u /* offset; le16, only in the long header */

static bool
rx_ready(struct vnet_queue *queue)
{
	uint32_t pending;

	if (queue->state != VNET_QUEUE_RUNNING)
		return false;
	vnet_queue_enter(queue);
	if (vq_split_pending(&queue->ring, queue->avail, &pending) != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return false;
	}
	if (pending == 0)
		return false;
	if (vq_split_reserve(&queue->ring, queue->used) != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return false;
	}
	return true;
}

static enum wire_answer
rx_can_take(void *arg, const struct wire_frame *frame)
{
	struct vnet_port *port = arg;
	const struct vnet_rule *rule;
	struct vnet_queue *queue;

	port->picked = NULL;
	if (TAILQ_EMPTY(&port->rules))
		return WIRE_NO;
	vnet_flow_parse(frame->head, frame->len, &port->flow);
	rule = vnet_steer_rule(port, &port->flow);
	if (rule == NULL)
		return base_clock_ns() - port->rules_changed_ns >=
						VNET_STEER_SETTLE_MS * BASE_NS_PER_MS ?
				WIRE_YES :
				WIRE_NO;
	queue = vnet_steer_queue(rule, frame->head, &port->flow);
	if (!rx_ready(queue))
		return WIRE_NO;
	if (frame->csum_partial)
		return WIRE_FINISHED_ONLY;
	port->picked = queue;
	return WIRE_YES;
}

static void
rx_header(const struct vnet_queue *queue, const void *frame, uint8_t hdr[VNET_HDR_MAX])
{
	memset(hdr, 0, VNET_HDR_MAX);
	if ((queue->features & PRM_VIRTQ_F_GUEST_CSUM) != 0 &&
			vnet_csum_good(frame, &queue->port->flow))
		hdr[0] = HDR_F_DATA_VALID;
	if (queue->hdr_len > HDR_NUM_BUFFERS)
		hdr[HDR_NUM_BUFFERS] = 1;
}

/* Puts a frame into the next chain of a queue that is ready. */
static void
rx_put(struct vnet_queue *queue, const void *frame, size_t len)
{
	struct vq_chain *chain = &queue->port->vnet->rx_chain;
	struct vq_split *ring = &queue->ring;
	struct vq_cursor cursor = { 0 };
	uint8_t hdr[VNET_HDR_MAX];

	if (vq_split_fetch(ring, queue->avail, chain) != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return;
	}
	if (chain->read_len != 0) {
		vnet_queue_fail_for(queue, VNET_ERR_BAD_DESC,
				"readable length of a chain to receive into", chain->read_len);
		return;
	}
	if (chain->write_len < queue->hdr_len + len) {
		queue->stats.dropped_frames++;
		return;
	}
	rx_header(queue, frame, hdr);
	if (vq_chain_write(ring, chain, &cursor, hdr, queue->hdr_len) != VNET_ERR_NONE ||
			vq_chain_write(ring, chain, &cursor, frame, len) != VNET_ERR_NONE) {
		vnet_queue_fail(queue);
		return;
	}
	vnet_queue_complete(queue, chain, (uint32_t)(queue->hdr_len + len));
}

static void
rx_take(void *arg, const struct wire_frame *frame)
{
	struct vnet_port *port = arg;

	assert(frame->nb_body == 0); /* the only sender is vnet_tx.c, which gathers */
	if (port->picked == NULL)
		port->stats.rx_unmatched++;
	else
		rx_put(port->picked, frame->head, frame->len);
}

const struct wire_port_ops vnet_rx_port_ops = {
	.can_take = rx_can_take,
	.take = rx_take,
};
